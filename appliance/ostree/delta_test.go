package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

func TestDeltas(t *testing.T) {
	r := newRepo(t, Options{})
	if deltas, err := r.Deltas(); err != nil || deltas == nil || len(deltas) > 0 {
		t.Errorf("of an empty repository: %v, %v", deltas, err)
	}
	one := writeTree(t, r, smallTree(nil), "1", "", "a/b")
	two := writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "two"}), "2", one, "a/b")
	writeText(t, r.dir, deltaFolder("", two)+"/superblock", "from nothing")
	writeText(t, r.dir, deltaFolder(one, two)+"/superblock", "from one")
	writeText(t, r.dir, deltaFolder(one, two)+"/0", "a part of it")
	writeText(t, r.dir, deltaFolder("", one)+"/0", "without superblock")
	writeText(t, r.dir, "deltas/xx/not-a-delta/superblock", "foreign")
	got, err := r.Deltas()
	want := []Delta{{"", two, 12}, {one, two, 20}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if err := r.indexDeltas(two); err != nil {
		t.Fatal(err)
	}
	if n := len(readIndex(t, r, two)); n != 2 {
		t.Errorf("%d deltas in the index", n)
	}

	for _, from := range []object.Checksum{one, ""} {
		if err := r.WithdrawDelta(t.Context(), from, two); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(r.dir, deltaFolder(from, two))); err == nil {
			t.Error("the delta is still there")
		}
		data, _ := os.ReadFile(filepath.Join(r.dir, "summary"))
		s, err := object.ParseSummary(data)
		if _, listed := s.Deltas[deltaKey(from, two)]; err != nil || listed {
			t.Errorf("the summary lists it: %v, %v", s.Deltas, err)
		}
		if err := r.WithdrawDelta(t.Context(), from, two); !errors.Is(err, ErrUnknown) {
			t.Errorf("withdrawn again: %v", err)
		}
		if from == one {
			if index := readIndex(t, r, two); len(index) != 1 || index[string(two)] != object.ChecksumOf([]byte("from nothing")) {
				t.Errorf("the index lists %v", index)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(r.dir, deltaIndex(two))); err == nil {
		t.Error("an empty index is left")
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, "tmp", ownPrefix+"*")); len(left) > 0 {
		t.Errorf("left in tmp: %v", left)
	}
}

// readIndex reads the deltas of an index: key -> checksum of the superblock.
func readIndex(t *testing.T, r *Repo, to object.Checksum) map[string]object.Checksum {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, deltaIndex(to)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := gvariant.Parse("a{sv}", data)
	if err != nil {
		t.Fatal(err)
	}
	deltas, ok := v.Lookup("ostree.static-deltas")
	if !ok {
		t.Fatal("the index names no deltas")
	}
	index := map[string]object.Checksum{}
	for _, key := range deltas.Keys() {
		sum, _ := deltas.Lookup(key)
		if index[key], err = object.FromBytes(sum.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	return index
}

func TestMakeDeltaRefuses(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "1", "")
	if _, err := r.MakeDelta(t.Context(), c, c); !errors.Is(err, ErrMismatch) {
		t.Errorf("to itself: %v", err)
	}
	for _, pair := range [][2]object.Checksum{{"", object.ChecksumOf(nil)}, {object.ChecksumOf(nil), c}} {
		if _, err := r.MakeDelta(t.Context(), pair[0], pair[1]); !errors.Is(err, ErrUnknown) {
			t.Errorf("of a commit that is not there: %v", err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := r.MakeDelta(t.Context(), "", c); !errors.Is(err, ErrNoProgram) {
		t.Errorf("without the program: %v", err)
	}
}
