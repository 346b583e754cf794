package object

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"edge/appliance/gvariant"
)

// peer runs the stock ostree program, which both sides of these tests are held to.
type peer struct {
	*testing.T
	repo string
}

// newPeer makes an empty archive repository with the stock program. Tests with peers take longer, so
// they wait for APPLIANCE_PEERS=1, as make test sets it; then the program must be there.
func newPeer(t *testing.T) peer {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	if _, err := exec.LookPath("ostree"); err != nil {
		t.Fatal("the ostree program is not installed")
	}
	p := peer{T: t, repo: filepath.Join(t.TempDir(), "repo")}
	p.ostree("init", "--mode=archive")
	p.ostree("config", "set", "core.fsync", "false")
	return p
}

func (p peer) ostree(verb string, args ...string) string {
	p.Helper()
	cmd := exec.Command("ostree", append([]string{verb, "--repo=" + p.repo}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // or it refuses names beyond ASCII
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("ostree %s %q: %v\n%s", verb, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p peer) read(path string) []byte {
	p.Helper()
	data, err := os.ReadFile(filepath.Join(p.repo, path))
	if err != nil {
		p.Fatal(err)
	}
	return data
}

func (p peer) write(path string, data []byte) {
	p.Helper()
	path = filepath.Join(p.repo, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		p.Fatal(err)
	}
}

// put stores a metadata object under its checksum.
func (p peer) put(kind Kind, data []byte) Checksum {
	p.Helper()
	sum := ChecksumOf(data)
	p.write("objects/"+Name{sum, kind}.Path(), data)
	return sum
}

// putFile stores a file object.
func (p peer) putFile(f File, content string) Checksum {
	p.Helper()
	var b bytes.Buffer
	f.Size = int64(len(content))
	sum, err := WriteFile(&b, f, strings.NewReader(content), 6)
	if err != nil {
		p.Fatal(err)
	}
	p.write("objects/"+Name{sum, KindFile}.Path(), b.Bytes())
	return sum
}

// plant makes a file tree with the things that are stored in their own way.
func plant(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	big := bytes.Repeat([]byte("all work and no play\n"), 20000)
	for name, content := range map[string][]byte{
		"usr/bin/tool": []byte("#!/bin/sh\n"), "usr/empty": nil, "usr/lib/big": big, "usr/etc/näme": []byte("x"),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, attr := range []string{"user.second", "user.first", "security.selinux"} {
			if err := syscall.Setxattr(path, attr, []byte("system_u:object_r:usr_t:s0\x00"), 0); err != nil {
				t.Logf("goes without attribute %s: %v", attr, err)
			}
		}
	}
	for i := range 300 { // a dirtree with wide offsets
		if err := os.WriteFile(filepath.Join(dir, "usr/lib", fmt.Sprintf("lib%03d.so", i)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../lib/big", filepath.Join(dir, "usr/bin/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "var"), 0o1777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// roundTrips reads every object, writes it again and compares the bytes.
func (p peer) roundTrips() map[Kind]int {
	p.Helper()
	kinds := map[Kind]int{}
	paths, err := filepath.Glob(filepath.Join(p.repo, "objects/??/*"))
	if err != nil {
		p.Fatal(err)
	}
	for _, path := range paths {
		rel, _ := filepath.Rel(filepath.Join(p.repo, "objects"), path)
		n, err := ParseName(rel)
		if err != nil {
			p.Fatal(err)
		}
		kinds[n.Kind]++
		data := p.read("objects/" + rel)
		if err := Verify(n, bytes.NewReader(data)); err != nil {
			p.Error(err)
		}
		if again := p.rewrite(n.Kind, data); !bytes.Equal(again, data) {
			p.Errorf("%s written again differs:\n%q\n%q", n, data, again)
		}
	}
	return kinds
}

// rewrite decodes an object and encodes it. Of a filez only what deflate does not
// decide is compared: the header, and the content.
func (p peer) rewrite(k Kind, data []byte) []byte {
	p.Helper()
	var again []byte
	var err error
	switch k {
	case KindCommit:
		var c Commit
		c, err = ParseCommit(data)
		again = c.Encode()
	case KindDirTree:
		var t Tree
		t, err = ParseTree(data)
		again = t.Encode()
	case KindDirMeta:
		var m Meta
		m, err = ParseMeta(data)
		again = m.Encode()
	case KindCommitMeta:
		var v gvariant.Value
		v, err = ParseDetached(data)
		again = v.Set("new", gvariant.Byte(1)).Delete("new").Data()
	case KindFile:
		again, err = p.rewriteFile(data)
	}
	if err != nil {
		p.Error(err)
	}
	return again
}

func (p peer) rewriteFile(data []byte) ([]byte, error) {
	f, content, err := ReadFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	sum, err := WriteFile(&b, f, bytes.NewReader(plain), 6)
	if err != nil {
		return nil, err
	}
	if _, want, err := SumFile(bytes.NewReader(data)); err != nil || sum != want {
		p.Errorf("checksum %s of the copy, %s of the original: %v", sum, want, err)
	}
	header := 8 + int(data[2])<<8 + int(data[3])
	if !bytes.Equal(b.Bytes()[:header], data[:header]) {
		return b.Bytes(), nil
	}
	return data, nil
}
