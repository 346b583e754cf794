package unit

import (
	"errors"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]Version{
		"4.3.1": {4, 3}, "podman version 5.8.2": {5, 8}, "4.9.4-rhel": {4, 9}, "4.4": {4, 4}, "6.0-dev": {6, 0}, "6.0.0-dev\n": {6, 0},
	} {
		if got, err := ParseVersion(s); got != want || err != nil {
			t.Errorf("%q is %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "4", "x.y", "4.", ".4", "-4.3", "4.-3", "99999.1", "4 .3", strings.Repeat("1", 300)} {
		if got, err := ParseVersion(s); err == nil {
			t.Errorf("%.20q was read as %v", s, got)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("podman version 4.9.4-rhel")
	f.Add("4.")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVersion(s)
		if err == nil && (v.Major < 0 || v.Minor < 0) {
			t.Errorf("%q is %v", s, v)
		}
	})
}

func TestParseStyle(t *testing.T) {
	for s, want := range map[string]Style{"": Plain, "plain": Plain, "quadlet": Quadlet} {
		if got, err := ParseStyle(s); got != want || err != nil {
			t.Errorf("%q is %q, %v", s, got, err)
		}
	}
	if got, err := ParseStyle("Quadlet"); err == nil {
		t.Errorf("read %q", got)
	}
}

// Quadlet is refused where podman or this device cannot have it, with what can be done.
func TestStyleNotPossible(t *testing.T) {
	p := quadlets()
	for name, o := range map[string]Options{
		"old podman":       with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{4, 3} }),
		"unknown podman":   with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{} }),
		"home not known":   with(func(o *Options) { o.Style, o.Podman, o.Home = Quadlet, Version{4, 5}, "" }),
		"user not known":   with(func(o *Options) { o.Style, o.Podman, o.UID = Quadlet, Version{5, 0}, 0 }),
		"no such style":    with(func(o *Options) { o.Style = "docker" }),
		"a volume it cuts": with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{5, 0} }),
	} {
		q := p
		if name == "a volume it cuts" {
			q = full()
		}
		if _, err := Entries(q, o); !errors.Is(err, ErrStyle) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
