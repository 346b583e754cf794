package podman

import (
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	for text, want := range map[string]Reference{
		"builder.example:8080/2048:prod":    {"builder.example:8080", "2048", "prod"},
		"quay.io/team/web/front-end:v1.2_x": {"quay.io", "team/web/front-end", "v1.2_x"},
		"localhost/a:b":                     {"localhost", "a", "b"},
		"192.0.2.7:5000/a__b.c:d":           {"192.0.2.7:5000", "a__b.c", "d"},
		"[2001:db8::1]:5000/a:b":            {"[2001:db8::1]:5000", "a", "b"},
		"2048:prod":                         {},
		"nginx/web:prod":                    {}, // on whichever registry
		"quay.io/web":                       {},
		"quay.io/web:":                      {},
		"quay.io/:prod":                     {},
		"quay.io/Web:prod":                  {},
		"quay.io/../web:prod":               {},
		"quay.io/web:prod@sha256:" + strings.Repeat("0", 64): {},
		"quay.io/web:pr od":     {},
		"user@quay.io/web:prod": {},
		"quay.io/web:prod?x":    {},
		"":                      {},
	} {
		got, err := ParseReference(text)
		if got != want || (err == nil) != (want != Reference{}) {
			t.Errorf("ParseReference(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if at := (Reference{"quay.io", "web", "prod"}).At(v1Index); at != "quay.io/web@"+v1Index {
		t.Errorf("At = %q", at)
	}
}

// A reference reads as it is written, and nothing in it leaves its place in a URL or in an argument.
func FuzzParseReference(f *testing.F) {
	for _, text := range []string{"builder.example:8080/2048:prod", "[::1]:5000/a/b:c", "-v.x/a:b", "a.b/c:d@e", "a.b/c/../d:e"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseReference(text)
		if err != nil {
			return
		}
		if r.String() != text || strings.HasPrefix(text, "-") || strings.ContainsAny(text, " \t\n\"'$%?#@\\") || strings.Contains(text, "..") && strings.Contains(r.Repository, "..") {
			t.Errorf("%q is read as %+v", text, r)
		}
	})
}
