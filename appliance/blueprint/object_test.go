package blueprint

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func TestContent(t *testing.T) {
	// As "git hash-object" says.
	for want, c := range map[string]content{
		"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391": {plumbing.BlobObject, nil},
		"ce013625030ba8dba906f756967f9e9ca394464a": {plumbing.BlobObject, []byte("hello\n")},
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904": {plumbing.TreeObject, nil},
	} {
		h := plumbing.NewHash(want)
		back, err := contentOf(c.encoded(), h, 100)
		if err != nil || c.hash() != h || back.kind != c.kind || string(back.data) != string(c.data) {
			t.Errorf("%+v, %v, want %s", back, err, want)
		}
	}
	big := content{plumbing.BlobObject, make([]byte, 101)}
	if _, err := contentOf(big.encoded(), big.hash(), 100); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := contentOf(big.encoded(), plumbing.ZeroHash, 1000); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func TestTree(t *testing.T) {
	h := content{plumbing.BlobObject, nil}.hash()
	c, err := encodeTree([]object.TreeEntry{{Name: "b", Mode: filemode.Regular, Hash: h}, {Name: "a", Mode: filemode.Dir, Hash: h}, {Name: "a.b", Mode: filemode.Regular, Hash: h}, {Name: "a-b", Mode: filemode.Regular, Hash: h}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseTree(c)
	var names []string
	for _, e := range got {
		names = append(names, e.Name)
	}
	if err != nil || strings.Join(names, " ") != "a-b a.b a b" { // "a" counts as "a/"
		t.Errorf("%q, %v", names, err)
	}
	raw := string(make([]byte, 20))
	for _, bad := range []string{"100644 a", "100644 a\x00short", "rw a\x00" + raw, "100644 ../a\x00" + raw, "40000 .GIT\x00" + raw, "100644 b\x00" + raw + "100644 a\x00" + raw,
		"100644 a\x00" + raw + "100644 a\x00" + raw, "100644 \x00" + raw, "100644a\x00" + raw, "100644 a\\b\x00" + raw} {
		if _, err := parseTree(content{plumbing.TreeObject, []byte(bad)}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCommit(t *testing.T) {
	h := content{plumbing.TreeObject, nil}.hash()
	at := time.Unix(1700000000, 0).In(time.FixedZone("", -5400))
	c, err := encodeCommit(object.Commit{TreeHash: h, ParentHashes: []plumbing.Hash{h, h}, Author: object.Signature{Name: "A <b>\nc", Email: "a@b", When: at}, Committer: object.Signature{When: at}, Message: "one\n\ntwo\n"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseCommit(c)
	if err != nil || got.Author.Name != "A b c" || got.Message != "one\n\ntwo\n" || !got.Author.When.Equal(at) || len(got.ParentHashes) != 2 || got.TreeHash != h {
		t.Errorf("%+v, %v", got, err)
	}
	if !strings.Contains(string(c.data), "1700000000 -0130\n") {
		t.Errorf("%s", c.data)
	}
	line := "tree " + h.String() + "\nauthor a <b> 1 +0000\ncommitter a <b> 1 +0000\n"
	if _, err := parseCommit(content{plumbing.CommitObject, []byte(line)}); err != nil {
		t.Errorf("without a message: %v", err)
	}
	for _, bad := range []string{"", "tree x\n\n", "author a <b> 1 +0000\n" + line, line[:46] + "\n", strings.Replace(line, " 1 ", " -1 ", 1), strings.Replace(line, "<b>", "b", 1),
		strings.Replace(line, " 1 ", " 999999999999999 ", 1), strings.Replace(line, "author", strings.Repeat("parent "+h.String()+"\n", 17)+"author", 1)} {
		if got, err := parseCommit(content{plumbing.CommitObject, []byte(bad)}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}

// What go-git reads and writes again is the same, and its times can be told.
func FuzzObjects(f *testing.F) {
	h := content{plumbing.BlobObject, nil}.hash()
	tree, err := encodeTree([]object.TreeEntry{{Name: "a", Mode: filemode.Regular, Hash: h}, {Name: "b", Mode: filemode.Dir, Hash: h}})
	if err != nil {
		f.Fatal(err)
	}
	c, err := encodeCommit(object.Commit{TreeHash: h, Author: by("a", time.Unix(1, 0)), Committer: by("b", time.Unix(1, 0)), Message: "m\n"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tree.data)
	f.Add(c.data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if entries, err := parseTree(content{plumbing.TreeObject, data}); err == nil {
			again, err := encodeTree(entries)
			if err != nil {
				t.Fatal(err)
			}
			if more, err := parseTree(again); err != nil || len(more) != len(entries) {
				t.Fatalf("%d entries become %d: %v", len(entries), len(more), err)
			}
		}
		if c, err := parseCommit(content{plumbing.CommitObject, data}); err == nil {
			if _, err := c.Committer.When.UTC().MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			again, err := encodeCommit(c)
			if err != nil {
				t.Fatal(err)
			}
			if more, err := parseCommit(again); err != nil || more.TreeHash != c.TreeHash || len(more.ParentHashes) != len(c.ParentHashes) {
				t.Fatalf("%+v becomes %+v: %v", c, more, err)
			}
		}
	})
}
