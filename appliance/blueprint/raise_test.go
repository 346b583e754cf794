package blueprint

import (
	"errors"
	"testing"
)

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		last, given Version
		by          Raise
		want        Version // "": refused
	}{
		{"", "", "", "0.0.1"}, {"", "0.0.1", "", "0.0.1"}, {"", "3.2.1", "", "3.2.1"}, {"", "0.0.0", "", "0.0.0"},
		{"", "", Minor, "0.1.0"}, {"", "0.0.1", Major, "1.0.0"}, {"", "2.0.0", Major, "2.0.0"},
		{"0.0.1", "", "", "0.0.2"}, {"0.0.1", "0.0.1", "", "0.0.2"}, {"0.0.1", "0.0.2", "", "0.0.2"}, {"0.0.1", "0.0.9", "", "0.0.9"},
		{"0.0.2", "0.0.1", "", ""}, {"1.0.0", "0.9.9", "", ""},
		{"0.0.9", "0.0.9", "", "0.0.10"}, {"0.9.9", "", "", "0.9.10"},
		{"0.1.2", "0.1.2", Patch, "0.1.3"}, {"0.1.2", "0.1.1", Patch, "0.1.3"}, {"0.1.2", "0.2.0", Patch, "0.2.0"},
		{"0.1.2", "0.1.2", Minor, "0.2.0"}, {"0.1.2", "0.1.3", Minor, "0.2.0"}, {"0.1.2", "0.3.0", Minor, "0.3.0"}, {"0.1.2", "0.0.1", Minor, "0.2.0"},
		{"0.1.2", "", Major, "1.0.0"}, {"0.1.2", "1.2.3", Major, "1.2.3"},
		{"0.0.999999999", "", "", ""},
	} {
		got, err := Next(tt.last, tt.given, tt.by)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("Next(%q, %q, %q) = %q, %v, want %q", tt.last, tt.given, tt.by, got, err, tt.want)
		}
	}
	if _, err := Next("0.0.2", "0.0.1", ""); !errors.Is(err, ErrVersion) {
		t.Errorf("%v", err)
	}
}

// What comes next is above what was last, and not below what was given.
func FuzzNext(f *testing.F) {
	f.Add("0.0.1", "0.0.2", "")
	f.Add("", "1.0.0", "major")
	f.Fuzz(func(t *testing.T, last, given, by string) {
		l, err1 := ParseVersion(last)
		g, err2 := ParseVersion(given)
		r, err3 := ParseRaise(by)
		if err1 != nil && last != "" || err2 != nil && given != "" || err3 != nil {
			return
		}
		v, err := Next(l, g, r)
		if err != nil {
			return
		}
		if l != "" && v.Compare(l) <= 0 || g != "" && v.Compare(g) < 0 {
			t.Errorf("after %q, given %q: %q", l, g, v)
		}
	})
}
