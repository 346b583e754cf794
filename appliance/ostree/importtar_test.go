package ostree

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"edge/appliance/object"
)

var sampleFiles = map[string]string{
	"usr/bin/git": "#!/bin/sh\necho git\n", "usr/lib/os-release": "NAME=edge\n", "usr/lib/empty": "",
	"usr/share/doc/a/b/c/readme": strings.Repeat("words ", 5000),
}

func TestImportTarForms(t *testing.T) {
	commit, entries := sampleArchive(t, sampleFiles, "0.0.1", "")
	dotted := make([]packed, len(entries))
	for i, e := range entries {
		dotted[i] = e
		dotted[i].name = "./" + e.name
	}
	bare := entries[2:] // neither compose.json nor the folder
	for name, archive := range map[string][]byte{
		"plain GNU":       pack(t, entries, tar.FormatGNU),
		"plain PAX":       pack(t, entries, tar.FormatPAX),
		"dotted":          pack(t, dotted, tar.FormatGNU),
		"no compose.json": pack(t, bare, tar.FormatUSTAR),
		"objects only":    pack(t, bare[2:], tar.FormatUSTAR),
		"gzip":            gzipped(t, pack(t, entries, tar.FormatGNU)),
		"zstd":            zstded(t, pack(t, entries, tar.FormatGNU)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, Options{})
			got, err := r.ImportTar(t.Context(), struct{ io.Reader }{bytes.NewReader(archive)}, ImportOptions{Hold: "release/0.0.1"})
			if err != nil || got.Commit != commit || got.New != got.Objects || got.New == 0 {
				t.Fatalf("ImportTar = %+v, %v; want commit %s", got, err, commit)
			}
			again, err := r.ImportTar(t.Context(), bytes.NewReader(archive), ImportOptions{Hold: "release/0.0.1"})
			if err != nil || again.New != 0 || again.Objects != got.Objects || again.Size != got.Size {
				t.Errorf("again: %+v, %v; want nothing new and %d objects of %d bytes", again, err, got.Objects, got.Size)
			}
			if err := r.Complete(commit); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestImportTarRefuses(t *testing.T) {
	commit, good := sampleArchive(t, sampleFiles, "0.0.1", "")
	add := func(e ...packed) []packed { return append(append([]packed{}, good...), e...) }
	flip := func(e *packed) { e.data[len(e.data)/2] ^= 0x10 }
	whole := pack(t, good, tar.FormatGNU)
	for _, tt := range []struct {
		name    string
		archive []byte
		o       ImportOptions
		want    error
	}{
		{"empty", nil, ImportOptions{}, ErrArchive},
		{"text", []byte("this is no archive at all, only a few words in a file\n"), ImportOptions{}, ErrArchive},
		{"cut in a member", whole[:len(whole)/2-100], ImportOptions{}, ErrArchive},
		{"cut gzip", gzipped(t, whole)[:400], ImportOptions{}, ErrArchive},
		{"flipped byte in filez", pack(t, spoil(t, good, ".filez", flip), tar.FormatGNU), ImportOptions{}, object.ErrMalformed},
		{"another owner in filez", pack(t, spoil(t, good, ".filez", func(e *packed) { e.data[19] ^= 1 }), tar.FormatGNU), ImportOptions{}, object.ErrCorrupt},
		{"flipped byte in dirtree", pack(t, spoil(t, good, ".dirtree", flip), tar.FormatGNU), ImportOptions{}, object.ErrCorrupt},
		{"flipped byte in dirmeta", pack(t, spoil(t, good, ".dirmeta", flip), tar.FormatGNU), ImportOptions{}, object.ErrCorrupt},
		{"flipped byte in commit", pack(t, spoil(t, good, ".commit", flip), tar.FormatGNU), ImportOptions{}, object.ErrCorrupt},
		{"missing filez", pack(t, spoil(t, good, ".filez", func(e *packed) { e.name = "repo/readme" }), tar.FormatGNU), ImportOptions{}, ErrIncomplete},
		{"missing dirtree", pack(t, spoil(t, good, ".dirtree", func(e *packed) { e.name = "repo/readme" }), tar.FormatGNU), ImportOptions{}, ErrIncomplete},
		{"missing commit", pack(t, spoil(t, good, ".commit", func(e *packed) { e.name = "repo/readme" }), tar.FormatGNU), ImportOptions{}, ErrIncomplete},
		{"garbage behind a filez", pack(t, spoil(t, good, ".filez", func(e *packed) { e.data = append(e.data, 1, 2, 3) }), tar.FormatGNU), ImportOptions{}, object.ErrMalformed},
		{"member twice", pack(t, add(good[len(good)-1]), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"path upwards", pack(t, add(packed{name: "repo/objects/../../../etc/passwd", data: []byte("x")}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"absolute path", pack(t, add(packed{name: "/repo/objects/aa/x.filez", data: []byte("x")}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"odd object name", pack(t, add(packed{name: "repo/objects/aa/short.filez", data: []byte("x")}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"symbolic link", pack(t, add(packed{name: "repo/objects/aa", flag: tar.TypeSymlink, link: "/etc"}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"hard link", pack(t, add(packed{name: "repo/tmp/x", flag: tar.TypeLink, link: "/etc/passwd"}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"device", pack(t, add(packed{name: "repo/dev", flag: tar.TypeChar}), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"bare repository", pack(t, append([]packed{{name: "repo/config", data: []byte("[core]\nrepo_version=1\nmode=bare-user\n")}}, good[3:]...), tar.FormatGNU), ImportOptions{}, ErrUnsupported},
		{"partial commit", pack(t, add(packed{name: "repo/state/" + string(commit) + ".commitpartial"}), tar.FormatGNU), ImportOptions{}, ErrIncomplete},
		{"malformed compose.json", pack(t, append([]packed{{name: "compose.json", data: []byte("{")}}, good[1:]...), tar.FormatGNU), ImportOptions{}, ErrArchive},
		{"wrong ref", whole, ImportOptions{Ref: "fedora/iot"}, ErrMismatch},
		{"wrong commit", whole, ImportOptions{Commit: object.Checksum(strings.Repeat("ab", 32))}, ErrMismatch},
		{"two refs", pack(t, append([]packed{{name: "repo/refs/heads/b", data: []byte(commit + "\n")}}, good[1:]...), tar.FormatGNU), ImportOptions{}, ErrMismatch},
		{"no commit", pack(t, good[:3], tar.FormatGNU), ImportOptions{}, ErrIncomplete},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepo(t, Options{})
			tt.o.Hold = "release/0.0.1"
			_, err := r.ImportTar(t.Context(), bytes.NewReader(tt.archive), tt.o)
			if !errors.Is(err, tt.want) {
				t.Errorf("ImportTar: %v, want %v", err, tt.want)
			}
			if left := objectPaths(t, r.dir); len(left) > 0 {
				t.Errorf("it left objects behind: %v", left)
			}
			if names, _ := readNames(r.dir + "/tmp"); len(names) != 1 { // cache
				t.Errorf("it left files behind in tmp: %v", names)
			}
			if holds, _ := r.Holds(); len(holds) > 0 {
				t.Errorf("it left holds behind: %v", holds)
			}
		})
	}
}

// A filez whose header promises a few bytes and whose stream holds gigabytes of zeros is stopped at
// the promise; so is one that promises more than any limit.
func TestImportTarBomb(t *testing.T) {
	bomb := func(size int64) []byte {
		var out bytes.Buffer
		if _, err := object.WriteFile(&out, object.File{Size: 32 << 20, Mode: 0o100644}, io.LimitReader(zeros{}, 32<<20), 9); err != nil {
			t.Fatal(err)
		}
		data := out.Bytes()
		for i := range 8 { // the size is the first member of the header, big-endian
			data[8+i] = byte(size >> (56 - 8*i))
		}
		return data
	}
	_, good := sampleArchive(t, sampleFiles, "0.0.1", "")
	for name, size := range map[string]int64{"promises less": 10, "promises too much": object.MaxContent + 1, "promises more": 33 << 20} {
		entries := append(good[:len(good):len(good)], packed{name: "repo/objects/ab/" + strings.Repeat("c", 62) + ".filez", data: bomb(size)})
		r := newRepo(t, Options{})
		_, err := r.ImportTar(t.Context(), bytes.NewReader(pack(t, entries, tar.FormatGNU)), ImportOptions{})
		if !errors.Is(err, object.ErrMalformed) && !errors.Is(err, object.ErrTooLarge) {
			t.Errorf("%s: %v, want malformed or too large", name, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestImportTarCancelled(t *testing.T) {
	_, entries := sampleArchive(t, sampleFiles, "0.0.1", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRepo(t, Options{})
	if _, err := r.ImportTar(ctx, bytes.NewReader(pack(t, entries, tar.FormatGNU)), ImportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ImportTar with a cancelled context: %v", err)
	}
}

func TestImportTarStamp(t *testing.T) {
	commit, entries := sampleArchive(t, sampleFiles, "9.1", "")
	r := newRepo(t, Options{})
	got, err := r.ImportTar(t.Context(), bytes.NewReader(pack(t, entries, tar.FormatGNU)), ImportOptions{Hold: "release/0.0.2", Stamp: "0.0.2"})
	if err != nil || got.Source != commit || got.Commit == commit {
		t.Fatalf("ImportTar = %+v, %v; want a re-stamp of %s", got, err, commit)
	}
	c, err := r.Commit(got.Commit)
	if err != nil || c.Version() != "0.0.2" || c.Subject != "release 9.1" {
		t.Errorf("the re-stamp is %+v, %v", c, err)
	}
	if holds, _ := r.Holds(); holds["release/0.0.2"] != got.Commit {
		t.Errorf("holds = %v, want %s", holds, got.Commit)
	}
}

func FuzzImportTar(f *testing.F) {
	_, entries := sampleArchive(f, map[string]string{"a": "b", "c/d": "e"}, "1.0.0", "")
	whole := pack(f, entries, tar.FormatGNU)
	f.Add(whole)
	f.Add(gzipped(f, whole))
	f.Add(pack(f, entries[3:], tar.FormatPAX))
	f.Fuzz(func(t *testing.T, archive []byte) {
		r := newRepo(t, Options{})
		got, err := r.ImportTar(t.Context(), bytes.NewReader(archive), ImportOptions{Hold: "release/1.0.0"})
		if err != nil {
			if left := objectPaths(t, r.dir); len(left) > 0 {
				t.Fatalf("refused with %v and left %v", err, left)
			}
			return
		}
		v, err := r.Verify(t.Context(), nil)
		if err != nil || len(v.Faults) > 0 || v.Objects != got.Objects {
			t.Fatalf("accepted %+v, but verify says %+v, %v", got, v, err)
		}
	})
}

func gzipped(t testing.TB, data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, data []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(data, nil)
}
