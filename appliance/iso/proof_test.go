package iso

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A proof says of an image what a comparison of its every byte does, and it is not an empty one.
func TestProof(t *testing.T) {
	s, _ := newShelf(t, nil)
	file := stockFile(t, "rhel9")
	if _, err := s.Add(t.Context(), Adding{From: file}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{ModeKargs, ModeKickstart} {
		if _, err := s.Build(t.Context(), "demo", Building{Mode: mode, Options: &Options{Console: "ttyS0"}}); err != nil {
			t.Fatal(err)
		}
		p, err := s.Prove(t.Context(), "demo", DefaultName, "")
		if err != nil {
			t.Fatal(err)
		}
		own := content(t, s, "demo", DefaultName, "")
		want, err := Compare(t.Context(), bytes.NewReader(before), bytes.NewReader(own), int64(len(before)), int64(len(own)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p.Changes, *want) {
			t.Errorf("mode %s: the proof has %+v, a comparison %+v", mode, p.Changes, *want)
		}
		if p.File != file || p.Size != int64(len(before)) || p.Bytes == 0 || len(p.Ranges) < 3 || len(p.Menus) == 0 || !strings.Contains(p.Menus[0].Diff, "+") {
			t.Errorf("mode %s: %+v", mode, p)
		}
	}
	if _, err := s.Prove(t.Context(), "demo", "nothing", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("of no image: %v", err)
	}
	if err := os.Truncate(file, int64(len(before)/2)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prove(t.Context(), "demo", DefaultName, ""); !errors.Is(err, ErrChanged) {
		t.Errorf("over a base that was cut: %v", err)
	}
}

// A check reads what machines get: it passes, and does not where the base's bytes rotted under the same date.
func TestCheckOfAnImage(t *testing.T) {
	s, _ := newShelf(t, nil)
	file := stockFile(t, "rhel9")
	if _, err := s.Add(t.Context(), Adding{From: file}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{"", "edge-7"} {
		image := DefaultName
		if device != "" {
			image = ""
		}
		r, err := s.Check(t.Context(), "demo", image, device)
		if err != nil || r.Check != Passes || !slices.ContainsFunc(r.Starts, func(s Start) bool { return strings.Contains(s.Command, "inst.ks=") }) {
			t.Errorf("device %q: %+v, %v", device, r, err)
		}
	}
	rot(t, file)
	if r, err := s.Check(t.Context(), "demo", DefaultName, ""); err != nil || r.Check != Fails {
		t.Errorf("a rotten base: %s, %v", r.Check, err)
	}
	if _, err := s.Check(t.Context(), "demo", "nothing", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("of no image: %v", err)
	}
}

// rot changes a byte of the base's file system that no menu is in, and nothing of what the shelf looks at.
func rot(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const behind = 15 * sectorSize // a reserved sector, before the descriptors
	if _, err := f.WriteAt([]byte{0x55}, behind+100); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}
