package registry

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/appliance/event"
)

func TestPutExpects(t *testing.T) {
	l := event.NewLog(100)
	s := open(t, Options{Events: l})
	one, two := load(t, s, "2048", "v1", "one"), load(t, s, "2048", "v2", "two")
	of := func(d Digest) *Digest { return &d }
	for _, tt := range []struct {
		name, tag string
		m         Manifest
		expect    *Digest
		want      error
	}{
		{"a new tag", "prod", one.index, of(""), nil},
		{"a new tag that is there", "prod", two.index, of(""), ErrPrecondition},
		{"what is there", "prod", two.index, of(one.index.Digest), nil},
		{"what is there no longer", "prod", one.index, of(one.index.Digest), ErrPrecondition},
		{"anything", "prod", one.index, nil, nil},
		{"the same again", "prod", one.index, nil, nil},
		{"the same again, expecting another", "prod", one.index, of(two.index.Digest), ErrPrecondition},
		{"a tag that is not there", "new", one.index, of(one.index.Digest), ErrPrecondition},
		{"a child", "amd64", one.children[0], nil, nil},
		{"an immutable tag", "v1", two.index, nil, ErrImmutable},
		{"an immutable tag, the same again", "v1", one.index, nil, nil},
		{"a tag with a slash", "a/b", one.index, nil, ErrInvalidName},
		{"other bytes", "prod", Manifest{Digest: one.index.Digest, MediaType: typeIndex, Raw: two.index.Raw}, nil, ErrManifest},
		{"no digest", "prod", Manifest{MediaType: typeIndex, Raw: two.index.Raw}, nil, ErrInvalidName},
		{"a part that is missing", "prod", paint("three").index, nil, ErrManifest},
		{"an unknown type", "prod", manifestOf("text/plain", 1), nil, ErrManifest},
		{"a malformed type", "prod", manifestOf("text/plain", map[string]any{}), nil, ErrManifest},
	} {
		if err := s.Put(t.Context(), "2048", tt.tag, tt.m, tt.expect); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if err := s.Put(t.Context(), "Not A Name", "prod", one.index, nil); !errors.Is(err, ErrInvalidName) {
		t.Errorf("a malformed repository: %v", err)
	}
	if moved, refused := record(l, "tag.moved"), record(l, "tag.refused"); len(moved) != 6 || len(refused) != 5 {
		t.Errorf("moved %q\nrefused %q", moved, refused)
	}
}

func TestUnknown(t *testing.T) {
	s := open(t, Options{})
	load(t, s, "2048", "v1", "one")
	_, unknownTag := s.Get(t.Context(), "2048", "nope")
	_, unknownDigest := s.Head(t.Context(), "2048", "sha256:"+someDigits)
	_, unknownRepository := s.Get(t.Context(), "nope", "v1")
	_, unknownTags := s.Tags(t.Context(), "nope")
	_, unknownBlob := s.Blob(t.Context(), "2048", "sha256:"+someDigits, 1)
	for _, err := range []error{unknownTag, unknownDigest, unknownRepository, unknownTags, unknownBlob} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", err)
		}
	}
	_, badTag := s.Get(t.Context(), "2048", "a/b")
	_, badRepository := s.Get(t.Context(), "../2048", "v1")
	_, badDigest := s.Blob(t.Context(), "2048", "sha256:../x", 1)
	for _, err := range []error{badTag, badRepository, badDigest} {
		if !errors.Is(err, ErrInvalidName) && !errors.Is(err, ErrUnknown) {
			t.Errorf("%v, want ErrInvalidName", err)
		}
	}
	if len(s.layouts) != 1 {
		t.Errorf("%d repositories are remembered, want the one that exists", len(s.layouts))
	}
}

// Sixteen writers move one tag, each only from where it saw it, and make tags of their own. Every move
// happens exactly once, and the last digest is where the chain of moves ends.
func TestWritersAtOnce(t *testing.T) {
	dir, l := t.TempDir(), event.NewLog(10000)
	s := open(t, Options{Dir: dir, Events: l, Immutable: []string{}})
	var pictures []picture
	for i := range 4 {
		pictures = append(pictures, load(t, s, "2048", fmt.Sprint("v", i), fmt.Sprint("picture ", i)))
	}
	if err := s.Put(t.Context(), "2048", "prod", pictures[0].index, nil); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	var won, lost atomic.Int64
	for n := range 16 {
		writers.Go(func() {
			for i := range 6 {
				m := pictures[(n+i)%len(pictures)].index
				if err := s.Put(t.Context(), "2048", fmt.Sprintf("own-%d-%d", n, i), m, nil); err != nil {
					t.Error(err)
				}
				now, err := s.Head(t.Context(), "2048", "prod")
				if err != nil {
					t.Error(err)
					continue
				}
				switch err := s.Put(t.Context(), "2048", "prod", m, &now.Digest); {
				case err == nil && now.Digest != m.Digest:
					won.Add(1)
				case errors.Is(err, ErrPrecondition):
					lost.Add(1)
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	at := Digest("none")
	var moves int64 = -1
	for _, e := range l.Since(0) {
		var before, arrow, after string
		if e.Subject == "2048:prod" && e.Kind == "tag.moved" {
			if _, err := fmt.Sscan(e.Message, &before, &arrow, &after); err != nil || Digest(before) != at {
				t.Errorf("a move from %s, but prod was at %s", before, at)
			}
			at = Digest(after)
			moves++
		}
	}
	if moves != won.Load() || won.Load() == 0 {
		t.Errorf("%d moves, %d writers won and %d lost", moves, won.Load(), lost.Load())
	}
	again := open(t, Options{Dir: dir})
	if tags, err := again.Tags(t.Context(), "2048"); err != nil || len(tags) != 4+1+16*6 || names(t, again, "2048", "prod") != at {
		t.Errorf("after a restart: %d tags, prod at %s, want %d and %s (%v)", len(tags), names(t, again, "2048", "prod"), 4+1+16*6, at, err)
	}
}

func TestCollectSparesWhatIsNamed(t *testing.T) {
	s := open(t, Options{})
	one, two := load(t, s, "2048", "prod", "one"), load(t, s, "2048", "other", "two")
	if err := s.Put(t.Context(), "2048", "prod", two.index, nil); err != nil { // one has no tag now, and may be wanted back
		t.Fatal(err)
	}
	gone := load(t, s, "2048", "old", "three")
	w := ask(t, s, "DELETE", "/v2/2048/manifests/"+string(gone.index.Digest), "", "Authorization", basic("x", password))
	for _, c := range gone.children {
		w = ask(t, s, "DELETE", "/v2/2048/manifests/"+string(c.Digest), "", "Authorization", basic("x", password))
	}
	if w.Code != 202 {
		t.Fatalf("DELETE = %d %s", w.Code, w.Body)
	}
	l, err := s.find("2048")
	if err != nil {
		t.Fatal(err)
	}
	here := func(p picture) (n int) {
		all := []Digest{p.index.Digest, p.children[0].Digest, p.children[1].Digest}
		for d := range p.blobs {
			all = append(all, d)
		}
		for _, d := range all {
			if _, err := os.Stat(l.blob(d)); err == nil {
				n++
			}
		}
		return n
	}
	s.clean(t.Context(), time.Now().Add(-time.Hour))
	if here(gone) != 7 {
		t.Errorf("%d of 7 young parts are left", here(gone))
	}
	s.clean(t.Context(), time.Now().Add(time.Hour))
	if here(one) != 7 || here(two) != 7 || here(gone) != 0 {
		t.Errorf("collected: %d of 7 without a tag left, %d of 7 with one, %d of 0 deleted", here(one), here(two), here(gone))
	}
	// A manifest that cannot be read now must not let go of what it needs.
	file := l.blob(two.children[0].Digest)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := l.collect(time.Now().Add(time.Hour)); err == nil {
		t.Error("collecting beside an unreadable manifest succeeds")
	}
	if here(two) != 7 { // the folder in the manifest's place counts
		t.Errorf("%d of 7 are left beside an unreadable manifest", here(two))
	}
}

func TestIdleUploadsEnd(t *testing.T) {
	s := open(t, Options{MaxUpload: 10})
	push := basic("x", password)
	start := func() string {
		w := ask(t, s, "POST", "/v2/2048/blobs/uploads/", "", "Authorization", push)
		if w.Code != 202 {
			t.Fatalf("POST = %d %s", w.Code, w.Body)
		}
		return w.Header().Get("Location")
	}
	files := func() int {
		list, _ := os.ReadDir(filepath.Join(s.o.Dir, "2048", uploads))
		return len(list)
	}
	first, second := start(), start()
	if files() != 2 {
		t.Fatalf("%d uploads, want 2", files())
	}
	w := ask(t, s, "PATCH", first, "12345", "Authorization", push)
	first = w.Header().Get("Location")
	if w.Code != 202 {
		t.Fatalf("PATCH = %d %s", w.Code, w.Body)
	}
	if w := ask(t, s, "PATCH", first, "678901", "Authorization", push); w.Code != 413 || files() != 1 {
		t.Errorf("a chunk beyond the limit: %d %s, %d uploads", w.Code, w.Body, files())
	}
	for _, target := range []string{start(), "/v2/2048/blobs/uploads/?digest=" + string(digestOf([]byte("12345678901")))} {
		r := httptest.NewRequest("PATCH", target, io.MultiReader(strings.NewReader("123456"), strings.NewReader("78901"))) // no length is known
		r.Header.Set("Authorization", push)
		if strings.Contains(target, "digest") {
			r.Method = "POST"
		}
		if w := answered(s, r); w.Code != 413 || files() != 1 {
			t.Errorf("a stream beyond the limit: %d %s, %d uploads", w.Code, w.Body, files())
		}
	}
	s.clean(t.Context(), time.Now().Add(time.Hour))
	if files() != 0 || len(s.sessions.last) != 0 {
		t.Errorf("%d idle uploads and %d sessions are left", files(), len(s.sessions.last))
	}
	if w := ask(t, s, "PATCH", second, "1", "Authorization", push); w.Code != 400 || len(s.sessions.last) != 1 {
		t.Errorf("going on with an upload that ended: %d %s", w.Code, w.Body)
	}
}
