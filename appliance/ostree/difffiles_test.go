package ostree

import (
	"errors"
	"maps"
	"os"
	"slices"
	"testing"

	"edge/appliance/object"
)

func TestDiffFiles(t *testing.T) {
	r := newRepo(t, Options{})
	old := smallTree(map[string]string{
		"usr/share/a/x": "x", "usr/share/b/y": "y", "usr/share/became": "file", "usr/share/link": "-> here", "top": "1",
	})
	now := maps.Clone(old)
	delete(now, "usr/bin/git")
	delete(now, "usr/share/a/x")
	delete(now, "usr/share/became")
	maps.Copy(now, map[string]string{
		"usr/bin/zsh": "zsh", "usr/lib/passwd": "changed", "usr/share/became/dir": "", "usr/share/c/d/e": "deep",
		"usr/share/link": "-> there", "top": "2",
	})
	one, two := writeTree(t, r, old, "1", ""), writeTree(t, r, now, "2", "")
	got, err := r.DiffFiles(t.Context(), one, two)
	if err != nil {
		t.Fatal(err)
	}
	want := []FileChange{
		{"/top", "changed", false},
		{"/usr/bin/git", "removed", false},
		{"/usr/bin/zsh", "added", false},
		{"/usr/lib/passwd", "changed", false},
		{"/usr/share/a", "removed", true},
		{"/usr/share/became", "removed", false},
		{"/usr/share/became", "added", true},
		{"/usr/share/c", "added", true},
		{"/usr/share/link", "changed", false},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got, err := r.DiffFiles(t.Context(), one, one); err != nil || got == nil || len(got) > 0 {
		t.Errorf("of a commit with itself: %v, %v", got, err)
	}
	if _, err := r.DiffFiles(t.Context(), one, object.ChecksumOf(nil)); !errors.Is(err, ErrUnknown) {
		t.Errorf("with a commit that is not there: %v", err)
	}
}

// A directory's owner, mode and attributes count, too; trees that are the same are not read.
func TestDiffFilesDirectory(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "1", "")
	commit, err := r.Commit(c)
	if err != nil {
		t.Fatal(err)
	}
	root, err := r.tree(commit.Tree)
	if err != nil {
		t.Fatal(err)
	}
	private := writeObject(t, r, object.KindDirMeta, object.Meta{Mode: 0o040700}.Encode())
	root.Dirs[0].Meta, commit.Meta = private, private
	commit.Tree = writeObject(t, r, object.KindDirTree, root.Encode())
	other := writeObject(t, r, object.KindCommit, commit.Encode())
	if err := os.Remove(r.path(object.Name{Checksum: root.Dirs[0].Tree, Kind: object.KindDirTree})); err != nil {
		t.Fatal(err)
	}
	got, err := r.DiffFiles(t.Context(), c, other)
	want := []FileChange{{"/", "changed", true}, {"/usr", "changed", true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestReadFile(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "1", "")
	for _, path := range []string{"/usr/lib/passwd", "usr/lib/passwd"} {
		data, err := r.ReadFile(c, path, 100)
		if err != nil || string(data) != "root:x:0:0:root:/root:/bin/bash\n" {
			t.Errorf("%q: %q, %v", path, data, err)
		}
	}
	for path, want := range map[string]error{
		"": ErrUnknown, "/": ErrUnknown, "/usr": ErrUnknown, "/usr/lib/": ErrUnknown, "/usr/lib/shadow": ErrUnknown,
		"/usr/../usr/lib/passwd": ErrUnknown, "/usr/bin/sh": ErrUnknown, "/usr/bin/git/x": ErrUnknown,
		"/usr/bin/bash": object.ErrTooLarge,
	} {
		if data, err := r.ReadFile(c, path, 100); !errors.Is(err, want) {
			t.Errorf("%q: %q, %v; want %v", path, data, err, want)
		}
	}
	if _, err := r.ReadFile(object.ChecksumOf(nil), "usr/lib/passwd", 100); !errors.Is(err, ErrUnknown) {
		t.Errorf("of a commit that is not there: %v", err)
	}
	os.Truncate(r.path(fileObject(t, r, c, "usr/lib/group")), 30)
	if _, err := r.ReadFile(c, "usr/lib/group", 100); !errors.Is(err, object.ErrMalformed) {
		t.Errorf("damaged: %v", err)
	}
}
