package object

import (
	"fmt"
	"regexp"
	"strings"
)

// Ref is a branch name such as rhel/9/x86_64/edge.
type Ref string

// A ref becomes a path, so that the limits of paths apply.
const (
	maxRef     = 1024
	maxRefPart = 200
)

// refPattern is the pattern that libostree checks refs with.
var refPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_][-._A-Za-z0-9]*/)*[A-Za-z0-9_][-._A-Za-z0-9]*$`)

// ParseRef accepts what libostree accepts as a ref of a repository: parts of
// letters, digits and "._-" that begin with no '-' or '.', between single slashes.
// A ref must not look like a checksum, because programs take either.
func ParseRef(s string) (Ref, error) {
	fault := ""
	switch {
	case s == "":
		fault = "it is empty"
	case len(s) > maxRef:
		fault = fmt.Sprintf("it has %d characters, at most %d are allowed", len(s), maxRef)
	case !refPattern.MatchString(s):
		fault = "use letters, digits, '.', '_' and '-' between single slashes, such as rhel/9/x86_64/edge"
	case isHex(s, 64):
		fault = "it looks like a checksum"
	default:
		for part := range strings.SplitSeq(s, "/") {
			if len(part) > maxRefPart {
				fault = fmt.Sprintf("a part has %d characters, at most %d are allowed", len(part), maxRefPart)
			}
		}
	}
	if fault != "" {
		return "", fmt.Errorf("parsing ref %q: %w: %s", clip(s), ErrBadName, fault)
	}
	return Ref(s), nil
}
