package ostree

import (
	"os"
	"path/filepath"
	"testing"

	"edge/appliance/object"
)

func TestSize(t *testing.T) {
	r := newRepo(t, Options{})
	if bytes, objects, err := r.Size(); bytes != 0 || objects != 0 || err != nil {
		t.Errorf("of an empty repository: %d, %d, %v", bytes, objects, err)
	}
	c := writeTree(t, r, smallTree(nil), "1", "")
	writeText(t, r.dir, deltaFolder("", c)+"/superblock", "12345")
	writeText(t, r.dir, deltaFolder("", c)+"/0", "12345")
	writeText(t, r.dir, "objects/README", "no object")
	want := int64(10)
	paths := objectPaths(t, r.dir)
	for _, name := range paths {
		info, err := os.Stat(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want += info.Size()
	}
	if bytes, objects, err := r.Size(); bytes != want || objects != len(paths) || err != nil {
		t.Errorf("%d, %d, %v; want %d, %d", bytes, objects, err, want, len(paths))
	}
}

func BenchmarkSize(b *testing.B) {
	r := newRepo(b, Options{})
	for i := range 30_000 {
		sum := object.ChecksumOf([]byte{byte(i), byte(i >> 8)})
		storeObject(b, r, object.Name{Checksum: sum, Kind: object.KindFile}, []byte("x"))
	}
	for b.Loop() {
		if _, n, err := r.Size(); n != 30_000 || err != nil {
			b.Fatal(n, err)
		}
	}
}
