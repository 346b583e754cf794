package object

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/rpm"
)

// sampleCommit has metadata of every sort that this package looks at, and more.
func sampleCommit() Commit {
	return Commit{
		Metadata: gvariant.Dict(
			gvariant.Entry{Key: "rpmostree.inputhash", Value: gvariant.Str("abc")},
			gvariant.Entry{Key: "version", Value: gvariant.Str("9.4")},
			gvariant.Entry{Key: "ostree.ref-binding", Value: gvariant.Array("s", gvariant.Str("a/b"), gvariant.Str("c"))},
			gvariant.Entry{Key: "ostree.bootable", Value: gvariant.Bool(true)}),
		Subject: "First", Body: "line\nline", Time: time.Unix(1700000000, 0).UTC(), Tree: someSum, Meta: ChecksumOf(nil),
	}
}

func TestCommitThereAndBack(t *testing.T) {
	c := sampleCommit()
	data := c.Encode()
	got, err := ParseCommit(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != c.Subject || got.Body != c.Body || !got.Time.Equal(c.Time) || got.Tree != c.Tree ||
		got.Meta != c.Meta || got.Parent != "" || got.Version() != "9.4" {
		t.Errorf("got %+v", got)
	}
	if again := got.Encode(); !bytes.Equal(again, data) {
		t.Errorf("written again as %q, was %q", again, data)
	}
	if refs, bound := got.RefBindings(); !bound || strings.Join(refs, " ") != "a/b c" {
		t.Errorf("bindings %q, %v", refs, bound)
	}
}

func TestCommitWithoutMetadata(t *testing.T) {
	c := Commit{Tree: someSum, Meta: someSum, Time: time.Unix(0, 0)}
	got, err := ParseCommit(c.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, bound := got.RefBindings(); bound || got.Version() != "" {
		t.Errorf("got %+v", got)
	}
	if _, listed, err := got.Packages(); listed || err != nil {
		t.Errorf("packages listed %v, %v", listed, err)
	}
}

func TestRestampKeepsTheRest(t *testing.T) {
	c := sampleCommit()
	c.Metadata = c.Metadata.Set("odd", gvariant.Tuple(gvariant.Array("as"), gvariant.Variant(gvariant.Uint64(7))))
	at := time.Date(2031, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
	stamped, err := ParseCommit(c.Restamp("0.0.2", someSum, at).Encode())
	if err != nil {
		t.Fatal(err)
	}
	if stamped.Version() != "0.0.2" || stamped.Parent != someSum || !stamped.Time.Equal(at.Truncate(time.Second)) {
		t.Errorf("got %q %q %s", stamped.Version(), stamped.Parent, stamped.Time)
	}
	if back := stamped.Restamp("9.4", "", c.Time).Encode(); !bytes.Equal(back, c.Encode()) {
		t.Error("stamping the old values does not give the old bytes")
	}
	if same := c.Restamp("", "", c.Time); !bytes.Equal(same.Encode(), c.Encode()) {
		t.Error("stamping no version changed the commit")
	}
}

func TestPackages(t *testing.T) {
	list := []rpm.Package{
		{Name: "zsh", Version: "5.8", Release: "9.el9", Arch: "x86_64"},
		{Name: "kernel", Epoch: "0", Version: "5.14.0", Release: "10", Arch: "x86_64"},
		{Name: "kernel", Epoch: "0", Version: "5.14.0", Release: "9", Arch: "x86_64"},
		{Name: "bind", Epoch: "32", Version: "9.16", Release: "1", Arch: "i686"},
	}
	got, listed, err := sampleCommit().WithPackages(list).Packages()
	if err != nil || !listed {
		t.Fatalf("%v, %v", listed, err)
	}
	var names []string
	for _, p := range got {
		names = append(names, p.String()+"/"+p.Epoch)
	}
	want := "bind-32:9.16-1.i686/32 kernel-5.14.0-9.x86_64/0 kernel-5.14.0-10.x86_64/0 zsh-5.8-9.el9.x86_64/0"
	if strings.Join(names, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(names, " "), want)
	}
	odd := Commit{Metadata: gvariant.Dict(gvariant.Entry{Key: keyPackages, Value: gvariant.Str("zsh")})}
	if _, _, err := odd.Packages(); !errors.Is(err, ErrMalformed) {
		t.Errorf("a list of another type: %v", err)
	}
}

func TestParseCommitRefuses(t *testing.T) {
	sum := gvariant.Bytes(make([]byte, 32))
	none := gvariant.Bytes(nil)
	build := func(parent gvariant.Value, at uint64, tree, meta gvariant.Value) []byte {
		return gvariant.Tuple(gvariant.Dict(), parent, gvariant.Array("(say)"), gvariant.Str(""), gvariant.Str(""),
			gvariant.Uint64(swap64(at)), tree, meta).Data()
	}
	if _, err := ParseCommit(build(none, 1, sum, sum)); err != nil {
		t.Fatal(err)
	}
	for why, data := range map[string][]byte{
		"nothing":          nil,
		"short parent":     build(gvariant.Bytes(make([]byte, 31)), 1, sum, sum),
		"no tree":          build(none, 1, none, sum),
		"no meta":          build(none, 1, sum, none),
		"far future":       build(none, lastSecond+1, sum, sum),
		"negative time":    build(none, 1<<63, sum, sum),
		"another object":   Tree{}.Encode(),
		"a byte too many":  append(build(none, 1, sum, sum), 0),
		"a byte too few":   build(none, 1, sum, sum)[1:],
		"text for a value": []byte("tree of no commit"),
	} {
		if _, err := ParseCommit(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := ParseCommit(make([]byte, MaxMetadata+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzCommit(f *testing.F) {
	f.Add(sampleCommit().Encode())
	f.Add(sampleCommit().WithPackages([]rpm.Package{{Name: "a", Version: "1", Release: "2", Arch: "noarch"}}).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommit(data)
		if err != nil {
			return
		}
		if again := c.Encode(); !bytes.Equal(again, data) {
			t.Fatalf("%q is written as %q", data, again)
		}
		_, _ = c.RefBindings()
		_, _, _ = c.Packages()
		stamped, err := ParseCommit(c.Restamp("0.0.1", someSum, time.Unix(5, 0)).Encode())
		if err != nil || stamped.Version() != "0.0.1" {
			t.Fatalf("re-stamp of %q: %q, %v", data, stamped.Version(), err)
		}
	})
}
