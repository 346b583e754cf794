package ostree

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edge/appliance/object"
)

// Of two copies of a repository the program prunes one and we the other.
func TestPruneAgreesCLI(t *testing.T) {
	needProgram(t, "ostree")
	for _, tombstones := range []string{"false", "true"} {
		t.Run("tombstones "+tombstones, func(t *testing.T) {
			theirs := filepath.Join(t.TempDir(), "repo")
			commitCLI(t, theirs, smallTree(map[string]string{"usr/bin/git": "one", "usr/old/x": "x"}), "a/b")
			commitCLI(t, theirs, smallTree(map[string]string{"usr/bin/git": "two"}), "a/b")
			commitCLI(t, theirs, smallTree(map[string]string{"usr/bin/git": "other"}), "c/d")
			commitCLI(t, theirs, smallTree(map[string]string{"usr/bin/git": "dropped", "usr/lib/group": "g"}), "e/f")
			runOSTree(t, "static-delta", "generate", "--repo="+theirs, "--empty", "--to=e/f")
			runOSTree(t, "static-delta", "generate", "--repo="+theirs, "--empty", "--to=c/d")
			runOSTree(t, "refs", "--repo="+theirs, "--delete", "e/f")
			held := runOSTree(t, "rev-parse", "--repo="+theirs, "a/b^")
			writeText(t, theirs, "refs/remotes/origin/x", held+"\n")
			writeText(t, theirs, "config", newConfig+"tombstone-commits="+tombstones+"\n")
			ours := filepath.Join(t.TempDir(), "repo")
			if err := os.CopyFS(ours, os.DirFS(theirs)); err != nil {
				t.Fatal(err)
			}
			runOSTree(t, "prune", "--repo="+theirs, "--refs-only", "--depth=0")
			r, err := Open(ours, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Prune(t.Context(), false, nil); err != nil {
				t.Fatal(err)
			}
			if a, b := prunedContent(t, theirs), prunedContent(t, ours); !slices.Equal(a, b) {
				t.Errorf("ostree leaves\n%s\nwe leave\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
			}
			runOSTree(t, "fsck", "--repo="+ours)
		})
	}
}

// prunedContent names every object, delta and mark, tombstones with their bytes.
func prunedContent(t *testing.T, dir string) []string {
	t.Helper()
	all := objectPaths(t, dir)
	for i, name := range all {
		if strings.HasSuffix(name, "tombstone-commit") {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all[i] += " " + string(object.ChecksumOf(data))
		}
	}
	for _, pattern := range []string{"deltas/??/*", "state/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, f := range found {
			name, _ := filepath.Rel(dir, f)
			all = append(all, name)
		}
	}
	return all
}
