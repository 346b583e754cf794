package health

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func checkLine(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxReason || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("reason %q", text)
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":                        "plain",
		" two\n\tlines \r\n":           "two lines",
		"\x1b[31mred\x1b[0m":           "[31mred[0m",
		"bad \xff byte":                "bad byte",
		"left\u202eright\u0000":        "leftright",
		strings.Repeat("é", maxReason): strings.Repeat("é", maxReason),
		strings.Repeat("x", 10000):     strings.Repeat("x", maxReason-1) + "…",
	} {
		got := reason(errors.New(text))
		if got != want {
			t.Errorf("reason(%q) = %q, want %q", text, got, want)
		}
		checkLine(t, got)
	}
	if got := reason(nil); got != "" {
		t.Errorf("reason(nil) = %q", got)
	}
}

func FuzzReason(f *testing.F) {
	f.Add("status 503")
	f.Add("\x1b]0;title\x07\u202e\xc3")
	f.Fuzz(func(t *testing.T, text string) { checkLine(t, oneLine(text)) })
}
