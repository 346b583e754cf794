package ostree

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// The program writes, a plain web server serves, we pull, the program checks.
func TestPullCLI(t *testing.T) {
	needProgram(t, "ostree")
	dir := filepath.Join(t.TempDir(), "src")
	files := smallTree(map[string]string{"usr/share/big": strings.Repeat("0123456789", 200_000)})
	for i := range 300 {
		files[fmt.Sprintf("usr/share/many/%d/%d", i%20, i)] = fmt.Sprint("file ", i)
	}
	c := commitCLI(t, dir, files, "rhel/9/x86_64/edge")
	base := serveDir(t, dir, nil) // it has no summary yet
	dst := newRepo(t, Options{})
	got, err := dst.Pull(t.Context(), base, ImportOptions{Ref: "rhel/9/x86_64/edge", Hold: "release/0.0.1"})
	if err != nil || got.Commit != c {
		t.Fatalf("%+v, %v; want commit %s", got, err, c)
	}
	runOSTree(t, "summary", "--repo="+dir, "--update")
	if got, err := dst.Pull(t.Context(), base, ImportOptions{}); err != nil || got.Commit != c || got.Ref != "rhel/9/x86_64/edge" || got.New != 0 {
		t.Errorf("again: %+v, %v", got, err)
	}
	if _, err := dst.Point(t.Context(), Pointing{Ref: got.Ref, Commit: c}); err != nil {
		t.Fatal(err)
	}
	runOSTree(t, "fsck", "--repo="+dst.dir)
	if a, b := runOSTree(t, "ls", "-RC", "--repo="+dir, string(c)), runOSTree(t, "ls", "-RC", "--repo="+dst.dir, string(c)); a != b {
		t.Error("the trees differ")
	}
}
