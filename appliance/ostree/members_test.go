package ostree

import (
	"archive/tar"
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

const testRef = object.Ref("rhel/9/x86_64/edge")

// packed is one member of an archive that a test makes, and may spoil.
type packed struct {
	name string
	data []byte
	flag byte // 0: a regular file
	link string
}

// sampleArchive makes the members of an edge-commit archive: compose.json, config, ref, objects.
func sampleArchive(t testing.TB, files map[string]string, version string, parent object.Checksum) (object.Checksum, []packed) {
	t.Helper()
	objects := map[object.Name][]byte{}
	put := func(kind object.Kind, data []byte) object.Checksum {
		c := object.ChecksumOf(data)
		objects[object.Name{Checksum: c, Kind: kind}] = data
		return c
	}
	meta := put(object.KindDirMeta, object.Meta{Mode: 0o40755}.Encode())
	var folder func(dir string) object.Checksum
	folder = func(dir string) object.Checksum {
		var tree object.Tree
		dirs := map[string]bool{}
		for name, content := range files {
			below, ok := strings.CutPrefix(name, dir)
			if !ok {
				continue
			}
			if first, _, deeper := strings.Cut(below, "/"); deeper {
				dirs[first] = true
				continue
			}
			var filez bytes.Buffer
			c, err := object.WriteFile(&filez, object.File{Size: int64(len(content)), Mode: 0o100644}, strings.NewReader(content), 6)
			if err != nil {
				t.Fatal(err)
			}
			objects[object.Name{Checksum: c, Kind: object.KindFile}] = filez.Bytes()
			tree.Files = append(tree.Files, object.FileEntry{Name: below, Checksum: c})
		}
		for d := range dirs {
			tree.Dirs = append(tree.Dirs, object.DirEntry{Name: d, Tree: folder(dir + d + "/"), Meta: meta})
		}
		return put(object.KindDirTree, tree.Encode())
	}
	commit := put(object.KindCommit, object.Commit{
		Metadata: gvariant.Dict(gvariant.Entry{Key: "version", Value: gvariant.Str(version)}),
		Parent:   parent, Subject: "release " + version, Time: time.Unix(1_700_000_000, 0).UTC(),
		Tree: folder(""), Meta: meta,
	}.Encode())
	entries := []packed{
		{name: "compose.json", data: []byte(`{"ref": "` + string(testRef) + `", "ostree-commit": "` + string(commit) + `"}`)},
		{name: "repo/", flag: tar.TypeDir},
		{name: "repo/config", data: []byte("[core]\nrepo_version=1\nmode=archive-z2\n")},
		{name: "repo/refs/heads/" + string(testRef), data: []byte(commit + "\n")},
	}
	names := slices.SortedFunc(maps.Keys(objects), func(a, b object.Name) int { return strings.Compare(a.Path(), b.Path()) })
	for _, n := range names {
		entries = append(entries, packed{name: "repo/objects/" + n.Path(), data: objects[n]})
	}
	return commit, entries
}

// pack writes entries as a tar.
func pack(t testing.TB, entries []packed, format tar.Format) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.flag, Linkname: e.link, Mode: 0o644, Format: format}
		if e.flag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.data))
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// spoil returns a copy of entries in which the first member with the extension is changed by f.
func spoil(t testing.TB, entries []packed, ext string, f func(e *packed)) []packed {
	t.Helper()
	entries = slices.Clone(entries)
	for i := range entries {
		if path.Ext(entries[i].name) == ext {
			entries[i].data = bytes.Clone(entries[i].data)
			f(&entries[i])
			return entries
		}
	}
	t.Fatalf("no member ends in %s", ext)
	return nil
}
