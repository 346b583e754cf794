package gvariant

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Around these sizes the framing offsets grow by one width.
func TestOffsetWidths(t *testing.T) {
	for _, c := range []struct{ length, size int }{
		{0, 2}, {252, 254}, {253, 255}, {254, 257}, {255, 258}, {256, 259},
		{65531, 65534}, {65532, 65535}, {65533, 65538}, {65534, 65539}, {65535, 65540}, {65536, 65541},
	} {
		s := strings.Repeat("x", c.length)
		array := Array("s", Str(s))
		tuple := Tuple(Str(s), Bytes(nil))
		for _, v := range []Value{array, tuple} {
			if len(v.Data()) != c.size {
				t.Errorf("%s of %d characters has %d bytes, want %d", v.Type(), c.length, len(v.Data()), c.size)
			}
			parsed, err := Parse(v.Type(), v.Data())
			if err != nil {
				t.Errorf("%s of %d characters: %v", v.Type(), c.length, err)
			} else if parsed.At(0).Str() != s {
				t.Errorf("%s of %d characters is read wrongly", v.Type(), c.length)
			}
		}
	}
}

// Many small elements: it is the table that makes the container large.
func TestOffsetWidthsByTable(t *testing.T) {
	for _, count := range []int{84, 85, 86, 126, 127, 128, 129, 254, 255, 256, 13106, 13107, 13108, 16383, 16384, 21845, 40000} {
		elements := make([]Value, count)
		for i := range elements {
			elements[i] = Bytes([]byte(fmt.Sprint(i % 7)))
		}
		v, err := Parse("aay", Array("ay", elements...).Data())
		if err != nil {
			t.Errorf("%d elements: %v", count, err)
			continue
		}
		if v.Len() != count || string(v.At(count-1).Bytes()) != fmt.Sprint((count-1)%7) {
			t.Errorf("%d elements are read as %d", count, v.Len())
		}
	}
}

func TestBuildGolden(t *testing.T) {
	for _, c := range []struct {
		v         Value
		typ, data string
	}{
		{Value{}, "()", "\x00"},
		{Tuple(), "()", "\x00"},
		{Tuple(Value{}, Byte(1)), "(()y)", "\x00\x01"},
		{Dict(), "a{sv}", ""},
		{Array("(say)"), "a(say)", ""},
		{Uint32(0x01020304), "u", "\x04\x03\x02\x01"},
		{Uint64(1), "t", "\x01\x00\x00\x00\x00\x00\x00\x00"},
		{Variant(Bytes([]byte("x"))), "v", "x\x00ay"},
		{Array("as", Array("s"), Array("s", Str("a"))), "aas", "a\x00\x02\x00\x03"},
		{Dict(Entry{"k", Byte(7)}), "a{sv}", "k\x00\x00\x00\x00\x00\x00\x00\x07\x00y\x02\x0c"},
		{Tuple(Str("foo"), Uint32(1)), "(su)", "foo\x00\x01\x00\x00\x00\x04"},
	} {
		if c.v.Type() != c.typ || string(c.v.Data()) != c.data {
			t.Errorf("got %s %q, want %s %q", c.v.Type(), c.v.Data(), c.typ, c.data)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	for name, misuse := range map[string]func(){
		"string with a NUL":      func() { Str("a\x00") },
		"string that is no text": func() { Str("\xff") },
		"array of others":        func() { Array("s", Byte(1)) },
		"number as text":         func() { Byte(1).Str() },
		"text as number":         func() { Str("a").Uint32() },
		"text as container":      func() { Str("a").Len() },
		"tuple as dictionary":    func() { Value{}.Lookup("a") },
		"behind the end":         func() { Tuple(Byte(1)).At(1) },
		"before the start":       func() { Tuple(Byte(1)).At(-1) },
		"no variant":             func() { Byte(1).Unwrap() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			misuse()
		}()
	}
}

func TestDictionary(t *testing.T) {
	d := Dict(Entry{"version", Str("9.4")}, Entry{"odd", Tuple(Uint64(1), Bool(true))}, Entry{"last", Variant(Byte(1))})
	if v, ok := d.Lookup("version"); !ok || v.Str() != "9.4" {
		t.Errorf("version: %v, %v", v, ok)
	}
	if _, ok := d.Lookup("versio"); ok {
		t.Error("found a key that is not there")
	}
	longer := d.Set("version", Str("0.0.2 and much more text"))
	if got := strings.Join(longer.Keys(), " "); got != "version odd last" {
		t.Errorf("keys after Set: %s", got)
	}
	for i := 1; i < 3; i++ {
		if !bytes.Equal(d.At(i).Data(), longer.At(i).Data()) {
			t.Errorf("entry %d changed", i)
		}
	}
	if back := longer.Set("version", Str("9.4")); !bytes.Equal(back.Data(), d.Data()) {
		t.Error("setting the old value does not give the old bytes")
	}
	if got := strings.Join(d.Set("new", Byte(1)).Delete("odd").Keys(), " "); got != "version last new" {
		t.Errorf("keys after Set and Delete: %s", got)
	}
	if got := d.Delete("version").Delete("odd").Delete("last"); len(got.Data()) != 0 {
		t.Errorf("all entries deleted: %q", got.Data())
	}
}

// A key that is there twice must not keep an old value for other readers.
func TestDictionaryWithAKeyTwice(t *testing.T) {
	d := Dict(Entry{"k", Byte(1)}, Entry{"other", Byte(2)}, Entry{"k", Byte(3)})
	if v, _ := d.Lookup("k"); v.Byte() != 1 {
		t.Errorf("found %d", v.Byte())
	}
	if got := d.Set("k", Byte(4)); strings.Join(got.Keys(), " ") != "k other" {
		t.Errorf("keys after Set: %q", got.Keys())
	}
	if got := d.Delete("k"); strings.Join(got.Keys(), " ") != "other" {
		t.Errorf("keys after Delete: %q", got.Keys())
	}
}

func BenchmarkParse(b *testing.B) {
	elements := make([]Value, 20000)
	for i := range elements {
		elements[i] = Tuple(Str(fmt.Sprintf("file%05d", i)), Bytes(make([]byte, 32)))
	}
	data := Tuple(Array("(say)", elements...), Array("(sayay)")).Data()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		v, err := Parse("(a(say)a(sayay))", data)
		if err != nil {
			b.Fatal(err)
		}
		files := v.At(0)
		for i := range files.Len() {
			_ = files.At(i).At(1).Bytes()
		}
	}
}
