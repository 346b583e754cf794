package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"edge/appliance/event"
)

const password = "s3cret-token"

// open opens a store in dir, or in a folder of its own.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Token = password
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// serving serves a store on the loopback interface and gives its HOST:PORT.
func serving(t testing.TB, s *Store) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// picture is an image for two platforms, the same for the same seed.
type picture struct {
	index    Manifest
	children []Manifest
	blobs    map[Digest][]byte
}

func manifestOf(mediaType string, doc any) Manifest {
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return Manifest{Digest: digestOf(raw), MediaType: mediaType, Raw: raw, Size: int64(len(raw))}
}

// archive is a tar with one file.
func archive(name, content string) string {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return out.String()
}

func paint(seed string) picture {
	p := picture{blobs: map[Digest][]byte{}}
	blob := func(mediaType, content string) map[string]any {
		d := digestOf([]byte(content))
		p.blobs[d] = []byte(content)
		return map[string]any{"mediaType": mediaType, "digest": d, "size": len(content)}
	}
	var list []any
	for _, arch := range []string{"amd64", "arm64"} {
		layer := archive("content", seed+" for "+arch+"\n")
		c := manifestOf(typeImage, map[string]any{
			"schemaVersion": 2, "mediaType": typeImage,
			"config": blob("application/vnd.oci.image.config.v1+json", fmt.Sprintf(
				`{"architecture":%q,"os":"linux","rootfs":{"type":"layers","diff_ids":[%q]}}`, arch, digestOf([]byte(layer)))),
			"layers": []any{blob("application/vnd.oci.image.layer.v1.tar", layer)},
		})
		p.children = append(p.children, c)
		list = append(list, map[string]any{"mediaType": typeImage, "digest": c.Digest, "size": c.Size,
			"platform": map[string]string{"architecture": arch, "os": "linux"}})
	}
	p.index = manifestOf(typeIndex, map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": list})
	return p
}

// load puts a picture under a tag.
func load(t testing.TB, s *Store, repository, tag, seed string) picture {
	t.Helper()
	p := paint(seed)
	if written, err := s.Load(t.Context(), repository, tag, p.index, p.blobs, p.children); err != nil || !written {
		t.Fatalf("Load(%s:%s) = %v, %v", repository, tag, written, err)
	}
	return p
}

func names(t testing.TB, s *Store, repository, tag string) Digest {
	t.Helper()
	m, err := s.Head(t.Context(), repository, tag)
	if err != nil {
		t.Fatalf("Head(%s:%s): %v", repository, tag, err)
	}
	return m.Digest
}

func peers(t *testing.T) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
}

func TestStoreKeepsBytesAndRestarts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	p := load(t, s, "someone/2048", "v1", "one")
	if written, err := s.Load(t.Context(), "someone/2048", "v1", paint("other").index, nil, nil); written || err != nil {
		t.Errorf("loading over a tag = %v, %v, want it left alone", written, err)
	}
	for _, s := range []*Store{s, open(t, Options{Dir: dir})} {
		m, err := s.Get(t.Context(), "someone/2048", "v1")
		if err != nil || !bytes.Equal(m.Raw, p.index.Raw) || m.Digest != p.index.Digest || m.MediaType != typeIndex || m.Size != p.index.Size {
			t.Errorf("Get = %+v, %v", m, err)
		}
		if child, err := s.Get(t.Context(), "someone/2048", string(p.children[1].Digest)); err != nil || !bytes.Equal(child.Raw, p.children[1].Raw) {
			t.Errorf("Get of a child = %+v, %v", child, err)
		}
		for d, want := range p.blobs {
			if data, err := s.Blob(t.Context(), "someone/2048", d, 2048); err != nil || !bytes.Equal(data, want) {
				t.Errorf("Blob = %q, %v", data, err)
			}
		}
		repositories, err := s.Repositories(t.Context())
		if err != nil || fmt.Sprint(repositories) != "[someone/2048]" {
			t.Errorf("Repositories = %v, %v", repositories, err)
		}
		tags, err := s.Tags(t.Context(), "someone/2048")
		if err != nil || fmt.Sprint(tags) != "[v1]" {
			t.Errorf("Tags = %v, %v", tags, err)
		}
		if size, err := s.Size(); err != nil || size < 1000 || size > 20000 {
			t.Errorf("Size = %d, %v", size, err)
		}
	}
}

// record is what a log has of one kind, "subject message outcome actor" each.
func record(l *event.Log, kind string) []string {
	var out []string
	for _, e := range l.Since(0) {
		if e.Kind == kind {
			out = append(out, strings.Join(strings.Fields(strings.Join([]string{e.Subject, e.Message, e.Outcome, e.Actor}, " ")), " "))
		}
	}
	return out
}

func as(t testing.TB, actor string) context.Context { return event.WithActor(t.Context(), actor) }

func requestFrom(remote string) *http.Request {
	r := httptest.NewRequest("GET", "/v2/", nil)
	r.RemoteAddr = remote
	return r
}

func answered(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
