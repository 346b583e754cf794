package release

import (
	"errors"
	"slices"
	"testing"

	"edge/appliance/object"
	"edge/appliance/ostree"
)

func TestDetail(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	d, err := s.Detail(t.Context(), demo("0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	version := slices.IndexFunc(d.Metadata, func(m object.Told) bool { return m.Key == "version" })
	if d.Release.Commit != s.get(demo("0.0.2")).Commit || d.Tree == "" || d.Meta == "" || version < 0 || d.Metadata[version].Text != "0.0.2" {
		t.Errorf("%+v", d)
	}
	if d.Documents == nil || len(d.Documents) > 0 {
		t.Errorf("documents %q of a release that came in an archive", d.Documents)
	}
	if err := writeDocuments(s.documents(demo("0.0.2")), map[string][]byte{"b": nil, "a": nil}); err != nil {
		t.Fatal(err)
	}
	if d, err = s.Detail(t.Context(), demo("0.0.2")); err != nil || !slices.Equal(d.Documents, []string{"a", "b"}) {
		t.Errorf("documents %q, %v", d.Documents, err)
	}
	if _, err := s.Detail(t.Context(), demo("9.9.9")); !errors.Is(err, ErrUnknown) {
		t.Errorf("detail of nothing: %v", err)
	}
}

// TestDiffFilesOfListed compares files although both commits list their packages.
func TestDiffFilesOfListed(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	d, err := s.DiffFiles(t.Context(), demo("").Blueprint, "0.0.1", "0.0.2")
	if err != nil || d.Basis != ByFiles || d.FromName != "demo_upgrade@0.0.1" || d.ToName != "demo_upgrade@0.0.2" {
		t.Fatalf("%+v, %v", d, err)
	}
	for _, want := range []ostree.FileChange{{Path: "/usr/bin/git", Change: "removed"}, {Path: "/usr/bin/zsh", Change: "added"}} {
		if !slices.Contains(d.Files, want) {
			t.Errorf("%+v is not in %+v", want, d.Files)
		}
	}
	if same, err := s.DiffFiles(t.Context(), demo("").Blueprint, "0.0.2", "0.0.2"); err != nil || len(same.Files) > 0 {
		t.Errorf("a release differs from itself: %+v, %v", same.Files, err)
	}
	if _, err := s.DiffFiles(t.Context(), demo("").Blueprint, "0.0.1", "9.9.9"); !errors.Is(err, ErrUnknown) {
		t.Errorf("files of nothing: %v", err)
	}
}
