package ostree

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What tar unpacks is a repository that the program reads.
func TestExportCLI(t *testing.T) {
	needProgram(t, "ostree")
	needProgram(t, "tar")
	src := filepath.Join(t.TempDir(), "src")
	c := commitCLI(t, src, smallTree(nil), "rhel/9/x86_64/edge")
	r, err := Open(src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	archive, err := os.Create(filepath.Join(dir, "commit.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := r.Export(t.Context(), c, "rhel/9/x86_64/edge", archive); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tar", "-C", dir, "-xf", archive.Name()).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	repo := filepath.Join(dir, "repo")
	runOSTree(t, "fsck", "--repo="+repo)
	if got := runOSTree(t, "rev-parse", "--repo="+repo, "rhel/9/x86_64/edge"); got != string(c) {
		t.Errorf("ref names %s, want %s", got, c)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	runOSTree(t, "init", "--repo="+bare, "--mode=bare-user")
	runOSTree(t, "pull-local", "--repo="+bare, "--untrusted", repo)
}
