package release

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	d, err := s.Diff(t.Context(), demo("0.0.1"), demo("0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Basis != ByPackages || d.FromName != "demo_upgrade@0.0.1" || d.ToName != "demo_upgrade@0.0.2" {
		t.Errorf("%+v", d)
	}
	var got []string
	for _, p := range d.Packages.Removed {
		got = append(got, "removed "+p.String())
	}
	for _, p := range d.Packages.Added {
		got = append(got, "added "+p.String())
	}
	golden, err := os.ReadFile("testdata/demo-diff.txt")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Split(strings.TrimSpace(string(golden)), "\n"); !slices.Equal(got, want) {
		t.Errorf("differs by %q, want %q", got, want)
	}
	if len(d.Packages.Removed) != 55 || len(d.Packages.Added) != 1 || len(d.Packages.Upgraded)+len(d.Packages.Downgraded) != 0 {
		t.Errorf("%d removed, %d added", len(d.Packages.Removed), len(d.Packages.Added))
	}
}

// TestDiffFiles compares commits of which one lists no packages.
func TestDiffFiles(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := plain(s.clock())
	s.importing(demo("0.0.1"), c)
	c.unlisted = true
	c.files["os-release"] = "ID=test\n"
	if r := s.importing(demo("0.0.2"), c); r.Packages != -1 {
		t.Errorf("%d packages of an unlisted commit", r.Packages)
	}
	d, err := s.Diff(t.Context(), demo("0.0.1"), demo("0.0.2"))
	want := []ostree.FileChange{{Path: "/usr/lib/os-release", Change: "added"}}
	if err != nil || d.Basis != ByFiles || d.Packages != nil || !slices.Equal(d.Files, want) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := s.Packages(t.Context(), demo("0.0.2")); !errors.Is(err, ErrUnknown) {
		t.Errorf("packages of an unlisted commit: %v", err)
	}
	other := blueprint.ID{Blueprint: "other", Version: "0.0.1"}
	s.importing(other, c)
	if _, err := s.Diff(t.Context(), other, demo("0.0.1")); !errors.Is(err, ostree.ErrMismatch) {
		t.Errorf("files of two blueprints: %v", err)
	}
}
