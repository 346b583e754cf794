package ostree

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

// newRepo opens an empty repository.
func newRepo(t testing.TB, o Options) *Repo {
	t.Helper()
	r, err := Open(filepath.Join(t.TempDir(), "repo"), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// writeTree commits files (path -> content; "-> target" is a symbolic link, a path that ends with a
// slash an empty directory, what lies in a folder bin is executable) straight into r's objects, and
// publishes the commit under refs. A commit is an hour younger than its parent.
func writeTree(t testing.TB, r *Repo, files map[string]string, version string, parent object.Checksum, refs ...object.Ref) object.Checksum {
	t.Helper()
	entries := []gvariant.Entry{{Key: "version", Value: gvariant.Str(version)}}
	var bound []gvariant.Value
	for _, ref := range refs {
		bound = append(bound, gvariant.Str(string(ref)))
	}
	if len(bound) > 0 {
		entries = append(entries, gvariant.Entry{Key: "ostree.ref-binding", Value: gvariant.Array("s", bound...)})
	}
	c := object.Commit{
		Metadata: gvariant.Dict(entries...), Parent: parent, Subject: "Release " + version,
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if parent != "" {
		before, err := r.Commit(parent)
		if err != nil {
			t.Fatal(err)
		}
		c.Time = before.Time.Add(time.Hour)
	}
	c.Tree = writeFolder(t, r, files, "")
	c.Meta = writeMeta(t, r)
	sum := writeObject(t, r, object.KindCommit, c.Encode())
	for _, ref := range refs {
		if _, err := r.Point(context.Background(), Pointing{Ref: ref, Commit: sum}); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func writeFolder(t testing.TB, r *Repo, files map[string]string, folder string) object.Checksum {
	t.Helper()
	var tree object.Tree
	below := map[string]bool{}
	for name, content := range files {
		rest, ok := strings.CutPrefix(name, folder)
		if !ok || rest == "" {
			continue
		}
		if first, _, deeper := strings.Cut(rest, "/"); deeper {
			below[first] = true
			continue
		}
		tree.Files = append(tree.Files, object.FileEntry{Name: rest, Checksum: writeContent(t, r, name, content)})
	}
	for name := range below {
		tree.Dirs = append(tree.Dirs, object.DirEntry{
			Name: name, Tree: writeFolder(t, r, files, folder+name+"/"), Meta: writeMeta(t, r),
		})
	}
	sort.Slice(tree.Files, func(i, j int) bool { return tree.Files[i].Name < tree.Files[j].Name })
	sort.Slice(tree.Dirs, func(i, j int) bool { return tree.Dirs[i].Name < tree.Dirs[j].Name })
	return writeObject(t, r, object.KindDirTree, tree.Encode())
}

func writeMeta(t testing.TB, r *Repo) object.Checksum {
	t.Helper()
	return writeObject(t, r, object.KindDirMeta, object.Meta{Mode: 0o040755}.Encode())
}

func writeContent(t testing.TB, r *Repo, name, content string) object.Checksum {
	t.Helper()
	f := object.File{Size: int64(len(content)), Mode: 0o100644}
	if path.Base(path.Dir(name)) == "bin" {
		f.Mode = 0o100755
	}
	if target, ok := strings.CutPrefix(content, "-> "); ok {
		f, content = object.File{Mode: 0o120777, Target: target}, ""
	}
	var filez bytes.Buffer
	sum, err := object.WriteFile(&filez, f, strings.NewReader(content), 6)
	if err != nil {
		t.Fatal(err)
	}
	storeObject(t, r, object.Name{Checksum: sum, Kind: object.KindFile}, filez.Bytes())
	return sum
}

func writeObject(t testing.TB, r *Repo, kind object.Kind, data []byte) object.Checksum {
	t.Helper()
	sum := object.ChecksumOf(data)
	storeObject(t, r, object.Name{Checksum: sum, Kind: kind}, data)
	return sum
}

func storeObject(t testing.TB, r *Repo, n object.Name, data []byte) {
	t.Helper()
	if r.has(n) {
		return
	}
	if err := os.MkdirAll(filepath.Dir(r.path(n)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path(n), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// smallTree is a tree like a system's, in small; more adds to it or replaces.
func smallTree(more map[string]string) map[string]string {
	files := map[string]string{
		"usr/bin/git":        "#!/bin/sh\necho usage: git\n",
		"usr/bin/sh":         "-> bash",
		"usr/bin/bash":       strings.Repeat("bash ", 1000),
		"usr/lib/passwd":     "root:x:0:0:root:/root:/bin/bash\n",
		"usr/lib/group":      "root:x:0:\n",
		"usr/etc/os-release": "NAME=Sample\n",
		"usr/share/empty/":   "",
	}
	for name, content := range more {
		files[name] = content
	}
	return files
}

// objectPaths lists what lies in objects/.
func objectPaths(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "objects", "??", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i], _ = filepath.Rel(dir, found[i])
	}
	return found
}

// fileObject is the object of a file in a commit's tree.
func fileObject(t testing.TB, r *Repo, c object.Checksum, path string) object.Name {
	t.Helper()
	sum, err := r.findFile(c, path)
	if err != nil {
		t.Fatal(err)
	}
	return object.Name{Checksum: sum, Kind: object.KindFile}
}

// flip changes one byte in the middle of a file.
func flip(t testing.TB, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 0x40
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// needProgram skips a test that needs a real peer unless APPLIANCE_PEERS=1, as make test sets it; then
// the program must be there.
func needProgram(t testing.TB, program string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not installed", program)
	}
}

// runOSTree runs the real program and returns what it prints; it skips the test without one.
func runOSTree(t testing.TB, args ...string) string {
	t.Helper()
	out, err := tryOSTree(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryOSTree(t testing.TB, args ...string) (string, error) {
	t.Helper()
	needProgram(t, "ostree")
	cmd := exec.Command("ostree", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ostree %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// commitCLI makes an archive repository with the real program and commits files under ref.
func commitCLI(t testing.TB, dir string, files map[string]string, ref string) object.Checksum {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		runOSTree(t, "init", "--repo="+dir, "--mode=archive")
	}
	tree := t.TempDir()
	for name, content := range files {
		full := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		target, link := strings.CutPrefix(content, "-> ")
		var err error
		switch {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(full, 0o755)
		case link:
			err = os.Symlink(target, full)
		default:
			err = os.WriteFile(full, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return object.Checksum(runOSTree(t, "commit", "--repo="+dir, "--branch="+ref, "--subject=by the program",
		"--owner-uid=0", "--owner-gid=0", "--tree=dir="+tree))
}
