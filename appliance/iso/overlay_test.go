package iso

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

func TestOverlayReads(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	base := make([]byte, 10_000)
	for i := range base {
		base[i] = byte(random.Uint32())
	}
	patches := []Patch{{9_990, []byte("to the end")}, {0, []byte("from the beginning")}, {500, bytes.Repeat([]byte("x"), 700)}, {1200, []byte("right behind")}}
	want := bytes.Clone(base)
	for _, p := range patches {
		copy(want[p.Offset:], p.Data)
	}
	o, err := newOverlay("0000", int64(len(base)), patches)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "base")
	if err := os.WriteFile(file, base, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(o, f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := iotest.TestReader(r.ReadSeeker, want); err != nil {
		t.Error(err)
	}
	for range 500 {
		at, n := random.Int64N(10_000), random.Int64N(3_000)
		end := min(at+n, 10_000)
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		got, err := r.CopyTo(&out, n)
		here, _ := r.Seek(0, io.SeekCurrent)
		if err != nil || got != end-at || !bytes.Equal(out.Bytes(), want[at:end]) || here != end {
			t.Fatalf("copying %d at %d: %d bytes, now at %d, %v", n, at, got, here, err)
		}
	}
	if n, err := r.ReadAt(make([]byte, 5), 10_000); n != 0 || err != io.EOF {
		t.Error(n, err)
	}
	if o.Bytes() != 10+18+700+12 {
		t.Error(o.Bytes())
	}
}

// A base that became shorter is noticed, at the latest when what is missing is read.
func TestOverlayOverShortBase(t *testing.T) {
	o, _ := newOverlay("0000", 100, nil)
	if _, err := (over{o, bytes.NewReader(make([]byte, 50))}).ReadAt(make([]byte, 100), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	f, err := os.CreateTemp(t.TempDir(), "base")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewReader(o, f); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
}

func TestOverlayRefusesNonsense(t *testing.T) {
	for _, patches := range [][]Patch{
		{{-1, []byte("x")}}, {{99, []byte("xx")}}, {{0, nil}}, {{5, []byte("xxx")}, {7, []byte("y")}},
	} {
		if _, err := newOverlay("0000", 100, patches); !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: %v", patches, err)
		}
	}
}

// An ETag is another one where any byte is.
func TestETag(t *testing.T) {
	tags := map[string]bool{}
	for _, o := range []Overlay{
		{Base: "a", Size: 9}, {Base: "b", Size: 9}, {Base: "a", Size: 8},
		{Base: "a", Size: 9, Patches: []Patch{{1, []byte("xy")}}}, {Base: "a", Size: 9, Patches: []Patch{{2, []byte("xy")}}},
		{Base: "a", Size: 9, Patches: []Patch{{1, []byte("x")}, {2, []byte("y")}}},
	} {
		tags[o.ETag()] = true
	}
	if len(tags) != 6 {
		t.Errorf("%d different tags of 6", len(tags))
	}
}
