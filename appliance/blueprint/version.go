package blueprint

import (
	"cmp"
	"regexp"
	"strings"
)

// Version is a semantic version MAJOR.MINOR.PATCH without leading zeros, each below 1e9.
type Version string

// versionPattern has at most nine digits a number, so that all fit an int32.
var versionPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$`)

// ParseVersion checks a version.
func ParseVersion(s string) (Version, error) {
	if !versionPattern.MatchString(s) {
		return "", invalid("version", s, "it is not of the form MAJOR.MINOR.PATCH with numbers below 1000000000 "+
			"and without leading zeros; write one such as 0.0.2")
	}
	return Version(s), nil
}

// Compare orders versions numerically: -1, 0, 1.
func (v Version) Compare(w Version) int {
	a, b := strings.Split(string(v), "."), strings.Split(string(w), ".")
	for i := range min(len(a), len(b)) {
		// Without leading zeros the longer number is the greater one.
		if order := cmp.Or(cmp.Compare(len(a[i]), len(b[i])), cmp.Compare(a[i], b[i])); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b))
}
