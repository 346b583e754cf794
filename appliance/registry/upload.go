package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"
)

var errTooLarge = errors.New("upload is too large")

// sessions are the uploads that have begun. olareg could end idle ones itself, but then takes two locks in
// both orders; it is told to keep them all, and the collector cancels those that nobody continues.
type sessions struct {
	mu   sync.Mutex
	last map[string]session // by number
}

type session struct {
	repository string
	used       time.Time
	busy       bool
}

func (s *sessions) note(number, repository string, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[number] = session{repository, time.Now(), busy}
}

func (s *sessions) forget(number string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, number)
}

// idle takes out the sessions that nobody used since.
func (s *sessions) idle(since time.Time) map[string]session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]session{}
	for number, one := range s.last {
		if !one.busy && one.used.Before(since) {
			out[number] = one
			delete(s.last, number)
		}
	}
	return out
}

// upload takes blobs: whole, in one stream, or in chunks.
func (s *Store) upload(w http.ResponseWriter, r *http.Request, to route) error {
	left := s.o.MaxUpload - offset(r.URL.Query().Get("state"))
	body := &bounded{r: r.Body, left: left}
	if r.ContentLength > left {
		if to.kind == upload {
			s.cancel(r.Context(), to.reference, to.repository)
		}
		return s.tooLarge(w)
	}
	r = r.WithContext(r.Context()) // a copy
	r.Body = body
	var answer *kept
	if to.kind == startUpload {
		answer = s.start(r, &to)
	} else {
		answer = s.proceed(r, to)
	}
	if body.over {
		s.cancel(r.Context(), to.reference, to.repository)
		return s.tooLarge(w)
	}
	answer.send(w)
	return nil
}

// start begins an upload. One that has all its content in the request is begun and then put, so that it
// can be cancelled when the content does not arrive.
func (s *Store) start(r *http.Request, to *route) *kept {
	query := r.URL.Query()
	digest, err := ParseDigest(query.Get("digest"))
	if l, claimed := s.claim(to.repository); claimed == nil {
		if mount, err := ParseDigest(query.Get("mount")); err == nil {
			l.touch(mount)
		}
		if err == nil && l.touch(digest) { // olareg says so without reading the content
			return s.call(r.Context(), r.Method, to.repository+"/blobs/uploads/", url.Values{"digest": {string(digest)}}.Encode(), nil, nil)
		}
	}
	if _, err := s.find(query.Get("from")); err != nil {
		query.Del("from")
	}
	whole := err == nil && query.Get("mount") == ""
	if whole {
		algorithm, _ := digest.split()
		query = url.Values{"digest-algorithm": {algorithm}}
	}
	answer := s.call(r.Context(), r.Method, to.repository+"/blobs/uploads/", query.Encode(), r.Header.Clone(), nil)
	location, err := url.Parse(answer.header.Get("Location"))
	if answer.status != http.StatusAccepted || err != nil {
		return answer
	}
	to.reference = path.Base(location.Path)
	s.sessions.note(to.reference, to.repository, false)
	if !whole {
		return answer
	}
	query = location.Query()
	query.Set("digest", string(digest))
	r.Method, r.URL = http.MethodPut, &url.URL{Path: location.Path, RawQuery: query.Encode()}
	return s.proceed(r, *to)
}

// proceed hands a request about a session that has begun to olareg.
func (s *Store) proceed(r *http.Request, to route) *kept {
	s.sessions.note(to.reference, to.repository, true)
	answer := newKept()
	s.olareg.ServeHTTP(answer, r)
	if answer.status == http.StatusCreated || r.Method == http.MethodDelete {
		s.sessions.forget(to.reference)
	} else {
		s.sessions.note(to.reference, to.repository, false)
	}
	return answer
}

func (s *Store) cancel(ctx context.Context, number, repository string) {
	s.sessions.forget(number)
	s.call(context.WithoutCancel(ctx), http.MethodDelete, path.Join(repository, "blobs/uploads", number), "", nil, nil)
}

func (s *Store) tooLarge(w http.ResponseWriter) error {
	w.Header().Set("Connection", "close")
	return refusing(http.StatusRequestEntityTooLarge, "SIZE_INVALID", nil, "a blob may have %d bytes", s.o.MaxUpload)
}

// offset is how much of an upload is here, as olareg keeps it in the address that it gives to the client.
// olareg refuses a request whose address says something else than is true.
func offset(state string) int64 {
	var at struct{ Offset int64 }
	data, err := base64.RawURLEncoding.DecodeString(state)
	if err != nil || json.Unmarshal(data, &at) != nil {
		return 0
	}
	return max(at.Offset, 0)
}

// bounded is a body that ends with an error where it is too long.
type bounded struct {
	r    io.ReadCloser
	left int64
	over bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		b.over = true
		return 0, errTooLarge
	}
	return n, err
}

func (b *bounded) Close() error { return b.r.Close() }
