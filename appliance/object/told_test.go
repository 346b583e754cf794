package object

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"edge/appliance/gvariant"
	"edge/appliance/rpm"
)

func TestTell(t *testing.T) {
	c := Commit{Metadata: gvariant.Dict(
		gvariant.Entry{Key: "version", Value: gvariant.Str("9.4")},
		gvariant.Entry{Key: "ostree.bootable", Value: gvariant.Bool(true)},
		gvariant.Entry{Key: "ostree.ref-binding", Value: gvariant.Array("s", gvariant.Str("a/b"), gvariant.Str("c"))},
		gvariant.Entry{Key: "size", Value: gvariant.Uint64(1 << 40)},
		gvariant.Entry{Key: "raw", Value: gvariant.Bytes([]byte{1, 2, 3})},
		gvariant.Entry{Key: "long", Value: gvariant.Str(strings.Repeat("x", maxToldText))},
	)}
	got := c.Tell()
	want := []Told{{"version", "s", "9.4", 4}, {"ostree.bootable", "b", "true", 1}, {"ostree.ref-binding", "as", "a/b, c", 8},
		{"size", "t", "1099511627776", 8}, {"raw", "ay", "", 3}, {"long", "s", "", maxToldText + 1}}
	if !slices.Equal(got, want) {
		t.Errorf("told %+v, want %+v", got, want)
	}
	c = c.WithPackages([]rpm.Package{{Name: "git", Version: "2", Release: "1", Arch: "x86_64"}})
	if last := c.Tell()[len(want)]; last.Key != keyPackages || last.Text != "" || last.Size == 0 {
		t.Errorf("told %+v of the packages", last)
	}
	if none := (Commit{}).Tell(); none == nil || len(none) > 0 {
		t.Errorf("told %v of no metadata", none)
	}
}

func TestTellIsBounded(t *testing.T) {
	var many []gvariant.Entry
	for i := range maxTold + 1 {
		many = append(many, gvariant.Entry{Key: strconv.Itoa(i), Value: gvariant.Byte(1)})
	}
	if got := len((Commit{Metadata: gvariant.Dict(many...)}).Tell()); got != maxTold {
		t.Errorf("told %d entries, want %d", got, maxTold)
	}
}
