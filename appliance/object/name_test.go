package object

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const someSum = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func TestParseChecksum(t *testing.T) {
	c, err := ParseChecksum(someSum)
	if err != nil || string(c) != someSum {
		t.Fatalf("%q, %v", c, err)
	}
	if back, err := FromBytes(c.Bytes()); err != nil || back != c {
		t.Errorf("through bytes: %q, %v", back, err)
	}
	for _, s := range []string{"", someSum[1:], someSum + "0", strings.ToUpper(someSum), "g" + someSum[1:], "../" + someSum[3:]} {
		if _, err := ParseChecksum(s); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, size := range []int{0, 31, 33} {
		if _, err := FromBytes(make([]byte, size)); !errors.Is(err, ErrBadName) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestBytesOfNoChecksumPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Checksum("none").Bytes()
}

func TestParseRef(t *testing.T) {
	for _, s := range []string{"a", "_a", "rhel/9/x86_64/edge", "a.b-c_d/0", "a..", someSum + "/a", someSum[1:], strings.ToUpper(someSum)} {
		if r, err := ParseRef(s); err != nil || string(r) != s {
			t.Errorf("%q: %q, %v", s, r, err)
		}
	}
	for _, s := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.b", "-a", "a/-b", "a b", "a\n", "ä", "a\x00", "a:b",
		someSum, strings.Repeat("a", 201), strings.Repeat("a/", 600) + "a"} {
		if _, err := ParseRef(s); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestParseName(t *testing.T) {
	path := someSum[:2] + "/" + someSum[2:] + "."
	for _, k := range []Kind{KindCommit, KindDirTree, KindDirMeta, KindFile, KindCommitMeta} {
		n, err := ParseName(path + string(k))
		if err != nil || n != (Name{someSum, k}) || n.Path() != path+string(k) || n.String() != someSum+"."+string(k) {
			t.Errorf("%s: %v, %v", k, n, err)
		}
	}
	for _, s := range []string{"", ".", path, path + "file", path + "FILEZ", path + "filez.", path + "filez/", "/" + path + "filez",
		someSum + ".filez", "0/" + someSum[1:] + ".filez", "00//" + someSum[3:] + ".filez", "./" + someSum[2:] + ".filez",
		strings.ToUpper(path) + "filez", path + "commitpartial"} {
		if _, err := ParseName(s); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add(someSum[:2] + "/" + someSum[2:] + ".filez")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseName(s); err == nil && n.Path() != s {
			t.Fatalf("%q is written as %q", s, n.Path())
		}
		if c, err := ParseChecksum(s); err == nil && len(c.Bytes()) != 32 {
			t.Fatalf("%q has %d bytes", s, len(c.Bytes()))
		}
	})
}

func FuzzRef(f *testing.F) {
	f.Add("rhel/9/x86_64/edge")
	f.Add("a/../b")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			return
		}
		for part := range strings.SplitSeq(string(r), "/") {
			if part == "" || part[0] == '.' || part[0] == '-' || bytes.ContainsAny([]byte(part), "\\\x00\n ") {
				t.Fatalf("%q is a ref", s)
			}
		}
	})
}
