package health

import (
	"strings"
	"unicode"
)

// maxReason is the length of a reason in characters. It is shown in a line and travels in a report.
const maxReason = 200

// reason is an error as one printable, bounded line: programs and servers of strangers have a say in it.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}

func oneLine(text string) string {
	if len(text) > 16*maxReason {
		text = text[:16*maxReason]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxReason {
		return string(runes[:maxReason-1]) + "…"
	}
	return text
}
