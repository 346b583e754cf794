package rpm

import (
	"cmp"
	"strings"
)

// Compare orders by epoch, version and release as rpm's rpmvercmp does, with tilde and caret: -1, 0, 1.
func Compare(a, b Package) int {
	return cmp.Or(compareText(a.epoch(), b.epoch()), compareText(a.Version, b.Version), compareText(a.Release, b.Release))
}

// compareText orders two versions segment by segment. A segment is a run of
// digits or a run of letters; everything else only separates. A tilde is before
// everything, even the end ("1.0~rc1" is before "1.0"); a caret is behind the end
// and before everything else ("1.0^git1" is between "1.0" and "1.0.1").
func compareText(a, b string) int {
	for {
		a, b = strings.TrimLeftFunc(a, isSeparator), strings.TrimLeftFunc(b, isSeparator)
		switch {
		case strings.HasPrefix(a, "~") || strings.HasPrefix(b, "~"):
			if order := compareMark(a, b, '~', -1); order != 0 {
				return order
			}
			a, b = a[1:], b[1:]
			continue
		case strings.HasPrefix(a, "^") || strings.HasPrefix(b, "^"):
			if order := compareMark(a, b, '^', 1); order != 0 {
				return order
			}
			a, b = a[1:], b[1:]
			continue
		case a == "" || b == "":
			return cmp.Compare(len(a), len(b)) // what goes on is newer
		}
		var x, y string
		isDigit := digit(a[0])
		x, a = segment(a, isDigit)
		y, b = segment(b, isDigit)
		if y == "" { // of another kind: numbers are newer than letters
			if isDigit {
				return 1
			}
			return -1
		}
		if order := compareSegment(x, y, isDigit); order != 0 {
			return order
		}
	}
}

// compareMark orders a and b when at least one begins with mark; atEnd is how a
// mark compares with the end of the other. Both beginning with it is 0.
func compareMark(a, b string, mark byte, atEnd int) int {
	hasA, hasB := a != "" && a[0] == mark, b != "" && b[0] == mark
	switch {
	case hasA && hasB:
		return 0
	case hasA && b == "":
		return atEnd
	case hasB && a == "":
		return -atEnd
	case hasA:
		return -1
	}
	return 1
}

// segment takes a run of digits, or of letters, off s.
func segment(s string, digits bool) (run, rest string) {
	end := 0
	for end < len(s) && (digits && digit(s[end]) || !digits && letter(s[end])) {
		end++
	}
	return s[:end], s[end:]
}

// compareSegment orders numbers of any length by value and letters as text.
func compareSegment(x, y string, digits bool) int {
	if digits {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if order := cmp.Compare(len(x), len(y)); order != 0 {
			return order
		}
	}
	return cmp.Compare(x, y)
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// isSeparator: runes beyond ASCII separate too, as their bytes do for rpm.
func isSeparator(r rune) bool {
	return r != '~' && r != '^' && (r >= 0x80 || !digit(byte(r)) && !letter(byte(r)))
}
