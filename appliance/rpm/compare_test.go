package rpm

import "testing"

// Pairs in the order that rpm gives them, older first.
var ordered = [][2]string{
	{"1.0", "2.0"}, {"2.0", "2.0.1"}, {"2.0.1", "2.0.1a"}, {"5.5p1", "5.5p2"}, {"5.5p1", "5.5p10"}, {"10xyz", "10.1xyz"},
	{"xyz10", "xyz10.1"}, {"xyz.4", "8"}, {"xyz.4", "2"}, {"5.5p2", "5.6p1"}, {"5.6p1", "6.5p1"}, {"6.0", "6.0.rc1"},
	{"10a2", "10b2"}, {"1.0a", "1.0aa"}, {"10.0001", "10.0039"}, {"4.999.9", "5.0"}, {"20101121", "20101122"},
	{"2_0", "2_0a"}, {"a", "1"}, {"a", "a1"}, {"1.a", "1.0"}, {"A", "a"}, {"Z", "a"}, {"", "0"}, {"", "a"},
	{"99999999999999999999", "100000000000000000000"},
	{"1.0~rc1", "1.0"}, {"1.0~rc1", "1.0~rc2"}, {"1.0~rc1~git123", "1.0~rc1"}, {"1.0~~", "1.0~"}, {"~", ""}, {"~1", "a"},
	{"1.0", "1.0^"}, {"1.0", "1.0^git1"}, {"1.0^git1", "1.0^git2"}, {"1.0^git1", "1.01"}, {"1.0^20160101", "1.0.1"},
	{"1.0^20160101", "1.0^20160101^git1"}, {"1.0^20160102", "1.0^20160102^"}, {"1.0^20160101^git1", "1.0^20160102"},
	{"1.0~rc1", "1.0~rc1^git1"}, {"1.0^git1~pre", "1.0^git1"}, {"1.0~rc1^git1", "1.0"}, {"1.0", "1.0^git1~pre"},
	{"1.0^", "1.0.1"}, {"1.0~", "1.0^"}, {"1.0^", "1.0a"},
	{"1b.fc17", "1.fc17"}, {"1.fc17", "1g.fc17"}, {"1.fc17", "11.fc17"},
	{"5.14.0-427.9.1", "5.14.0-427.13.1"}, {"0.9.8zg", "0.9.8zh"}, {"2.4.57", "2.4.62"}, {"1.1.1w", "3.0.7"},
}

// Spellings that rpm takes for the same version.
var equal = [][2]string{
	{"1.0", "1.0"}, {"2.0.1", "2.0.1"}, {"2.0.1a", "2.0.1a"}, {"5.5p10", "5.5p10"}, {"1.05", "1.5"}, {"10.0001", "10.1"},
	{"2_0", "2.0"}, {"2.0", "2_0"}, {"+", "_"}, {"a+", "a_"}, {"+a", "_a"}, {"1.0", "1..0"}, {"1.0.", "1.0"}, {"1.0~rc1", "1.0~rc1"},
	{"1.0^git1", "1.0^git1"}, {"1.ä.1", "1.1"}, {"a.1", "a1"}, {"", ""}, {"00", "0"},
}

func TestCompareVersions(t *testing.T) {
	for _, pair := range ordered {
		if got := compareText(pair[0], pair[1]); got != -1 {
			t.Errorf("%q and %q: %d", pair[0], pair[1], got)
		}
		if got := compareText(pair[1], pair[0]); got != 1 {
			t.Errorf("%q and %q: %d", pair[1], pair[0], got)
		}
	}
	for _, pair := range equal {
		if compareText(pair[0], pair[1]) != 0 || compareText(pair[1], pair[0]) != 0 {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
}

func TestCompareOrdersEpochFirst(t *testing.T) {
	p := func(epoch, version, release string) Package {
		return Package{Name: "p", Epoch: epoch, Version: version, Release: release}
	}
	for _, c := range []struct {
		a, b Package
		want int
	}{
		{p("", "1", "1"), p("0", "1", "1"), 0},
		{p("", "2", "1"), p("1", "1", "1"), -1},
		{p("10", "1", "1"), p("9", "1", "1"), 1},
		{p("1", "1", "2"), p("1", "1", "10"), -1},
		{p("1", "2", "1"), p("1", "1", "10"), 1},
		{p("", "1", ""), p("", "1", "1"), -1},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %d", c.a, c.b, got)
		}
	}
}

func FuzzCompare(f *testing.F) {
	for _, pair := range append(ordered, equal...) {
		f.Add(pair[0], pair[1], pair[0])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, bc, ac := compareText(a, b), compareText(b, c), compareText(a, c)
		if ab != -compareText(b, a) || compareText(a, a) != 0 {
			t.Fatalf("%q and %q: %d, the other way round %d", a, b, ab, compareText(b, a))
		}
		if ab == bc && ac != ab {
			t.Fatalf("%q, %q and %q are in no order: %d %d %d", a, b, c, ab, bc, ac)
		}
		if p, err := Parse(a); err == nil {
			if again, err := Parse(p.String()); err != nil || again.normal() != p.normal() {
				t.Fatalf("%q becomes %q, %v", a, p, err)
			}
		}
	})
}
