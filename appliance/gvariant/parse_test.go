package gvariant

import (
	"errors"
	"strings"
	"testing"
)

// The forms of the specification's examples, and of the smallest values.
var goldens = []struct{ typ, data string }{
	{"s", "hello world\x00"},
	{"ms", "hello world\x00\x00"},
	{"ms", ""},
	{"my", "\x05"},
	{"my", ""},
	{"ab", "\x01\x00\x00\x01\x01"},
	{"(si)", "foo\x00\xff\xff\xff\xff\x04"},
	{"a(si)", "hi\x00\x00\xfe\xff\xff\xff\x03\x00\x00\x00bye\x00\xff\xff\xff\xff\x04\x09\x15"},
	{"as", "i\x00can\x00has\x00strings?\x00\x02\x06\x0a\x13"},
	{"((ys)as)", "ican\x00has\x00strings?\x00\x04\x0d\x05"},
	{"a(iy)", "\x60\x00\x00\x00\x70\x00\x00\x00\x88\x02\x00\x00\xf7\x00\x00\x00"},
	{"ai", "\x04\x00\x00\x00\x02\x01\x00\x00"},
	{"{si}", "a key\x00\x00\x00\x02\x02\x00\x00\x06"},
	{"()", "\x00"},
	{"a()", "\x00\x00\x00"},
	{"as", ""},
	{"ay", "anything"},
	{"(ay)", ""},
	{"(ayay)", "\x00"},
	{"(ty)", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x00\x00\x00\x00\x00\x00\x00"},
	{"(yt)", "\x09\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08"},
	{"v", "\x07\x00y"},
	{"v", "\x00\x00()"},
	{"v", "text\x00\x00s"},
	{"a{sv}", "k\x00\x00\x00\x00\x00\x00\x00\x07\x00y\x02\x0c"},
	{"aas", "\x00"},
	{"aas", "\x00\x00"},
	{"ao", "/\x00/a/b_1\x00\x02\x09"},
	{"(gd)", "a{sv}(ii)\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x0a"},
	{"mmy", "\x01\x00"},
	{"mmy", "\x00"},
}

func TestParseGolden(t *testing.T) {
	for _, g := range goldens {
		v, err := Parse(g.typ, []byte(g.data))
		if err != nil {
			t.Errorf("%s %q: %v", g.typ, g.data, err)
			continue
		}
		if again := rebuild(v); string(again) != g.data {
			t.Errorf("%s %q is rebuilt as %q", g.typ, g.data, again)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ why, typ, data string }{
		{"too short", "u", "\x00\x00\x00"},
		{"too long", "u", "\x00\x00\x00\x00\x00"},
		{"no unit", "()", ""},
		{"unit not zero", "()", "\x01"},
		{"boolean 2", "b", "\x02"},
		{"boolean 2 in an array", "ab", "\x00\x02"},
		{"boolean 2 in fixed tuples", "a(yb)", "\x00\x01\x00\x02"},
		{"empty string", "s", ""},
		{"no NUL", "s", "abc"},
		{"NUL inside", "s", "a\x00b\x00"},
		{"no UTF-8", "s", "\xff\x00"},
		{"no path", "o", "a\x00"},
		{"path with a slash behind", "o", "/a/\x00"},
		{"path with two slashes", "o", "/a//b\x00"},
		{"path with a dot", "o", "/a.b\x00"},
		{"empty path", "o", "\x00"},
		{"signature with maybe", "g", "ms\x00"},
		{"signature cut short", "g", "a\x00"},
		{"signature with a variant key", "g", "a{vs}\x00"},
		{"array of uneven size", "au", "\x00\x00\x00\x00\x00"},
		{"offset behind the end", "as", "a\x00\x03"},
		{"offset at the end", "as", "a\x00\x02\x03"},
		{"offsets go back", "as", "a\x00b\x00\x04\x02\x04"},
		{"string without bytes", "as", "\x00"},
		{"offset into the table", "aas", "\x00\x01"},
		{"last offset misplaced", "as", "a\x00b\x00\x02\x03"},
		{"wide offsets", "as", "a\x00" + strings.Repeat("\x00", 254) + "\x02\x00"},
		{"tuple without table", "(ss)", ""},
		{"tuple with a table too short", "(ayayay)", "\x00"},
		{"tuple offset behind the table", "(ayay)", "a\x02"},
		{"tuple ends before its table", "(ayu)", "\x00\x00\x00\x00\x00\x00"},
		{"tuple padding", "(yu)", "\x01\x00\x01\x00\x02\x00\x00\x00"},
		{"tuple padding at the end", "(uy)", "\x01\x00\x00\x00\x02\x00\x00\x01"},
		{"array padding", "a(si)", "hi\x00\x01\xfe\xff\xff\xff\x03\x09"},
		{"maybe with two", "my", "\x01\x02"},
		{"maybe without zero", "ms", "a\x00\x01"},
		{"empty variant", "v", ""},
		{"variant without type", "v", "\x00"},
		{"variant without NUL", "v", "y"},
		{"variant of two types", "v", "\x01\x00yy"},
		{"variant of no definite type", "v", "\x01\x00*"},
		{"variant with a wrong value", "v", "\x01\x02\x00y"},
		{"variant of a long type", "v", "\x00\x00(" + strings.Repeat("y", 300) + ")"},
		{"variant of a deep type", "v", "\x00" + strings.Repeat("a", 40) + "y"},
	} {
		if _, err := Parse(c.typ, []byte(c.data)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %s %q: %v", c.why, c.typ, c.data, err)
		}
	}
}

func TestParseDepth(t *testing.T) {
	v := Byte(1)
	for range maxVariantDepth {
		v = Variant(v)
	}
	if _, err := Parse("v", v.Data()); err != nil {
		t.Errorf("%d variants: %v", maxVariantDepth, err)
	}
	if _, err := Parse("v", Variant(v).Data()); !errors.Is(err, ErrMalformed) {
		t.Errorf("%d variants: %v", maxVariantDepth+1, err)
	}
}

func TestTypeOfTheProgramPanics(t *testing.T) {
	for _, typ := range []string{"", "a", "m", "(", ")", "{sv", "{vs}", "{s}", "{sss}", "yy", "z", "?", "r", "a*", "(y", "(y}", "{}"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("type %q did not panic", typ)
				}
			}()
			_, _ = Parse(typ, nil)
		}()
	}
}

func FuzzParse(f *testing.F) {
	types := []string{"v", "a{sv}", "as", "aay", "(a{sv}aya(say)sstayay)", "(a(say)a(sayay))", "(uuua(ayay))",
		"(a(s(taya{sv}))a{sv})", "(ybnqiuxtdhsog)", "mmv", "a(ymsab)", "a{os}", "(mt(yt)mg)", "av"}
	for _, g := range goldens {
		for i := range types {
			f.Add(uint8(i), []byte(g.data))
		}
	}
	f.Add(uint8(1), Dict(Entry{"version", Str("9.4")}, Entry{"x", Tuple(Uint64(1), Bool(true))}).Data())
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		typ := types[int(which)%len(types)]
		v, err := Parse(typ, data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if again := rebuild(v); string(again) != string(data) {
			t.Fatalf("%s %q is rebuilt as %q", typ, data, again)
		}
	})
}
