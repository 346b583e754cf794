package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edge/appliance/event"
	"edge/appliance/image"
	"edge/appliance/registry"
	"edge/embedded"
)

// newReal is a shelf of the sample apps over the embedded registry, in a folder of its own.
func newReal(t testing.TB, dir string) (*Shelf, *registry.Store) {
	t.Helper()
	events := event.NewLog(1000)
	store, err := registry.Open(registry.Options{Dir: filepath.Join(dir, "registry"), Token: "secret", Events: events})
	if err != nil {
		t.Fatal(err)
	}
	images, aliases, err := image.Samples(embedded.Apps())
	if err != nil {
		t.Fatal(err)
	}
	if err := SeedSamples(t.Context(), store, images, aliases); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Apps: Samples(), Store: store, Events: events, History: filepath.Join(dir, "apps.jsonl")})
	if err != nil {
		t.Fatal(err)
	}
	return s, store
}

func closeReal(t testing.TB, s *Shelf, store *registry.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// The whole of it over the real thing, through a restart.
func TestEmbeddedRegistry(t *testing.T) {
	dir := t.TempDir()
	s, store := newReal(t, dir)
	tags, err := s.Tags(t.Context(), "2048")
	if err != nil || len(tags) != 5 || tags[0].Name != "prod" || !slices.Contains(tags[0].SameAs, "v1") || !tags[1].Immutable || tags[0].Created == nil ||
		!slices.Equal(tags[0].Platforms, []string{"linux/amd64", "linux/arm64"}) || tags[0].Size < 1<<20 {
		t.Fatalf("tags = %+v, %v", tags, err)
	}
	v1, v2 := tags[1].Digest, tags[2].Digest
	m, err := s.Retag(t.Context(), "2048", Retagging{From: "v2", Expect: v1})
	if err != nil || m.Before != v1 || m.After != v2 || !m.Exact {
		t.Fatalf("Retag = %+v, %v", m, err)
	}
	_, err = s.Retag(t.Context(), "2048", Retagging{From: "v1", To: "v2"})
	wants(t, err, registry.ErrImmutable)
	_, err = s.Retag(t.Context(), "2048", Retagging{From: "v9"})
	wants(t, err, registry.ErrUnknown)
	closeReal(t, s, store)

	s, store = newReal(t, dir)
	defer closeReal(t, s, store)
	moved, err := store.Get(t.Context(), "2048", "prod")
	if err != nil || moved.Digest != v2 || !strings.Contains(string(moved.Raw), "arm64") {
		t.Errorf("prod = %s after a restart, %v", moved.Digest, err)
	}
	if m, err := s.Undo(t.Context(), "2048", "", false); err != nil || m.After != v1 {
		t.Errorf("Undo = %+v, %v", m, err)
	}
	if moves, err := s.History(t.Context(), "2048"); err != nil || len(moves) != 2 {
		t.Errorf("History = %+v, %v", moves, err)
	}
	if all, err := s.AllTags(t.Context(), "2048"); err != nil || len(all) != 6 {
		t.Errorf("all tags = %+v, %v", all, err)
	}
}

func BenchmarkRetag(b *testing.B) {
	s, store := newReal(b, b.TempDir())
	defer closeReal(b, s, store)
	from := []string{"v2", "v3"}
	for i := 0; b.Loop(); i++ {
		if _, err := s.Retag(b.Context(), "2048", Retagging{From: from[i%2]}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRetagToWhereItIs(b *testing.B) {
	s, store := newReal(b, b.TempDir())
	defer closeReal(b, s, store)
	for b.Loop() {
		if _, err := s.Retag(b.Context(), "2048", Retagging{From: "v1"}); err != nil {
			b.Fatal(err)
		}
	}
}
