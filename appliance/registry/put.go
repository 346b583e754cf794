package registry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
)

// writing is one manifest on its way into a repository.
type writing struct {
	repository string
	reference  string   // the tag or digest that the manifest is put under
	tags       []string // that name it afterwards
	query      string   // what olareg is to see of the request's
	manifest   Manifest
	condition  condition
	forced     bool // put even what is there already
}

// write puts a manifest, one at a time in a repository, and returns olareg's answer when it is durable and
// recorded. nil is the answer where there was nothing to do.
func (s *Store) write(ctx context.Context, w writing) (*kept, error) {
	needs, err := inspectManifest(&w.manifest)
	if err != nil {
		return nil, err
	}
	l, err := s.claim(w.repository)
	if err != nil {
		return nil, err
	}
	if entries, err := l.entries(); err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	} else if !holds(entries, w.manifest.Digest) {
		if err := l.syncNeeds(needs); err != nil {
			return nil, err
		}
	}
	ctx = context.WithoutCancel(ctx) // from here on it is done or refused, whoever hangs up
	l.writing.Lock()
	defer l.writing.Unlock()
	entries, err := l.entries()
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	moves, err := s.permit(ctx, l, entries, w)
	if err != nil {
		return nil, err
	}
	if len(moves) == 0 && len(w.tags) > 0 && !w.forced {
		return nil, nil
	}
	return s.carryOut(ctx, l, moves, w)
}

// permit lists what the write moves, or refuses all of it.
func (s *Store) permit(ctx context.Context, l *layout, entries []descriptor, w writing) ([]move, error) {
	if len(w.tags) == 0 {
		now := Digest("")
		if holds(entries, w.manifest.Digest) {
			now = w.manifest.Digest
		}
		return nil, w.condition(w.reference, now)
	}
	var moves []move
	for _, tag := range w.tags {
		m := move{tag, named(entries, tag), w.manifest.Digest}
		err := w.condition(tag, m.before)
		if err == nil && m.before != "" && m.before != m.after && s.Immutable(tag) {
			err = frozen(tag, m.before)
		}
		if err != nil {
			s.refused(ctx, l, m, err)
			return nil, err
		}
		if m.before != m.after {
			moves = append(moves, m)
		}
	}
	return moves, nil
}

func frozen(tag string, now Digest) error {
	return refusing(http.StatusConflict, "DENIED", ErrImmutable, "tag %s is immutable and names %s already; push under another tag", tag, now)
}

func (s *Store) carryOut(ctx context.Context, l *layout, moves []move, w writing) (*kept, error) {
	header := http.Header{"Content-Type": {w.manifest.MediaType}}
	answer := s.call(ctx, http.MethodPut, path.Join(w.repository, "manifests", w.reference), w.query, header, w.manifest.Raw)
	if answer.status != http.StatusCreated {
		if answer.status >= http.StatusInternalServerError {
			l.forget()
		}
		return answer, s.afterwards(ctx, l, moves, answer.fault())
	}
	if err := l.settle(w.manifest.Digest); err != nil {
		return nil, s.afterwards(ctx, l, moves, err)
	}
	s.moved(ctx, l, moves)
	return answer, nil
}

// afterwards records those moves of a failed write that are to be seen nevertheless.
func (s *Store) afterwards(ctx context.Context, l *layout, moves []move, failed error) error {
	entries, err := l.entries()
	if err != nil {
		return failed
	}
	var seen []move
	for _, m := range moves {
		if named(entries, m.tag) == m.after {
			seen = append(seen, m)
		}
	}
	s.moved(ctx, l, seen)
	return failed
}

// call asks olareg for something under /v2/, in this process.
func (s *Store) call(ctx context.Context, method, target, query string, header http.Header, body []byte) *kept {
	r := (&http.Request{
		Method: method, URL: &url.URL{Path: "/v2/" + target, RawQuery: query},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: http.NoBody, ContentLength: int64(len(body)),
	}).WithContext(ctx)
	if header == nil {
		r.Header = http.Header{}
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	answer := newKept()
	s.olareg.ServeHTTP(answer, r)
	return answer
}
