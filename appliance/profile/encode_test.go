package profile

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

func TestEncode(t *testing.T) {
	p, err := Parse(readFile(t, "testdata/full.toml"), "full.toml")
	if err != nil {
		t.Fatal(err)
	}
	got := Encode(p)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("testdata/encoded.toml", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFile(t, "testdata/encoded.toml"); string(got) != string(want) {
		t.Errorf("Encode =\n%s\nwant\n%s", got, want)
	}
	again, err := Parse(got, "encoded.toml")
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("Parse(Encode(p)) = %+v, %v\nwant %+v", again, err, p)
	}
}

// strangers finds control characters in any text of v, wherever it is.
func strangers(v reflect.Value, where string) string {
	switch v.Kind() {
	case reflect.String:
		if strings.ContainsFunc(v.String(), func(r rune) bool { return unicode.IsControl(r) && !(r == '\n' && where == ".Registry.CA") }) {
			return where
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if at := strangers(v.Field(i), where+"."+v.Type().Field(i).Name); at != "" {
				return at
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at := strangers(v.Index(i), where+"[]"); at != "" {
				return at
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if at := strangers(it.Key(), where+" key") + strangers(it.Value(), where+"[]"); at != "" {
				return at
			}
		}
	}
	return ""
}

// Whatever Parse takes is written so that it is the same again, and holds no text that could begin a
// line of its own somewhere.
func FuzzParse(f *testing.F) {
	f.Add(readFile(f, "testdata/full.toml"))
	f.Add([]byte(one + "cold = true\nvolumes = ['a:/b']\nenv = {A = '$x %n \\', B = ''}\nprobe = {path = ''}\n[host]\njournal = ''\n"))
	f.Add([]byte("user = \"a\"\n[[check]]\nname = 'c'\nkind = 'command'\ncommand = ['sh', '-c', '\"\\u0009']\n"))
	f.Add([]byte("user = \"a\"\n[os]\nupdates = 'window'\nwindow = 'Mon-Fri 22:00-04:00 UTC'\nevery = '90m'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data, "x")
		if err != nil {
			return
		}
		if at := strangers(reflect.ValueOf(p), ""); at != "" {
			t.Errorf("%q has control characters in %s", data, at)
		}
		out := Encode(p)
		again, err := Parse(out, "y")
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%q\nbecomes %+v\nwritten as\n%s\nwhich is %+v, %v", data, p, out, again, err)
		}
		for _, a := range p.Apps {
			if a.Cold != (a.Inner != 0) || a.Port < 1024 || strings.Contains(a.Image, "@") {
				t.Errorf("%q has the app %+v", data, a)
			}
		}
	})
}
