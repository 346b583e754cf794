package ostree

import (
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/object"
)

func TestMakeDeltaCLI(t *testing.T) {
	needProgram(t, "ostree")
	r := newRepo(t, Options{})
	big := strings.Repeat("0123456789abcdef", 20_000)
	one := writeTree(t, r, smallTree(map[string]string{"usr/share/big": big}), "1", "", "a/b")
	two := writeTree(t, r, smallTree(map[string]string{"usr/share/big": big + "more"}), "2", one, "a/b")
	for _, from := range []object.Checksum{"", one} {
		d, err := r.MakeDelta(t.Context(), from, two)
		if err != nil || d.From != from || d.To != two || d.Size == 0 {
			t.Fatalf("made %+v, %v", d, err)
		}
		if again, err := r.MakeDelta(t.Context(), from, two); err != nil || again != d {
			t.Errorf("made again %+v, %v", again, err)
		}
	}
	if c, err := readConfig(r.dir); err != nil || c.archive() != nil {
		t.Errorf("the config is now %+v, %v", c, err)
	}
	ours := readIndex(t, r, two)
	runOSTree(t, "static-delta", "reindex", "--repo="+r.dir)
	theirs := readIndex(t, r, two)
	if len(ours) != 2 || ours[string(two)] != theirs[string(two)] || ours[deltaKey(one, two)] != theirs[deltaKey(one, two)] {
		t.Errorf("our index %v, ostree's %v", ours, theirs)
	}
	if list := runOSTree(t, "static-delta", "list", "--repo="+r.dir); !strings.Contains(list, deltaKey(one, two)) {
		t.Errorf("ostree lists %q", list)
	}
	runOSTree(t, "fsck", "--repo="+r.dir)
	base := serveDir(t, r.dir, nil)
	if err := pullDelta(t, base, ""); err != nil {
		t.Errorf("from nothing: %v", err)
	}
	if err := pullDelta(t, base, one); err != nil {
		t.Errorf("from the release before: %v", err)
	}
	for _, from := range []object.Checksum{"", one} { // a client that has one could use either
		if err := r.WithdrawDelta(t.Context(), from, two); err != nil {
			t.Fatal(err)
		}
		if err := pullDelta(t, base, from); err == nil {
			t.Errorf("the delta from %q is used after it was withdrawn", from)
		}
	}
}

// pullDelta pulls a/b into a new repository, which has the objects of from if there is one, and
// accepts nothing but a delta.
func pullDelta(t *testing.T, base string, from object.Checksum) error {
	t.Helper()
	dst := "--repo=" + filepath.Join(t.TempDir(), "client")
	runOSTree(t, "init", dst, "--mode=bare-user")
	runOSTree(t, "remote", "add", dst, "--no-gpg-verify", "origin", strings.TrimSuffix(base, "/"))
	if from != "" {
		runOSTree(t, "pull", dst, "--disable-static-deltas", "origin", "a/b@"+string(from))
	}
	if _, err := tryOSTree(t, "pull", dst, "--require-static-deltas", "origin", "a/b"); err != nil {
		return err
	}
	_, err := tryOSTree(t, "fsck", dst)
	return err
}
