package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"edge/appliance/object"
)

func TestImportDir(t *testing.T) {
	src, dst := newRepo(t, Options{Signer: newSigner(t)}), newRepo(t, Options{})
	one := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	var reports []Progress
	got, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Hold: "release/0.0.1", Report: func(p Progress) { reports = append(reports, p) }})
	if err != nil {
		t.Fatal(err)
	}
	if got.Commit != one || got.Source != one || got.Ref != "a/b" || got.New != got.Objects || got.Objects == 0 {
		t.Errorf("imported %+v", got)
	}
	if holds, err := dst.Holds(); err != nil || holds["release/0.0.1"] != one {
		t.Errorf("holds %v, %v", holds, err)
	}
	if counts, err := dst.Signatures(one); err != nil || counts["ed25519"] != 1 {
		t.Errorf("the signature did not come along: %v, %v", counts, err)
	}
	if v, err := dst.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	checkReports(t, reports, "fetching")

	// The second release brings only what it changed: commit, three trees and one file.
	two := writeTree(t, src, smallTree(map[string]string{"usr/bin/git": "new"}), "0.0.2", one, "a/b")
	got, err = dst.ImportDir(t.Context(), src.dir, ImportOptions{Commit: two})
	if err != nil || got.New != 5 || got.Ref != "a/b" {
		t.Errorf("imported %+v, %v; want 5 new objects", got, err)
	}
	if got, err = dst.ImportDir(t.Context(), src.dir, ImportOptions{}); err != nil || got.New != 0 {
		t.Errorf("imported again %+v, %v", got, err)
	}
}

// checkReports checks that progress never goes back and ends when all is done.
func checkReports(t *testing.T, reports []Progress, stage string) {
	t.Helper()
	var last Progress
	for _, p := range reports {
		if p.Stage != stage {
			continue
		}
		if p.Done <= last.Done || p.Total < last.Total || p.Total > 0 && p.Done > p.Total {
			t.Errorf("progress %+v after %+v", p, last)
		}
		last = p
	}
	if last.Total == 0 || last.Done != last.Total {
		t.Errorf("the last progress is %+v", last)
	}
}

func TestImportDirChooses(t *testing.T) {
	src := newRepo(t, Options{})
	one := writeTree(t, src, smallTree(nil), "1", "", "a/one")
	two := writeTree(t, src, smallTree(nil), "2", one, "a/two", "a/too")
	hidden := writeTree(t, src, smallTree(nil), "3", two)
	for _, c := range []struct {
		name   string
		o      ImportOptions
		commit object.Checksum
		ref    object.Ref
		err    error
		text   string
	}{
		{"ref", ImportOptions{Ref: "a/one"}, one, "a/one", nil, ""},
		{"ref and commit", ImportOptions{Ref: "a/one", Commit: one}, one, "a/one", nil, ""},
		{"commit of one ref", ImportOptions{Commit: one}, one, "a/one", nil, ""},
		{"commit of two refs", ImportOptions{Commit: two}, two, "", nil, ""},
		{"commit of no ref", ImportOptions{Commit: hidden}, hidden, "", nil, ""},
		{"several refs", ImportOptions{}, "", "", ErrMismatch, "a/one, a/too, a/two"},
		{"no such ref", ImportOptions{Ref: "a/nine"}, "", "", ErrMismatch, "a/one"},
		{"another commit", ImportOptions{Ref: "a/one", Commit: two}, "", "", ErrMismatch, string(one)},
		{"no such commit", ImportOptions{Commit: object.ChecksumOf(nil)}, "", "", ErrUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := newRepo(t, Options{}).ImportDir(t.Context(), src.dir, c.o)
			if !errors.Is(err, c.err) || got.Commit != c.commit || got.Ref != c.ref {
				t.Errorf("%+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v; want %q", err, c.text)
			}
		})
	}
}

func TestImportDirRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, r *Repo, c object.Checksum)
		want  error
	}{
		{"partial commit", func(t *testing.T, r *Repo, c object.Checksum) {
			writeText(t, r.dir, partialMark(c), "")
		}, ErrIncomplete},
		{"missing file", func(t *testing.T, r *Repo, c object.Checksum) {
			os.Remove(r.path(fileObject(t, r, c, "usr/bin/git")))
		}, ErrIncomplete},
		{"missing tree", func(t *testing.T, r *Repo, c object.Checksum) {
			commit, _ := r.Commit(c)
			os.Remove(r.path(object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}))
		}, ErrIncomplete},
		{"missing commit", func(t *testing.T, r *Repo, c object.Checksum) {
			os.Remove(r.path(object.Name{Checksum: c, Kind: object.KindCommit}))
		}, ErrUnknown},
		{"flipped byte in a tree", func(t *testing.T, r *Repo, c object.Checksum) {
			commit, _ := r.Commit(c)
			flip(t, r.path(object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}))
		}, object.ErrCorrupt},
		{"exchanged file", func(t *testing.T, r *Repo, c object.Checksum) {
			data, _ := os.ReadFile(r.path(fileObject(t, r, c, "usr/lib/group")))
			os.WriteFile(r.path(fileObject(t, r, c, "usr/bin/git")), data, 0o644)
		}, object.ErrCorrupt},
		{"malformed detached metadata", func(t *testing.T, r *Repo, c object.Checksum) {
			storeObject(t, r, object.Name{Checksum: c, Kind: object.KindCommitMeta}, []byte("?"))
		}, object.ErrMalformed},
		{"bare mode", func(t *testing.T, r *Repo, c object.Checksum) {
			writeText(t, r.dir, "config", "[core]\nrepo_version=1\nmode=bare\n")
		}, ErrUnsupported},
		{"no config", func(t *testing.T, r *Repo, c object.Checksum) {
			os.Remove(filepath.Join(r.dir, "config"))
		}, ErrUnsupported},
		{"ref is text", func(t *testing.T, r *Repo, c object.Checksum) {
			writeText(t, r.dir, "refs/heads/a/b", "hello\n")
		}, object.ErrBadName},
		{"ref is a pipe", func(t *testing.T, r *Repo, c object.Checksum) {
			os.Remove(filepath.Join(r.dir, "refs/heads/a/b"))
			if err := unix.Mkfifo(filepath.Join(r.dir, "refs/heads/a/b"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"object leads out", func(t *testing.T, r *Repo, c object.Checksum) {
			n := fileObject(t, r, c, "usr/bin/git")
			outside := filepath.Join(t.TempDir(), "git")
			os.Rename(r.path(n), outside)
			os.Symlink(outside, r.path(n))
		}, nil},
	} {
		for _, link := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, link %v", c.name, link), func(t *testing.T) {
				src, dst := newRepo(t, Options{}), newRepo(t, Options{})
				commit := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
				c.spoil(t, src, commit)
				_, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Hold: "release/0.0.1", Link: link})
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%v; want %v", err, c.want)
				}
				checkUntouched(t, dst)
			})
		}
	}
}

// checkUntouched checks that an import that failed left nothing in an empty repository.
func checkUntouched(t *testing.T, r *Repo) {
	t.Helper()
	if found := objectPaths(t, r.dir); len(found) > 0 {
		t.Errorf("objects landed: %v", found)
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, "tmp", ownPrefix+"*")); len(left) > 0 {
		t.Errorf("left in tmp: %v", left)
	}
	if holds, err := r.Holds(); err != nil || len(holds) > 0 {
		t.Errorf("holds %v, %v", holds, err)
	}
}

func writeText(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A folder with compose.json and repo/ is an archive that somebody has unpacked.
func TestImportDirUnpackedArchive(t *testing.T) {
	dir := t.TempDir()
	src, err := Open(filepath.Join(dir, "repo"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	got, err := newRepo(t, Options{}).ImportDir(t.Context(), dir, ImportOptions{})
	if err != nil || got.Commit != c {
		t.Errorf("%+v, %v", got, err)
	}
}

// What a broken import left is completed by the next one: a commit marked partial, and trees whose
// children are missing.
func TestImportDirMends(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	c := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	if _, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Hold: "release/0.0.1"}); err != nil {
		t.Fatal(err)
	}
	writeText(t, dst.dir, partialMark(c), "")
	os.Remove(dst.path(fileObject(t, dst, c, "usr/bin/git")))
	if _, err := dst.ImportDir(t.Context(), src.dir, ImportOptions{Hold: "release/0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if v, err := dst.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestImportDirEnds(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := dst.ImportDir(ctx, src.dir, ImportOptions{Report: func(Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want it cancelled", err)
	}
	checkUntouched(t, dst)
	if _, err := dst.ImportDir(t.Context(), filepath.Join(src.dir, "absent"), ImportOptions{}); !errors.Is(err, ErrUnsupported) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
