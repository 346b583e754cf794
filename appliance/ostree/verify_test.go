package ostree

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"edge/appliance/object"
)

func TestVerify(t *testing.T) {
	r := newRepo(t, Options{Signer: newSigner(t)})
	one := writeTree(t, r, smallTree(nil), "0.0.1", "", "a/b")
	two := writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "two"}), "0.0.2", one)
	if err := r.Hold(t.Context(), "release/0.0.2", two); err != nil {
		t.Fatal(err)
	}
	var reports []Progress
	v, err := r.Verify(t.Context(), func(p Progress) { reports = append(reports, p) })
	if err != nil || len(v.Faults) > 0 || v.Faults == nil || v.Commits != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	size, objects, err := r.Size()
	if err != nil || v.Objects != objects || v.Bytes != size {
		t.Errorf("verified %d objects, %d bytes; Size says %d, %d, %v", v.Objects, v.Bytes, objects, size, err)
	}
	checkReports(t, reports, "verifying")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Verify(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want it cancelled", err)
	}
}

func TestVerifyFinds(t *testing.T) {
	commitName := func(c object.Checksum) object.Name { return object.Name{Checksum: c, Kind: object.KindCommit} }
	tree := func(r *Repo, c object.Checksum) object.Name {
		commit, _ := r.Commit(c)
		return object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}
	}
	for _, c := range []struct {
		name   string
		spoil  func(t *testing.T, r *Repo, one, two object.Checksum) object.Name
		cause  string
		detail string
		path   string
		both   bool // commits need it, or the second alone
	}{
		{"missing file of both", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := fileObject(t, r, one, "usr/lib/passwd")
			os.Remove(r.path(n))
			return n
		}, "missing", "", "/usr/lib/passwd", true},
		{"missing file of one", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := fileObject(t, r, two, "usr/bin/git")
			os.Remove(r.path(n))
			return n
		}, "missing", "", "/usr/bin/git", false},
		{"exchanged file", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := fileObject(t, r, two, "usr/bin/git")
			data, _ := os.ReadFile(r.path(fileObject(t, r, one, "usr/bin/git")))
			os.WriteFile(r.path(n), data, 0o644)
			return n
		}, "corrupt", "", "/usr/bin/git", false},
		{"cut file", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := fileObject(t, r, two, "usr/bin/git")
			os.Truncate(r.path(n), 20)
			return n
		}, "malformed", "", "/usr/bin/git", false},
		{"flipped byte in a tree", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := tree(r, two)
			flip(t, r.path(n))
			return n
		}, "corrupt", "", "/", false},
		{"missing tree", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := tree(r, two)
			os.Remove(r.path(n))
			return n
		}, "missing", "", "/", false},
		{"missing dirmeta", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			commit, _ := r.Commit(one)
			n := object.Name{Checksum: commit.Meta, Kind: object.KindDirMeta}
			os.Remove(r.path(n))
			return n
		}, "missing", "", "/", true},
		{"missing commit", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			os.Remove(r.path(commitName(two)))
			return commitName(two)
		}, "missing", "refs/remotes/appliance/release/0.0.2 names it", "", false},
		{"flipped byte in a commit", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			flip(t, r.path(commitName(two)))
			return commitName(two)
		}, "corrupt", "release/0.0.2", "", false},
		{"partial commit", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			writeText(t, r.dir, partialMark(two), "")
			return commitName(two)
		}, "partial", "release/0.0.2", "", false},
		{"malformed signatures", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := object.Name{Checksum: two, Kind: object.KindCommitMeta}
			storeObject(t, r, n, []byte("?"))
			return n
		}, "malformed", "", "", false},
		{"object is a folder", func(t *testing.T, r *Repo, one, two object.Checksum) object.Name {
			n := fileObject(t, r, two, "usr/bin/git")
			os.Remove(r.path(n))
			os.Mkdir(r.path(n), 0o755)
			return n
		}, "unreadable", "", "/usr/bin/git", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepo(t, Options{})
			one := writeTree(t, r, smallTree(nil), "0.0.1", "", "a/b")
			two := writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "the second git"}), "0.0.2", one)
			if err := r.Hold(t.Context(), "release/0.0.2", two); err != nil {
				t.Fatal(err)
			}
			n := c.spoil(t, r, one, two)
			v, err := r.Verify(t.Context(), nil)
			if err != nil || len(v.Faults) != 1 {
				t.Fatalf("%+v, %v; want one fault", v, err)
			}
			f := v.Faults[0]
			if f.Object != n || f.Cause != c.cause || f.Path != c.path || !strings.Contains(f.Detail, c.detail) {
				t.Errorf("%+v", f)
			}
			want := []object.Checksum{two}
			if c.both {
				want = []object.Checksum{one, two}
			}
			if !slices.Equal(f.Commits, want) {
				t.Errorf("commits %v, want %v", f.Commits, want)
			}
		})
	}
}

// Faults do not hide each other, and a file that is no ref is one.
func TestVerifyFindsAll(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "", "a/b")
	for _, path := range []string{"usr/bin/git", "usr/bin/bash", "usr/lib/group"} {
		os.Remove(r.path(fileObject(t, r, c, path)))
	}
	writeText(t, r.dir, "refs/heads/bad", "?")
	v, err := r.Verify(t.Context(), nil)
	if err != nil || len(v.Faults) != 4 {
		t.Fatalf("%+v, %v; want 4 faults", v, err)
	}
	if f := v.Faults[0]; f.Cause != "malformed" || !strings.Contains(f.Detail, `"refs/heads/bad"`) {
		t.Errorf("%+v", f)
	}
}
