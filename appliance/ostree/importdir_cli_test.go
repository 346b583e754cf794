package ostree

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The program writes, we read, the program checks.
func TestImportDirCLI(t *testing.T) {
	needProgram(t, "ostree")
	src := filepath.Join(t.TempDir(), "src")
	commitCLI(t, src, smallTree(nil), "rhel/9/x86_64/edge")
	c := commitCLI(t, src, smallTree(map[string]string{"usr/bin/zsh": strings.Repeat("z", 70_000)}), "rhel/9/x86_64/edge")
	dst := newRepo(t, Options{})
	got, err := dst.ImportDir(t.Context(), src, ImportOptions{Hold: "release/0.0.1"})
	if err != nil || got.Commit != c || got.Ref != "rhel/9/x86_64/edge" {
		t.Fatalf("%+v, %v; want commit %s", got, err, c)
	}
	if _, err := dst.Point(t.Context(), Pointing{Ref: got.Ref, Commit: got.Commit}); err != nil {
		t.Fatal(err)
	}
	runOSTree(t, "fsck", "--repo="+dst.dir)
	if a, b := runOSTree(t, "ls", "-RC", "--repo="+src, string(c)), runOSTree(t, "ls", "-RC", "--repo="+dst.dir, string(c)); a != b {
		t.Errorf("trees differ:\n%s\n%s", a, b)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	runOSTree(t, "init", "--repo="+bare, "--mode=bare-user")
	if _, err := dst.ImportDir(t.Context(), bare, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "bare-user") {
		t.Errorf("import from a bare-user repository: %v", err)
	}
}

// The source may not be pruned while it is read.
func TestImportDirLocksSourceCLI(t *testing.T) {
	needProgram(t, "ostree")
	src := filepath.Join(t.TempDir(), "src")
	commitCLI(t, src, smallTree(nil), "a/b")
	dst := newRepo(t, Options{})
	pruned := make(chan struct{})
	started := false
	_, err := dst.ImportDir(t.Context(), src, ImportOptions{Report: func(Progress) {
		if started {
			return
		}
		started = true
		go func() {
			defer close(pruned)
			if _, err := tryOSTree(t, "prune", "--repo="+src, "--refs-only"); err != nil {
				t.Error(err)
			}
		}()
		select {
		case <-pruned:
			t.Error("ostree prune ran while we read")
		case <-time.After(700 * time.Millisecond):
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-pruned
}
