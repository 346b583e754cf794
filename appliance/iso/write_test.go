package iso

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestCopyAndVerify(t *testing.T) {
	data := bytes.Repeat([]byte("block"), 1<<20)
	f, err := os.Create(filepath.Join(t.TempDir(), "stick"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := int64(0)
	sum, err := Copy(t.Context(), f, bytes.NewReader(data), int64(len(data)), func(done int64) { last = done })
	if err != nil || last != int64(len(data)) {
		t.Fatal(last, err)
	}
	if err := Verify(t.Context(), f, int64(len(data)), sum, nil); err != nil {
		t.Error(err)
	}
	if _, err := f.WriteAt([]byte("X"), 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := Verify(t.Context(), f, int64(len(data)), sum, nil); !errors.Is(err, ErrVerify) {
		t.Errorf("a stick that lost a byte: %v", err)
	}
	if _, err := Copy(t.Context(), io.Discard, bytes.NewReader(data[:99]), int64(len(data)), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an image that ends early: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Copy(ctx, io.Discard, bytes.NewReader(data), int64(len(data)), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Where blocks cannot be shared nothing is written; where they can, the file is the image.
func TestClone(t *testing.T) {
	s, _ := newShelf(t, nil)
	if _, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel9")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Fatal(err)
	}
	o, b, err := s.Patches(t.Context(), "demo", "boot", "")
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.Open(b.File)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	to := filepath.Join(filepath.Dir(b.File), "clone.iso")
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cloned, err := Clone(f, base, o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if want := content(t, s, "demo", "boot", ""); cloned && !bytes.Equal(got, want) || !cloned && len(got) != 0 {
		t.Errorf("cloned %v: %d bytes", cloned, len(got))
	}
	if _, err := Clone(f, base, &Overlay{Size: 5}); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
}

// What is no disk is not written to.
func TestOpenDevice(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir()), "/dev/null"} {
		if _, err := OpenDevice(path); !errors.Is(err, ErrNoDevice) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := OpenDevice("/dev/there-is-none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
