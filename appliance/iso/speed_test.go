package iso

import (
	"strconv"
	"testing"
)

// One more device: menus, tail, media check. The rest of what a first byte takes is the kickstart and HTTP.
func BenchmarkDevice(b *testing.B) {
	s, _ := newShelf(b, nil)
	if _, err := s.Add(b.Context(), Adding{From: stockFile(b, "rhel10")}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.Build(b.Context(), "demo", Building{}); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		r, err := s.Open(b.Context(), "demo", "", "edge-"+strconv.Itoa(n))
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
