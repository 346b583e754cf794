package registry

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"edge/appliance/event"
)

// ServeHTTP answers /v2/: anonymous pull, push with the token as password. Whatever moves a tag goes
// through write and remove, as in-process calls do.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	if err := s.serve(w, r); err != nil {
		s.answer(w, r, err)
	}
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == tokenPath {
		return s.handToken(w, r)
	}
	to, err := parseRoute(r.Method, r.URL.Path)
	if err != nil {
		return err
	}
	if err := s.admit(w, r, to); err != nil {
		return err
	}
	if event.Actor(r.Context()) == "" {
		r = r.WithContext(event.WithActor(r.Context(), client(r)))
	}
	switch {
	case to.kind == ping:
		s.olareg.ServeHTTP(w, r)
		return nil
	case to.kind == catalog:
		return s.catalog(w, r)
	case to.kind == startUpload || to.kind == upload:
		return s.upload(w, r, to)
	case !to.writes:
		return s.read(w, r, to)
	case to.kind == blobs:
		return sent(w)(s.removeBlob(r.Context(), to.repository, Digest(to.reference)))
	case r.Method == http.MethodDelete:
		return sent(w)(s.remove(r.Context(), to.repository, to.reference, conditionOf(r.Header)))
	}
	return s.push(w, r, to)
}

// sent passes on what olareg answered, unless it refused: then the error says so.
func sent(w http.ResponseWriter) func(*kept, error) error {
	return func(answer *kept, err error) error {
		if answer != nil {
			answer.send(w)
			return nil
		}
		return err
	}
}

// read serves what is there. olareg remembers every repository it is asked for, so it is asked only for
// those that exist.
func (s *Store) read(w http.ResponseWriter, r *http.Request, to route) error {
	l, err := s.find(to.repository)
	if errors.Is(err, ErrUnknown) && to.kind == referrers {
		w.Header().Set("Content-Type", typeIndex)
		_, _ = w.Write([]byte(`{"schemaVersion":2,"mediaType":"` + typeIndex + `","manifests":[]}`))
		return nil
	}
	if err != nil {
		return err
	}
	if to.kind == blobs {
		w.Header().Set("ETag", `"`+to.reference+`"`) // so that a broken download goes on where it ended
		if s.mayPush(r, to.repository) {
			l.touch(Digest(to.reference))
		}
	}
	s.olareg.ServeHTTP(w, r)
	return nil
}

// push puts a manifest from a client.
func (s *Store) push(w http.ResponseWriter, r *http.Request, to route) error {
	m, err := readManifest(w, r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	wr := writing{repository: to.repository, reference: to.reference, manifest: m, condition: conditionOf(r.Header), forced: true}
	asked := query.Get("digest")
	if _, err := ParseDigest(to.reference); err == nil {
		asked, wr.tags = to.reference, query["tag"]
	} else if wr.tags = []string{to.reference}; len(query["tag"]) > 0 {
		return refusing(http.StatusBadRequest, "UNSUPPORTED", nil, "tags in the query need a digest in the path")
	}
	for _, tag := range wr.tags {
		if _, err := ParseTag(tag); err != nil {
			return refusing(http.StatusBadRequest, "TAG_INVALID", ErrInvalidName, "%v", err)
		}
	}
	if wr.manifest.Digest = digestOf(m.Raw); asked != "" {
		if wr.manifest.Digest, err = ParseDigest(asked); err != nil || !wr.manifest.Digest.matches(m.Raw) {
			return refusing(http.StatusBadRequest, "DIGEST_INVALID", ErrManifest, "the manifest has other content than %s", clip(asked))
		}
	}
	wr.query = url.Values{"digest": {string(wr.manifest.Digest)}, "tag": query["tag"]}.Encode()
	return sent(w)(s.write(r.Context(), wr))
}

// catalog lists the repositories, as Docker's registries do; the OCI specification has no such list.
func (s *Store) catalog(w http.ResponseWriter, r *http.Request) error {
	names, err := s.Repositories(r.Context())
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string][]string{"repositories": names})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
	return nil
}

// client is who sent r, for the audit file: its address and what it calls itself.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	agent := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.UserAgent(), ""))
	return strings.TrimSpace(host + " " + clip(agent))
}
