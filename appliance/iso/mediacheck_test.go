package iso

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// The check that we work out is the one that implantisomd5 has put into the stock images.
func TestMediaCheckIsThatOfIsomd5sum(t *testing.T) {
	for _, layout := range layouts {
		data := stock(t, layout)
		b := surveyed(t, data)
		k := newChecker(b.Volume)
		if err := k.run(t.Context(), bytes.NewReader(data), b.Volume, nil); err != nil {
			t.Fatal(err)
		}
		if got := k.seal(true); got != *b.Seal || !bytes.Equal(got.bytes(), data[sealOffset:sealOffset+sealLength]) {
			t.Errorf("%s: %+v, not %+v", layout, got, *b.Seal)
		}
	}
}

// A check that goes on from a checkpoint ends as one that went through.
func TestMediaCheckResumes(t *testing.T) {
	data := stock(t, "rhel10")
	b := surveyed(t, data)
	for _, stop := range []int64{0, hashedAtOnce, 7 * hashedAtOnce, 31 * hashedAtOnce} {
		k := newChecker(b.Volume)
		if err := k.run(t.Context(), bytes.NewReader(data), stop, nil); err != nil {
			t.Fatal(err)
		}
		c, err := k.checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		again, err := resume(b.Volume, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.run(t.Context(), bytes.NewReader(data), b.Volume, nil); err != nil {
			t.Fatal(err)
		}
		if got := again.seal(true); got != *b.Seal {
			t.Errorf("from byte %d: %+v", stop, got)
		}
	}
	for _, broken := range []Checkpoint{{Offset: 5}, {Offset: -hashedAtOnce}, {Offset: 1 << 50}, {Offset: 0, State: []byte("x")}, {Fragments: strings.Repeat("0", 61)}} {
		if _, err := resume(b.Volume, broken); err == nil {
			t.Errorf("resumes from %+v", broken)
		}
	}
}

func TestMediaCheckEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newChecker(1<<20).run(ctx, bytes.NewReader(make([]byte, 1<<20)), 1<<20, nil); err == nil {
		t.Error("a check that was stopped succeeds")
	}
	if err := newChecker(1<<20).run(t.Context(), bytes.NewReader(nil), 1<<20, nil); err == nil {
		t.Error("a check of nothing succeeds")
	}
}

func FuzzSeal(f *testing.F) {
	f.Add(stock(f, "rhel9")[sealOffset : sealOffset+sealLength])
	f.Add([]byte("ISO MD5SUM = ;SKIPSECTORS = 15"))
	f.Fuzz(func(t *testing.T, area []byte) {
		s, err := readSeal(area)
		if err != nil || s == nil {
			return
		}
		again, err := readSeal(s.bytes())
		if err != nil || *again != *s || len(s.bytes()) != sealLength {
			t.Errorf("%+v reads back as %+v, %v", s, again, err)
		}
	})
}
