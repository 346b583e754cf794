package blueprint

import (
	"errors"
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	for _, s := range []string{"demo_upgrade", "a", "0", "A.b-c_9", "a..b", strings.Repeat("a", 64), "apis", "v2x", "kk"} {
		if n, err := ParseName(s); err != nil || string(n) != s {
			t.Errorf("%q: %q, %v", s, n, err)
		}
	}
	for s, cure := range map[string]string{
		"":                      "is empty",
		strings.Repeat("a", 65): "at most 64",
		".":                     "other characters",
		"..":                    "other characters",
		"-a":                    "other characters",
		"_a":                    "other characters",
		"a/b":                   "other characters",
		"a b":                   "other characters",
		"a\n":                   "other characters",
		"ä":                     "other characters",
		"a@1":                   "other characters",
		"api":                   "another name",
		"API":                   "another name",
		"v2":                    "another name",
		"V2":                    "another name",
		"k":                     "another name",
		"ui":                    "another name",
		"Healthz":               "another name",
		"metrics":               "another name",
		"download":              "another name",
		"favicon.ico":           "another name",
		"robots.txt":            "another name",
		"Index.html":            "another name",
	} {
		_, err := ParseName(s)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), cure) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := ParseName(strings.Repeat("x", 1<<20)); len(err.Error()) > 400 {
		t.Errorf("a message of %d characters", len(err.Error()))
	}
}

func TestParseVersion(t *testing.T) {
	for _, s := range []string{"0.0.1", "0.0.0", "1.20.300", "999999999.999999999.999999999"} {
		if v, err := ParseVersion(s); err != nil || string(v) != s {
			t.Errorf("%q: %q, %v", s, v, err)
		}
	}
	for _, s := range []string{"", "1", "1.2", "1.2.3.4", "01.0.0", "1.00.0", "1.0.", ".0.0", "v1.0.0", "1.0.0-rc1", "1.0.0+a", "1.0.x",
		"-1.0.0", " 1.0.0", "1.0.0\n", "1000000000.0.0", "prune", "١.0.0"} {
		if _, err := ParseVersion(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestVersionCompare(t *testing.T) {
	rising := []Version{"0.0.1", "0.0.2", "0.0.9", "0.0.10", "0.1.0", "0.9.11", "0.10.1", "1.0.0", "9.0.0", "10.0.0", "999999999.0.0"}
	for i, v := range rising {
		for j, w := range rising {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := v.Compare(w); got != want {
				t.Errorf("%s and %s: %d", v, w, got)
			}
		}
	}
}

func TestParseID(t *testing.T) {
	id, err := ParseID("demo_upgrade@0.0.2")
	if err != nil || id != (ID{"demo_upgrade", "0.0.2"}) || id.String() != "demo_upgrade@0.0.2" {
		t.Errorf("%+v, %v", id, err)
	}
	for _, s := range []string{"", "demo_upgrade", "demo_upgrade@", "@0.0.2", "@", "a@b", "a@0.0.1@0.0.2", "api@0.0.1", "a@1", "a b@0.0.1"} {
		if _, err := ParseID(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add("demo_upgrade@0.0.2")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err == nil && (id.String() != s || id.Version.Compare(id.Version) != 0 || strings.ContainsAny(s, "/\\\x00\n ")) {
			t.Fatalf("%q is read as %q", s, id)
		}
	})
}
