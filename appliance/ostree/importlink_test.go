package ostree

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"edge/appliance/object"
)

// A repository whose files are lent keeps them all, and both have the same ones.
func TestImportDirLinks(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	commit := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	app := fileObject(t, src, commit, "usr/bin/git")
	if err := os.Chmod(src.path(app), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Link: true, Hold: "release/0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Commit != commit || got.New != got.Objects || got.Written != got.Size {
		t.Errorf("imported %+v", got)
	}
	for _, r := range []*Repo{src, dst} {
		if v, err := r.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
			t.Errorf("%s: %+v, %v", r.dir, v, err)
		}
	}
	if links := linked(t, src, app); links != 2 {
		t.Errorf("the file has %d names, want 2", links)
	}
	if info, err := os.Stat(dst.path(app)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v: whoever serves it could not read it", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dst.dir, "tmp", ownPrefix+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}

	// What has two names belongs to somebody else as well, so a third one would be one too many.
	third := newRepo(t, Options{})
	if _, err := third.ImportDir(t.Context(), src.dir, ImportOptions{Link: true}); err != nil {
		t.Fatal(err)
	}
	if links := linked(t, third, app); links != 1 {
		t.Errorf("the file has %d names, want 1 of its own", links)
	}
}

func linked(t *testing.T, r *Repo, n object.Name) int {
	t.Helper()
	var info unix.Stat_t
	if err := unix.Stat(r.path(n), &info); err != nil {
		t.Fatal(err)
	}
	return int(info.Nlink)
}

// Being lent is no reason to be trusted.
func TestImportDirLinksOnlyWhatIsSound(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	commit := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	bad := fileObject(t, src, commit, "usr/bin/git")
	flip(t, src.path(bad))
	before := len(objectPaths(t, src.dir))
	if _, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Link: true}); !errors.Is(err, object.ErrCorrupt) && !errors.Is(err, object.ErrMalformed) {
		t.Errorf("%v", err)
	}
	checkUntouched(t, dst)
	if after := len(objectPaths(t, src.dir)); after != before || linked(t, src, bad) != 1 {
		t.Errorf("the source has %d objects, before %d", after, before)
	}
}

// On another file system there are no links, only copies.
func TestImportDirCopiesFromElsewhere(t *testing.T) {
	const other = "/dev/shm"
	dir, err := os.MkdirTemp(other, "import")
	if err != nil {
		t.Skipf("no second file system: %v", err)
	}
	defer os.RemoveAll(dir)
	dst := newRepo(t, Options{})
	src, err := Open(filepath.Join(dir, "repo"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	commit := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	got, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Link: true})
	if err != nil || got.Commit != commit {
		t.Fatalf("%+v, %v", got, err)
	}
	if v, err := dst.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// What an archive says in compose.json, it says when it is unpacked too.
func TestImportDirHeedsComposeJSON(t *testing.T) {
	src := newRepo(t, Options{})
	one := writeTree(t, src, smallTree(nil), "1", "", "a/one")
	two := writeTree(t, src, smallTree(nil), "2", one, "a/two")
	for _, c := range []struct {
		name   string
		says   any
		o      ImportOptions
		commit object.Checksum
		err    error
	}{
		{name: "a ref", says: composeJSON{Ref: "a/one"}, commit: one},
		{name: "both", says: composeJSON{Ref: "a/two", Commit: string(two)}, commit: two},
		{name: "the same as wanted", says: composeJSON{Ref: "a/two"}, o: ImportOptions{Ref: "a/two"}, commit: two},
		{name: "another than wanted", says: composeJSON{Ref: "a/two"}, o: ImportOptions{Ref: "a/one"}, err: ErrMismatch},
		{name: "another commit than the ref", says: composeJSON{Ref: "a/two", Commit: string(one)}, err: ErrMismatch},
		{name: "no JSON object", says: "x", err: ErrArchive},
		{name: "nothing", says: struct{}{}, err: ErrMismatch}, // there are two refs
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			data, err := json.Marshal(c.says)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(filepath.Join(dir, "compose.json"), data, 0o644), os.Symlink(src.dir, filepath.Join(dir, "repo"))); err != nil {
				t.Fatal(err)
			}
			dst := newRepo(t, Options{})
			got, err := dst.ImportDir(t.Context(), dir, c.o)
			if !errors.Is(err, c.err) || got.Commit != c.commit {
				t.Errorf("%+v, %v; want %s, %v", got, err, c.commit, c.err)
			}
			if c.err != nil && dst.Complete(one) == nil {
				t.Errorf("it landed all the same")
			}
			if _, err := os.Stat(src.dir); errors.Is(err, fs.ErrNotExist) {
				t.Error("the source is gone")
			}
		})
	}
}
