package unit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"edge/appliance/profile"
)

// hostile are texts that mean something to somebody on the way.
var hostile = []string{
	"", " ", "  x  ", "a b", "$HOME", "${HOME}", "$$", "$", "%h", "%%", "%", "100%", `\`, `a\`, `\\`, `"`, `"; rm -rf / #`, `'`, "`id`",
	"$(id)", "; /bin/sh", ";", "|", "&&", "#x", ";x", "-v", "--privileged", "=", "a=b", "[Service]", "~", "*", "é ü 漢", "\u2028",
	"a\nExecStart=/bin/sh", "a\r", "\x00", "\t", "\x7f", "\u0085", "\xff", strings.Repeat("x", longest), strings.Repeat("x", longest+1),
	"0", "x9", "httpd", "app1-proxy", "../../etc/passwd", "/../x", "a:b:c", "a,b", "{}", "<x>", "!x", "@x", "+x", ":x", "\\x41", "\\n",
}

// A text is refused, or one word that is the text.
func TestTextIsOneWord(t *testing.T) {
	for _, s := range hostile {
		checkWord(t, s)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkWord(t, s) })
}

func checkWord(t *testing.T, s string) {
	t.Helper()
	q, err := text(s).quoted()
	if err != nil {
		if !errors.Is(err, profile.ErrInvalid) {
			t.Errorf("%.60q: %v", s, err)
		}
		return
	}
	all, err := readUnit("[Service]\nExecStart=/bin/a \\\n    -x " + q + " \\\n    y\n")
	if err != nil || len(all) != 1 {
		t.Fatalf("%.60q: %q, %v", s, all, err)
	}
	got, err := world{}.argv(all[0].value)
	if want := []string{"/bin/a", "-x", s, "y"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%.60q became %.200q, %v", s, got, err)
	}
}

// What no unit can hold is refused and not repaired.
func TestTextRefused(t *testing.T) {
	for _, s := range []string{"a\nb", "\x00", "\r", "\x1b[31m", "\xff\xfe", strings.Repeat("x", longest+1)} {
		if q, err := text(s).quoted(); err == nil {
			t.Errorf("%.40q was written as %.60q", s, q)
		}
	}
}
