package release

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/object"
	"edge/appliance/rpm"
)

func TestFindings(t *testing.T) {
	now := time.Date(2023, 7, 1, 12, 0, 0, 0, time.UTC)
	commit := func(at time.Time) object.Commit {
		return object.Commit{Time: at, Metadata: plain(at).metadata()}
	}
	tip := commit(now.Add(-time.Hour))
	malformed := commit(now)
	malformed.Metadata = gvariant.Dict(gvariant.Entry{Key: "rpmostree.rpmdb.pkglist", Value: gvariant.Bool(true)})
	unbound := object.Commit{Time: now, Metadata: content{packages: []rpm.Package{{Name: "a", Version: "1", Release: "1", Arch: "noarch"}}}.metadata()}
	for _, tt := range []struct {
		name   string
		change func(*candidate)
		want   string // check: part of the message; "" for none
	}{
		{"good", func(*candidate) {}, ""},
		{"first", func(c *candidate) { c.tip, c.published = nil, nil }, ""},
		{"hole", func(c *candidate) { c.closure = errors.New("no root") }, "closure: no root"},
		{"malformed list", func(c *candidate) { c.commit = malformed }, "packages: cannot be read"},
		{"same time", func(c *candidate) { c.commit = commit(tip.Time) }, ""},
		{"a second older", func(c *candidate) { c.commit = commit(tip.Time.Add(-time.Second)) }, "time: older than"},
		{"four minutes ahead", func(c *candidate) { c.commit = commit(now.Add(4 * time.Minute)) }, ""},
		{"six minutes ahead", func(c *candidate) { c.commit = commit(now.Add(6 * time.Minute)) }, "time: in the future"},
		{"unbound", func(c *candidate) { c.commit, c.ref = unbound, "a"; c.published = []object.Ref{"a"} }, ""},
		{"other ref", func(c *candidate) { c.commit, c.ref = unbound, "b" }, "ref: devices follow"},
		{"second ref", func(c *candidate) { c.published = []object.Ref{"a", ref} }, ""},
		{"bound elsewhere", func(c *candidate) { c.ref = "b"; c.published = []object.Ref{"b"} }, "ref-binding: is bound to"},
		{"moved user", func(c *candidate) {
			c.accounts = map[string][2][]byte{"usr/lib/passwd": {[]byte("a:x:1:1::\n"), []byte("a:x:2:1::\n")}}
		}, "users: usr/lib/passwd: a 1 -> 2"},
		{"no accounts before", func(c *candidate) {
			c.accounts = map[string][2][]byte{"usr/lib/passwd": {nil, []byte("a:x:2:1::\n")}}
		}, ""},
	} {
		c := candidate{ref: ref, published: []object.Ref{ref}, commit: commit(now), tip: &tip, now: now}
		tt.change(&c)
		found := c.findings()
		check, part, _ := strings.Cut(tt.want, ": ")
		switch {
		case tt.want == "" && len(found) == 0:
		case len(found) != 1, found[0].Check != check, !strings.Contains(found[0].Message, part):
			t.Errorf("%s: found %v, want %q", tt.name, found, tt.want)
		}
	}
}

func TestChecksError(t *testing.T) {
	err := &ChecksError{[]Finding{{"time", "too old"}, {"users", "moved"}}}
	if got, want := err.Error(), "publication checks failed: time: too old; users: moved"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDrift(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		want                []string
	}{
		{"same", "a:x:1:1::\n", "a:x:1:1::\n", nil},
		{"empty", "", "", nil},
		{"came and went", "a:x:1:\n", "b:x:1:\n", nil},
		{"moved", "a:x:1:\nb:x:2:\n", "b:x:1:\na:x:2:\n", []string{"a 1 -> 2", "b 2 -> 1"}},
		{"members do not matter", "wheel:x:10:\n", "wheel:x:10:admin\n", nil},
		{"first line counts", "a:x:1:\na:x:9:\n", "a:x:1:\n", nil},
		{"comments and rubbish", "# a:b\n\n:x:1:\nnonsense\n+::::\n", "nonsense\n", nil},
		{"no newline at the end", "a:x:1", "a:x:2", []string{"a 1 -> 2"}},
		{"carriage returns", "a:x:1\r\n", "a:x:1\n", nil},
	} {
		if got := drift([]byte(tt.before), []byte(tt.after)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAbridge(t *testing.T) {
	if got := abridge([]string{"a", "b", "c"}, 2); got != "a, b and 1 more" {
		t.Error(got)
	}
	if got := abridge([]string{"a", "b"}, 2); got != "a, b" {
		t.Error(got)
	}
}
