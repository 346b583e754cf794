package release

import (
	"archive/tar"
	"bytes"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/object"
	"edge/appliance/rpm"
)

// content is a small commit that no composer made.
type content struct {
	time     time.Time
	version  string
	bound    []string // nil: not bound
	packages []rpm.Package
	unlisted bool              // no package list at all
	files    map[string]string // in usr/lib
}

// plain is a commit without faults.
func plain(at time.Time) content {
	return content{
		time: at, bound: []string{string(ref)}, packages: []rpm.Package{{Name: "bash", Version: "5", Release: "1", Arch: "x86_64"}},
		files: map[string]string{"passwd": "root:x:0:0::/root:/bin/sh\nchrony:x:990:990::/:/bin/false\n", "group": "chrony:x:990:\n"},
	}
}

// archive writes the commit as an edge-commit archive.
func (c content) archive(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	write := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	put := func(kind object.Kind, sum object.Checksum, data []byte) object.Checksum {
		write("repo/objects/"+object.Name{Checksum: sum, Kind: kind}.Path(), data)
		return sum
	}
	meta := object.Meta{Mode: 0o40755}.Encode()
	dirmeta := put(object.KindDirMeta, object.ChecksumOf(meta), meta)
	tree := object.Tree{}
	for name, text := range c.files {
		var filez bytes.Buffer
		sum, err := object.WriteFile(&filez, object.File{Mode: 0o100644, Size: int64(len(text))}, bytes.NewReader([]byte(text)), 6)
		if err != nil {
			t.Fatal(err)
		}
		tree.Files = append(tree.Files, object.FileEntry{Name: name, Checksum: put(object.KindFile, sum, filez.Bytes())})
	}
	dirtree := put(object.KindDirTree, object.ChecksumOf(tree.Encode()), tree.Encode())
	for _, name := range []string{"lib", "usr"} {
		tree = object.Tree{Dirs: []object.DirEntry{{Name: name, Tree: dirtree, Meta: dirmeta}}}
		dirtree = put(object.KindDirTree, object.ChecksumOf(tree.Encode()), tree.Encode())
	}
	commit := object.Commit{Metadata: c.metadata(), Subject: "a test's", Time: c.time, Tree: dirtree, Meta: dirmeta}.Encode()
	sum := put(object.KindCommit, object.ChecksumOf(commit), commit)
	write("repo/refs/heads/"+string(ref), []byte(sum+"\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (c content) metadata() gvariant.Value {
	var entries []gvariant.Entry
	if c.version != "" {
		entries = append(entries, gvariant.Entry{Key: "version", Value: gvariant.Str(c.version)})
	}
	if c.bound != nil {
		var refs []gvariant.Value
		for _, r := range c.bound {
			refs = append(refs, gvariant.Str(r))
		}
		entries = append(entries, gvariant.Entry{Key: "ostree.ref-binding", Value: gvariant.Array("s", refs...)})
	}
	if !c.unlisted {
		entries = append(entries, gvariant.Entry{Key: "rpmostree.rpmdb.pkglist", Value: object.PackageList(c.packages)})
	}
	return gvariant.Dict(entries...)
}
