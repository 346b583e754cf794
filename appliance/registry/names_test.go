package registry

import (
	"errors"
	"strings"
	"testing"
)

const someDigits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParseNames(t *testing.T) {
	repository := func(s string) error { _, err := ParseRepository(s); return err }
	tag := func(s string) error { _, err := ParseTag(s); return err }
	digest := func(s string) error { _, err := ParseDigest(s); return err }
	for _, tt := range []struct {
		kind  string
		parse func(string) error
		good  []string
		bad   []string
	}{
		{"repository", repository,
			[]string{"2048", "a", "a/b/c", "a.b", "a_b", "a__b", "a-b", "a---b", "quay.io/someone/2048", strings.Repeat("a", 255)},
			[]string{"", "A", "a/", "/a", "a//b", "a..b", "a___b", "a.-b", "-a", "a-", ".a", "../a", "a/../b", "a b", "a:b", "a@b", "ä",
				"a\n", "\x00", "_uploads", strings.Repeat("a", 256)}},
		{"tag", tag,
			[]string{"prod", "v1", "V1", "_", "1.2.3-rc.1", "prod.prev", "a..b", strings.Repeat("a", 128)},
			[]string{"", ".a", "-a", "a/b", "a:b", "a b", "a\n", "é", "a@b", strings.Repeat("a", 129)}},
		{"digest", digest,
			[]string{"sha256:" + someDigits, "sha512:" + someDigits + someDigits},
			[]string{"", "sha256", "sha256:", ":", "sha256:" + someDigits[1:], "sha256:" + someDigits + "0", "sha256:" + strings.ToUpper(someDigits),
				"SHA256:" + someDigits, "md5:d41d8cd98f00b204e9800998ecf8427e", "sha512:" + someDigits, "sha256:" + someDigits[1:] + "/",
				" sha256:" + someDigits, "sha256:" + someDigits + "\n"}},
	} {
		for _, s := range tt.good {
			if err := tt.parse(s); err != nil {
				t.Errorf("%s %q: %v", tt.kind, s, err)
			}
		}
		for _, s := range tt.bad {
			if err := tt.parse(s); !errors.Is(err, ErrInvalidName) {
				t.Errorf("%s %q: %v, want ErrInvalidName", tt.kind, s, err)
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"2048", "a/b", "prod", "sha256:" + someDigits, "..", "a//b", "A", "", "v1\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRepository(s); err == nil {
			if r != s || s == "" || strings.ContainsAny(s, " :@\\\n\x00") || strings.Contains(s, "..") || strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") {
				t.Errorf("ParseRepository(%q) = %q", s, r)
			}
			if _, err := ParseDigest(s); err == nil {
				t.Errorf("%q is a repository and a digest", s)
			}
		}
		if tag, err := ParseTag(s); err == nil {
			if tag != s || s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/ :@\n") {
				t.Errorf("ParseTag(%q) = %q", s, tag)
			}
			if _, err := ParseDigest(s); err == nil {
				t.Errorf("%q is a tag and a digest", s)
			}
		}
		if d, err := ParseDigest(s); err == nil {
			if algorithm, digits := d.split(); string(d) != s || strings.ContainsAny(algorithm+digits, "/.") {
				t.Errorf("ParseDigest(%q) = %q", s, d)
			}
		}
	})
}
