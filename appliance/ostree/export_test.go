package ostree

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"edge/appliance/object"
)

func TestExport(t *testing.T) {
	r := newRepo(t, Options{Signer: newSigner(t)})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "", "rhel/9/x86_64/edge")
	var archive, again bytes.Buffer
	for _, b := range []*bytes.Buffer{&archive, &again} {
		if err := r.Export(t.Context(), c, "rhel/9/x86_64/edge", b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archive.Bytes(), again.Bytes()) {
		t.Error("two exports differ")
	}
	names, files := readTar(t, archive.Bytes())
	var compose map[string]string
	if err := json.Unmarshal(files["compose.json"], &compose); err != nil {
		t.Fatal(err)
	}
	if compose["ref"] != "rhel/9/x86_64/edge" || compose["ostree-commit"] != string(c) || compose["ostree-version"] != "0.0.1" || compose["ostree-timestamp"] != "2026-01-02T03:04:05Z" {
		t.Errorf("compose.json %v", compose)
	}
	if ref := string(files["repo/refs/heads/rhel/9/x86_64/edge"]); ref != string(c)+"\n" {
		t.Errorf("ref %q", ref)
	}
	if want := []string{"compose.json", "repo/", "repo/config"}; !slices.Equal(names[:3], want) {
		t.Errorf("it begins with %v", names[:3])
	}
	first := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, "repo/objects/") && !strings.HasSuffix(n, "/") })
	commit := object.Name{Checksum: c, Kind: object.KindCommit}
	if names[first] != "repo/objects/"+commit.Path() {
		t.Errorf("the first object is %q", names[first])
	}
	if paths := objectPaths(t, r.dir); len(paths) != countObjects(names) {
		t.Errorf("%d objects in the archive, %d in the repository", countObjects(names), len(paths))
	}

	dst := newRepo(t, Options{})
	got, err := dst.ImportTar(t.Context(), &archive, ImportOptions{Hold: "release/0.0.1"})
	if err != nil || got.Commit != c || got.Ref != "rhel/9/x86_64/edge" {
		t.Fatalf("imported %+v, %v", got, err)
	}
	if counts, err := dst.Signatures(c); err != nil || counts["ed25519"] != 1 {
		t.Errorf("signatures %v, %v", counts, err)
	}
}

// Without a ref the archive has none; its compose.json still names the commit.
func TestExportWithoutRef(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "")
	var archive bytes.Buffer
	if err := r.Export(t.Context(), c, "", &archive); err != nil {
		t.Fatal(err)
	}
	got, err := newRepo(t, Options{}).ImportTar(t.Context(), &archive, ImportOptions{Hold: "release/0.0.1"})
	if err != nil || got.Commit != c || got.Ref != "" {
		t.Errorf("imported %+v, %v", got, err)
	}
}

func readTar(t *testing.T, archive []byte) (names []string, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{}
	for in := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := in.Next()
		if err == io.EOF {
			return names, files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.ModTime.Unix() != 1767323045 {
			t.Errorf("member %q tells of this machine: %+v", h.Name, h)
		}
		names = append(names, h.Name)
		if files[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
}

func countObjects(names []string) (n int) {
	for _, name := range names {
		if strings.HasPrefix(name, "repo/objects/") && !strings.HasSuffix(name, "/") {
			n++
		}
	}
	return n
}

func TestExportFails(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "", "a/b")
	if err := r.Export(t.Context(), object.ChecksumOf(nil), "a/b", io.Discard); !errors.Is(err, ErrUnknown) {
		t.Errorf("a commit that is not there: %v", err)
	}
	if err := r.Export(t.Context(), c, "a/b", failing{}); !errors.Is(err, errFull) {
		t.Errorf("a writer that fails: %v", err)
	}
	os.Remove(r.path(fileObject(t, r, c, "usr/bin/git")))
	var archive bytes.Buffer
	if err := r.Export(t.Context(), c, "a/b", &archive); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a commit with a hole: %v", err)
	}
	dst := newRepo(t, Options{})
	if _, err := dst.ImportTar(t.Context(), &archive, ImportOptions{Hold: "x"}); err == nil {
		t.Error("an export that failed was imported")
	}
	checkUntouched(t, dst)
	writeText(t, r.dir, partialMark(c), "")
	if err := r.Export(t.Context(), c, "a/b", io.Discard); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a partial commit: %v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
