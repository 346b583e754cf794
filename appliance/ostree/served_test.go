package ostree

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"edge/appliance/object"
)

func TestLookup(t *testing.T) {
	r := newRepo(t, Options{Signer: testSigner(t)})
	one := importSample(t, r, "0.0.1", "")
	point(t, r, one)
	two := importSample(t, r, "0.0.2", one)
	commit := func(c object.Checksum) string {
		return "objects/" + object.Name{Checksum: c, Kind: object.KindCommit}.Path()
	}
	for _, tt := range []struct {
		path string
		data string // a part of the content; "list:a b" for a listing; "file" for a file on disk; "" for unknown
	}{
		{"", "list:config objects/ refs/ summary summary.sig"},
		{"config", "mode=archive-z2"},
		{"config/", "mode=archive-z2"},
		{"config/x", ""},
		{"summary", string(testRef)},
		{"summary.sig", object.KeyEd25519},
		{"refs", "list:heads/"},
		{"refs/heads/", "list:rhel/"},
		{"refs/heads/rhel/9", "list:x86_64/"},
		{"refs/heads/" + string(testRef), string(one)},
		{"refs/heads/nope", ""},
		{"refs/mirrors", ""},
		{"objects", "list:"},
		{"objects/", "list:"},
		{"objects/ab", ""},
		{"objects/ab/../../config", ""},
		{commit(one), "file"},
		{commit(two), ""},
		{commit(one) + "meta", object.KeyEd25519},
		{commit(two) + "meta", ""},
		{"objects/" + strings.Repeat("a", 2) + "/" + strings.Repeat("b", 62) + ".filez", "file"},
		{"deltas", ""},
		{"deltas/xx/yy/superblock", ""},
		{"delta-indexes/xx/yy.index", ""},
		{"../token", ""},
		{"/config", ""},
		{"\x00", ""},
	} {
		got, err := r.Lookup(tt.path)
		switch list, isList := strings.CutPrefix(tt.data, "list:"); {
		case tt.data == "":
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("Lookup(%q) = %+v, %v; want unknown", tt.path, got, err)
			}
		case err != nil:
			t.Errorf("Lookup(%q): %v", tt.path, err)
		case isList:
			if got.List == nil || strings.Join(got.List, " ") != list {
				t.Errorf("Lookup(%q) lists %q, want %q", tt.path, got.List, list)
			}
		case tt.data == "file":
			if got.File == "" || got.ETag == "" || !got.Immutable {
				t.Errorf("Lookup(%q) = %+v, want an immutable file with a tag", tt.path, got)
			}
		case !strings.Contains(string(got.Data), tt.data) || got.ETag == "" || got.Immutable:
			t.Errorf("Lookup(%q) = %q %s, want %q and a tag", tt.path, got.Data, got.ETag, tt.data)
		}
	}
}

// Whatever is asked for, only files of the repository's public part are named, and never a commit
// that devices may not see.
func FuzzLookup(f *testing.F) {
	r := newRepo(f, Options{})
	one := importSample(f, r, "0.0.1", "")
	two := importSample(f, r, "0.0.2", one)
	point(f, r, one)
	for _, s := range []string{"", "config", "refs/heads/" + string(testRef), "objects/" + object.Name{Checksum: two, Kind: object.KindCommit}.Path(), "deltas/ab/c-d/0", "objects/../config"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := r.Lookup(path)
		if err != nil {
			return
		}
		if strings.Contains(got.File, string(two)[2:]) || got.Commit == two {
			t.Errorf("Lookup(%q) shows the staged release: %+v", path, got)
		}
		if got.File != "" && (strings.Contains(path, "..") || !slices.Contains([]string{"objects", "deltas"}, strings.Split(path, "/")[0])) {
			t.Errorf("Lookup(%q) leaves the public part: %q", path, got.File)
		}
	})
}
