package object

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"edge/appliance/gvariant"
)

func TestVerify(t *testing.T) {
	file, sum := filez(t, File{Mode: 0o100644}, "text")
	commit, tree, meta := sampleCommit().Encode(), Tree{Files: []FileEntry{{"a", someSum}}}.Encode(), Meta{Mode: 0o040755}.Encode()
	signed := AddSignature(gvariant.Value{}, KeyEd25519, []byte("s")).Data()
	for n, data := range map[Name][]byte{
		{sum, KindFile}:                      file,
		{ChecksumOf(commit), KindCommit}:     commit,
		{ChecksumOf(tree), KindDirTree}:      tree,
		{ChecksumOf(meta), KindDirMeta}:      meta,
		{ChecksumOf(commit), KindCommitMeta}: signed,
	} {
		if err := Verify(n, bytes.NewReader(data)); err != nil {
			t.Error(err)
		}
		if n.Kind == KindCommitMeta {
			continue
		}
		other := Name{someSum, n.Kind}
		if err := Verify(other, bytes.NewReader(data)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), other.String()) {
			t.Errorf("%s under another name: %v", n.Kind, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	junk := []byte("junk")
	for _, k := range []Kind{KindCommit, KindDirTree, KindDirMeta, KindFile, KindCommitMeta} {
		if err := Verify(Name{ChecksumOf(junk), k}, bytes.NewReader(junk)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s that is junk: %v", k, err)
		}
		if err := Verify(Name{someSum, k}, iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s that cannot be read: %v", k, err)
		}
	}
	endless := strings.NewReader(strings.Repeat("a", MaxMetadata+5))
	if err := Verify(Name{someSum, KindDirTree}, endless); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if endless.Len() == 0 {
		t.Error("it was read to the end")
	}
	if err := Verify(Name{ChecksumOf(nil), "file"}, strings.NewReader("")); !errors.Is(err, ErrBadName) {
		t.Errorf("unknown kind: %v", err)
	}
}

func BenchmarkVerifyFile(b *testing.B) {
	data, sum := filez(b, File{Mode: 0o100644, XAttrs: []XAttr{{"security.selinux", []byte("system_u:object_r:usr_t:s0")}}}, strings.Repeat("some text\n", 400))
	b.ReportAllocs()
	for b.Loop() {
		if err := Verify(Name{sum, KindFile}, bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyTree(b *testing.B) {
	data := Tree{Files: []FileEntry{{"a", someSum}, {"b", someSum}}, Dirs: []DirEntry{{"c", someSum, someSum}}}.Encode()
	n := Name{ChecksumOf(data), KindDirTree}
	b.ReportAllocs()
	for b.Loop() {
		if err := Verify(n, bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
