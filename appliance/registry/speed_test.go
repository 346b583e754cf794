package registry

import "testing"

// BenchmarkRetag is one Get and one Put that moves a tag, all of it durable.
func BenchmarkRetag(b *testing.B) {
	s := open(b, Options{})
	load(b, s, "2048", "v1", "one")
	load(b, s, "2048", "v2", "two")
	for i := 0; b.Loop(); i++ {
		retag(b, s, []string{"v1", "v2"}[i%2])
	}
}

// BenchmarkRetagAgain is the same where the tag is there already.
func BenchmarkRetagAgain(b *testing.B) {
	s := open(b, Options{})
	load(b, s, "2048", "v1", "one")
	retag(b, s, "v1")
	for b.Loop() {
		retag(b, s, "v1")
	}
}

func retag(b *testing.B, s *Store, from string) {
	m, err := s.Get(b.Context(), "2048", from)
	if err == nil {
		err = s.Put(b.Context(), "2048", "prod", m, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
}
