package iso

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A custom ISO is the stock one but for its menus, its roots, its padding and its media check; it is read as an ISO
// that passes its check and starts the same from everywhere.
func TestCustom(t *testing.T) {
	for _, layout := range layouts {
		for mode, r := range map[string]Recipe{
			"kickstart": {Kickstart: []byte("text\nreboot\n"), CA: []byte("certificate\n"), Options: Options{Console: "ttyS0", FIPS: true}},
			"kargs":     {URL: "http://builder.example:8080/demo/kickstart.ks?device=a&b=c"},
		} {
			data := stock(t, layout)
			b := surveyed(t, data)
			own := custom(t, bytes.Clone(data), r)
			report, err := Inspect(t.Context(), bytes.NewReader(own), int64(len(own)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if report.Check != Passes || report.Product != b.Product {
				t.Errorf("%s, %s: media check %s, product %q", layout, mode, report.Check, report.Product)
			}
			for _, s := range report.Starts {
				if s.Differ || !strings.HasSuffix(s.Entry, titleEnd) || !strings.Contains(s.Command, "inst.ks=") || strings.Contains(s.Command, "rd.live.check") {
					t.Errorf("%s, %s: %s from %s starts %q with %q", layout, mode, s.Firmware, s.Medium, s.Entry, s.Command)
				}
			}
			c, err := Compare(t.Context(), bytes.NewReader(data), bytes.NewReader(own), int64(len(data)), int64(len(own)), nil)
			if err != nil {
				t.Fatal(err)
			}
			allowed := []Extent{{sealOffset, sealLength}}
			if mode == "kickstart" {
				allowed = append(allowed, b.Padding)
				for _, root := range b.Roots {
					allowed = append(allowed, root.At)
				}
			}
			for _, m := range b.Menus {
				allowed = append(allowed, m.Extents...)
			}
			for _, e := range c.Ranges {
				if !slices.ContainsFunc(allowed, func(a Extent) bool { return a.Offset <= e.Offset && e.End() <= a.End() }) {
					t.Errorf("%s, %s: bytes %d to %d were changed", layout, mode, e.Offset, e.End())
				}
			}
			if len(c.Menus) != len(b.Menus) || !strings.Contains(c.Menus[0].Diff, "+") {
				t.Errorf("%s, %s: %d menus changed, of %d", layout, mode, len(c.Menus), len(b.Menus))
			}
		}
	}
}

// Images of one base differ from each other in their kickstart and the check only, so they share its checkpoint.
func TestVariants(t *testing.T) {
	b := surveyed(t, stock(t, "rhel10"))
	variant := func(r Recipe) string {
		p, err := b.plan(r)
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.variant(b)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one := variant(Recipe{Kickstart: []byte("# one\n")})
	if other := variant(Recipe{Kickstart: bytes.Repeat([]byte("# another\n"), 5000)}); other != one {
		t.Error("two kickstarts make two variants")
	}
	for name, r := range map[string]Recipe{
		"options": {Kickstart: []byte("# one\n"), Options: Options{Text: true}}, "URL": {URL: "http://builder/"}, "a long kickstart": {Kickstart: make([]byte, tailStep)},
	} {
		if variant(r) == one {
			t.Errorf("%s: makes no other variant", name)
		}
	}
}

func TestPlanRefusals(t *testing.T) {
	b := surveyed(t, stock(t, "rhel10"))
	for name, c := range map[string]struct {
		r     Recipe
		cause error
	}{
		"nothing":             {Recipe{}, ErrInvalid},
		"a URL with a quote":  {Recipe{URL: "http://b/'x"}, ErrInvalid},
		"a URL with a space":  {Recipe{URL: "http://b/ x"}, ErrInvalid},
		"too large":           {Recipe{Kickstart: make([]byte, 400<<10)}, ErrNoRoom},
		"too long a line":     {Recipe{URL: "http://b/" + strings.Repeat("x", 2100)}, ErrInvalid},
		"no room in the menu": {Recipe{URL: "http://b/" + strings.Repeat("x", 1300)}, ErrNoRoom},
		"a bad option":        {Recipe{URL: "http://b/", Options: Options{Console: "x"}}, ErrInvalid},
	} {
		if _, err := b.plan(c.r); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
