package blueprint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrVersion says that a version is not above those that there are.
var ErrVersion = errors.New("version is not raised")

// Raise is which part of a version goes up by itself.
type Raise string

// The parts. "" is Patch, but refuses a version below the last one.
const (
	Patch Raise = "patch"
	Minor Raise = "minor"
	Major Raise = "major"
)

// ParseRaise reads the name of a part; "" is itself.
func ParseRaise(s string) (Raise, error) {
	switch r := Raise(s); r {
	case "", Patch, Minor, Major:
		return r, nil
	}
	return "", fmt.Errorf("parsing a part of a version %.40q: %w: want patch, minor or major", s, ErrInvalid)
}

// Next is the version of a changed blueprint that was last called last ("": it is new) and says that it
// is given ("": it says nothing). What was given holds when it is above last, and as far above as by.
func Next(last, given Version, by Raise) (Version, error) {
	from := last
	if last == "" {
		if from = "0.0.0"; by == "" && given != "" {
			return given, nil
		}
	}
	raised, err := from.raise(by)
	if err != nil {
		return "", err
	}
	switch {
	case given == "" || given == last:
		return raised, nil
	case given.Compare(last) < 0 && by == "":
		return "", fmt.Errorf("%w: %s is below %s, which there is; write %s, or leave the version out", ErrVersion, given, last, raised)
	case given.Compare(last) > 0 && (by == "" || given.Compare(raised) > 0):
		return given, nil
	}
	return raised, nil
}

func (v Version) raise(by Raise) (Version, error) {
	var n [3]int
	for i, part := range strings.Split(string(v), ".") {
		n[i], _ = strconv.Atoi(part) // ParseVersion looked at it
	}
	switch by {
	case Major:
		n = [3]int{n[0] + 1, 0, 0}
	case Minor:
		n = [3]int{n[0], n[1] + 1, 0}
	default:
		n[2]++
	}
	return ParseVersion(fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2]))
}
