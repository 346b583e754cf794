package probe

import (
	"strings"
	"testing"
)

func TestFromURL(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:8081/":         "http://127.0.0.1:8081/",
		"http://example.org":             "http://example.org:80/",
		"https://example.org/a?b=c":      "https://example.org:443/a?b=c",
		"http://[::1]:8080/x%20y":        "http://[::1]:8080/x%20y",
		"http://example.org/#part":       "http://example.org:80/",
		"ftp://example.org/":             "! must begin with http:// or https://",
		"example.org":                    "! must begin with",
		"http:///path":                   "! names no host",
		"http:opaque":                    "! names no host",
		"http://user:secret@example.org": "! leave out the user name",
		"http://example.org:x/":          "! invalid port",
	} {
		got, err := FromURL(text)
		if fault, refused := strings.CutPrefix(want, "! "); refused {
			if err == nil || !strings.Contains(err.Error(), fault) || strings.Contains(err.Error(), "secret") {
				t.Errorf("FromURL(%q) = %v, %v, want %q", text, got, err, fault)
			}
		} else if err != nil || got.String() != want {
			t.Errorf("FromURL(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
}

// Whatever a profile says, the target is refused or can be asked.
func FuzzFromURL(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1:8081/", "https://example.org/a?b=c#d", "http://[::1", "http://a:99999/", "http://a b/", "//x", "http://\x00/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := FromURL(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(target.Path, "/") && target.Path != "*" {
			t.Errorf("FromURL(%q) has the path %q", text, target.Path)
		}
		if strings.ContainsAny(target.String(), "\r\n\x00") {
			t.Errorf("FromURL(%q) = %q", text, target)
		}
	})
}
