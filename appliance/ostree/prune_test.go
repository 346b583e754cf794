package ostree

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/object"
)

// prunable makes a repository with three releases, of which the published one, 0.0.3, and the held
// one, 0.0.1, stay.
func prunable(t *testing.T) (r *Repo, held, gone, published object.Checksum) {
	t.Helper()
	r = newRepo(t, Options{Signer: newSigner(t)})
	held = writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "one"}), "0.0.1", "")
	if err := r.Hold(t.Context(), "release/0.0.1", held); err != nil {
		t.Fatal(err)
	}
	gone = writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "two", "usr/old/file": "old"}), "0.0.2", held, "a/b")
	published = writeTree(t, r, smallTree(map[string]string{"usr/bin/git": "three"}), "0.0.3", gone, "a/b")
	if err := r.Drop(publishedHolds + string(gone)); err != nil {
		t.Fatal(err)
	}
	return r, held, gone, published
}

func TestPrune(t *testing.T) {
	r, held, gone, published := prunable(t)
	writeText(t, r.dir, partialMark(gone), "")
	writeText(t, r.dir, deltaFolder("", gone)+"/superblock", "delta to what goes")
	writeText(t, r.dir, deltaFolder(held, gone)+"/0", "an unfinished one")
	writeText(t, r.dir, deltaFolder(gone, published)+"/superblock", "delta from what goes")
	for _, to := range []object.Checksum{gone, published} {
		if err := r.indexDeltas(to); err != nil {
			t.Fatal(err)
		}
	}
	writeText(t, r.dir, "objects/ab/README", "not ours")
	before := objectPaths(t, r.dir)

	would, err := r.Prune(t.Context(), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if after := objectPaths(t, r.dir); !slices.Equal(before, after) {
		t.Error("a dry run removed something")
	}
	var reports []Progress
	did, err := r.Prune(t.Context(), false, func(p Progress) { reports = append(reports, p) })
	if err != nil || did != would {
		t.Errorf("pruned %+v, %v; the dry run said %+v", did, err, would)
	}
	checkReports(t, reports, "pruning")
	// Commit and its signatures; dirtrees /, /usr, bin, old; files git, old/file.
	if did.Removed != 8 || did.Deltas != 2 || did.Bytes == 0 || did.Kept != len(before)-1-8 {
		t.Errorf("pruned %+v of %d", did, len(before))
	}
	if r.has(object.Name{Checksum: gone, Kind: object.KindCommit}) {
		t.Error("the commit is still there")
	}
	if _, err := os.Stat(filepath.Join(r.dir, partialMark(gone))); err == nil {
		t.Error("its partial mark is still there")
	}
	if _, err := os.Stat(filepath.Join(r.dir, "objects/ab/README")); err != nil {
		t.Error("a file that is no object has gone")
	}
	if deltas, err := r.Deltas(); err != nil || len(deltas) != 1 || deltas[0].To != published {
		t.Errorf("deltas left: %+v, %v", deltas, err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, deltaIndex(gone))); err == nil {
		t.Error("the delta index is still there")
	}
	if v, err := r.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 || v.Commits != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	data, _ := os.ReadFile(filepath.Join(r.dir, "summary"))
	if s, err := object.ParseSummary(data); err != nil || len(s.Deltas) != 1 || len(s.Refs) != 1 {
		t.Errorf("summary %+v, %v", s, err)
	}
	if again, err := r.Prune(t.Context(), false, nil); err != nil || again.Removed != 0 || again.Deltas != 0 {
		t.Errorf("pruned again %+v, %v", again, err)
	}
}

// When it cannot be told what is needed, nothing may go.
func TestPruneRefusesDamage(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(r *Repo, held object.Checksum)
		want  error
	}{
		{"ref without checksum", func(r *Repo, held object.Checksum) {
			writeText(t, r.dir, "refs/remotes/origin/x", "")
		}, object.ErrBadName},
		{"missing tree", func(r *Repo, held object.Checksum) {
			commit, _ := r.Commit(held)
			os.Remove(r.path(object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}))
		}, ErrIncomplete},
		{"flipped byte in a tree", func(r *Repo, held object.Checksum) {
			commit, _ := r.Commit(held)
			flip(t, r.path(object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}))
		}, ErrIncomplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, held, _, _ := prunable(t)
			c.spoil(r, held)
			before := objectPaths(t, r.dir)
			if _, err := r.Prune(t.Context(), false, nil); !errors.Is(err, c.want) || errors.Is(err, ErrUnknown) {
				t.Errorf("%v; want %v", err, c.want)
			}
			if after := objectPaths(t, r.dir); !slices.Equal(before, after) {
				t.Error("something was removed")
			}
		})
	}
}

// Holes are what a partial commit is about; a ref to nothing leads to nothing.
func TestPruneBearsHoles(t *testing.T) {
	r, held, _, _ := prunable(t)
	commit, _ := r.Commit(held)
	os.Remove(r.path(object.Name{Checksum: commit.Tree, Kind: object.KindDirTree}))
	writeText(t, r.dir, partialMark(held), "")
	writeText(t, r.dir, "refs/mirrors/org.example.OS/x", strings.Repeat("ab", 32)+"\n")
	if p, err := r.Prune(t.Context(), false, nil); err != nil || p.Removed == 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if !r.has(object.Name{Checksum: held, Kind: object.KindCommit}) {
		t.Error("the partial commit has gone")
	}
}

// Whenever a prune ends, no commit that is left has a hole.
func TestPruneInterrupted(t *testing.T) {
	for n := range int64(8) {
		r, _, _, _ := prunable(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := r.Prune(ctx, false, func(p Progress) {
			if p.Done == n+1 {
				cancel()
			}
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, name := range objectPaths(t, r.dir) {
			o, err := object.ParseName(strings.TrimPrefix(name, "objects/"))
			if err != nil || o.Kind != object.KindCommit {
				continue
			}
			err = r.walk(t.Context(), o.Checksum, map[object.Name]struct{}{}, func(needed object.Name, path string) error {
				if !r.has(needed) {
					t.Errorf("after %d removals commit %s lacks %s", n+1, o.Checksum, path)
				}
				return nil
			})
			if err != nil {
				t.Errorf("commit %s: %v", o.Checksum, err)
			}
		}
		if p, err := r.Prune(t.Context(), false, nil); err != nil || p.Removed > 8-int(n) {
			t.Errorf("the next prune: %+v, %v", p, err)
		}
	}
}

func TestPruneWaitsForImport(t *testing.T) {
	r, _, _, _ := prunable(t)
	unlock, err := r.lock(t.Context(), shared)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Prune(ctx, false, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v; want to wait for the lock", err)
	}
	// Publishing goes on while somebody waits to prune.
	waiting := make(chan error)
	go func() {
		_, err := r.Prune(t.Context(), false, nil)
		waiting <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if _, err := r.Point(t.Context(), Pointing{Ref: "c/d", Commit: r.Refs()["a/b"]}); err != nil {
		t.Error(err)
	}
	unlock()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

func TestPruneTombstones(t *testing.T) {
	r, _, gone, published := prunable(t)
	writeText(t, r.dir, "config", newConfig+"tombstone-commits=true\n")
	r, err := Open(r.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prune(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	stone := func(c object.Checksum) string {
		n := object.Name{Checksum: c, Kind: object.KindCommit}
		return filepath.Join(r.dir, "objects", strings.TrimSuffix(n.Path(), "commit")+"tombstone-commit")
	}
	data, err := os.ReadFile(stone(gone))
	if err != nil || !bytes.Contains(data, []byte("commit\x00")) || !bytes.Contains(data, []byte(string(gone)+"\x00\x00ay")) {
		t.Errorf("tombstone %q, %v", data, err)
	}
	if _, err := os.Stat(stone(published)); err == nil {
		t.Error("a tombstone of a commit that is there")
	}
}
