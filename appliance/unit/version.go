package unit

import (
	"fmt"
	"strconv"
	"strings"
)

// Style is how the units of applications are written.
type Style string

// Styles.
const (
	Plain   Style = "plain"   // a unit that calls podman run: every podman from 4.0 on
	Quadlet Style = "quadlet" // a .container file that podman's generator turns into a unit: from 4.4 on
)

// ParseStyle reads the name of a style; "" is Plain.
func ParseStyle(name string) (Style, error) {
	switch s := Style(name); s {
	case "":
		return Plain, nil
	case Plain, Quadlet:
		return s, nil
	}
	return "", fmt.Errorf("reading unit style %q: it is %q or %q", name, Plain, Quadlet)
}

// Version is the version of a program, as far as it matters here. The zero Version is unknown.
type Version struct{ Major, Minor int }

// ParseVersion reads 4.9, 4.9.4 or 4.9.4-rhel, also behind other words, as "podman version 4.9.4" has them.
func ParseVersion(s string) (Version, error) {
	words := strings.Fields(s)
	if len(s) > 200 || len(words) == 0 {
		return Version{}, fmt.Errorf("reading version %.40q: want a text like 4.9.4", s)
	}
	last := words[len(words)-1]
	major, rest, _ := strings.Cut(last, ".")
	minor := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		minor = rest[:end]
	}
	a, err := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(minor, 10, 16)
	if err != nil || err2 != nil {
		return Version{}, fmt.Errorf("reading version %.40q: want a text like 4.9.4", last)
	}
	return Version{int(a), int(b)}, nil
}

func (v Version) String() string {
	if v == (Version{}) {
		return "unknown"
	}
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
}

// least reports whether v is major.minor or newer. The unknown version is 4.0.
func (v Version) least(major, minor int) bool {
	if v == (Version{}) {
		v = Version{4, 0}
	}
	return v.Major > major || v.Major == major && v.Minor >= minor
}
