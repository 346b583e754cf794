// Package blueprint keeps blueprints: TOML that says what is in a system, each under a name, each change
// a new version, a commit and a tag in one bare git repository. It reads them strictly, hashes the
// passwords in them before anything is kept, and takes pushes from files, from git and from a remote.
//
// It knows what a blueprint may say and not what becomes of it: whether a distribution can be composed
// from it is told by a check that is handed in. It speaks no HTTP but to the remote that it follows.
package blueprint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrInvalid is the cause of every refusal of a name or version.
var ErrInvalid = errors.New("invalid blueprint name or version")

// Name is a blueprint's name: letters, digits, '.', '_' and '-', at most 64, beginning
// with a letter or digit, and none of the words the server answers at its top level.
type Name string

// maxName keeps names short enough for paths, URLs and tables.
const maxName = 64

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// reserved are the words at the server's top level, where /NAME/… serves the
// blueprint NAME. They are refused in any case: some proxies and file systems
// do not tell cases apart. A new word at the top level goes in here.
var reserved = []string{
	"api", "v2", "download", "healthz", "metrics", "k", "ui",
	"favicon.ico", "robots.txt", "index.html", "blueprints.git",
}

// ParseName checks a blueprint's name.
func ParseName(s string) (Name, error) {
	fault := ""
	switch {
	case s == "":
		fault = "the name is empty; choose one such as demo_upgrade"
	case len(s) > maxName:
		fault = fmt.Sprintf("the name has %d characters; choose one of at most %d", len(s), maxName)
	case !namePattern.MatchString(s):
		fault = "the name has other characters than letters, digits, '.', '_' and '-' or begins with one of " +
			"the last three; choose one such as demo_upgrade"
	case slices.Contains(reserved, strings.ToLower(s)):
		fault = "the server itself answers under this word; choose another name"
	}
	if fault != "" {
		return "", invalid("blueprint name", s, fault)
	}
	return Name(s), nil
}

// invalid says what s should have been, what is wrong and what helps.
func invalid(what, s, fault string) error {
	if len(s) > 2*maxName {
		s = s[:2*maxName] + "…"
	}
	return fmt.Errorf("parsing %s %q: %w: %s", what, s, ErrInvalid, fault)
}
