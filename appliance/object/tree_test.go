package object

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"edge/appliance/gvariant"
)

// Checksums that every OSTree repository knows.
const (
	emptyTree = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
	plainMeta = "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488" // root:root 0755
)

func TestWellKnownChecksums(t *testing.T) {
	if sum := ChecksumOf(Tree{}.Encode()); sum != emptyTree {
		t.Errorf("empty dirtree: %s", sum)
	}
	if sum := ChecksumOf(Meta{Mode: 0o040755}.Encode()); sum != plainMeta {
		t.Errorf("dirmeta: %s", sum)
	}
}

func TestTreeIsSortedAndComesBack(t *testing.T) {
	tree := Tree{
		Files: []FileEntry{{"z", someSum}, {"Z", emptyTree}, {"a.b", someSum}, {"ä", someSum}, {"a", someSum}},
		Dirs:  []DirEntry{{"usr", emptyTree, plainMeta}, {"etc", someSum, plainMeta}},
	}
	data := tree.Encode()
	got, err := ParseTree(data)
	if err != nil {
		t.Fatal(err)
	}
	want := Tree{
		Files: []FileEntry{{"Z", emptyTree}, {"a", someSum}, {"a.b", someSum}, {"z", someSum}, {"ä", someSum}},
		Dirs:  []DirEntry{{"etc", someSum, plainMeta}, {"usr", emptyTree, plainMeta}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if tree.Files[0].Name != "z" {
		t.Error("Encode sorted the caller's entries")
	}
}

func TestParseTreeRefuses(t *testing.T) {
	for why, tree := range map[string]Tree{
		"empty name":             {Files: []FileEntry{{"", someSum}}},
		"dot":                    {Files: []FileEntry{{".", someSum}}},
		"dot dot":                {Dirs: []DirEntry{{"..", someSum, someSum}}},
		"slash":                  {Files: []FileEntry{{"a/b", someSum}}},
		"file twice":             {Files: []FileEntry{{"a", someSum}, {"a", emptyTree}}},
		"directory twice":        {Dirs: []DirEntry{{"a", someSum, someSum}, {"a", someSum, someSum}}},
		"file and directory":     {Files: []FileEntry{{"a", someSum}, {"b", someSum}}, Dirs: []DirEntry{{"b", someSum, someSum}}},
		"slash in the directory": {Dirs: []DirEntry{{"a/b", someSum, someSum}}},
	} {
		if _, err := ParseTree(tree.Encode()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	row := func(name string, size int) gvariant.Value {
		return gvariant.Tuple(gvariant.Str(name), gvariant.Bytes(make([]byte, size)))
	}
	wide := func(tree, meta int) gvariant.Value {
		return gvariant.Tuple(gvariant.Str("d"), gvariant.Bytes(make([]byte, tree)), gvariant.Bytes(make([]byte, meta)))
	}
	for why, v := range map[string]gvariant.Value{
		"unsorted":       gvariant.Tuple(gvariant.Array("(say)", row("b", 32), row("a", 32)), gvariant.Array("(sayay)")),
		"short checksum": gvariant.Tuple(gvariant.Array("(say)", row("a", 31)), gvariant.Array("(sayay)")),
		"short dirtree":  gvariant.Tuple(gvariant.Array("(say)"), gvariant.Array("(sayay)", wide(0, 32))),
		"short dirmeta":  gvariant.Tuple(gvariant.Array("(say)"), gvariant.Array("(sayay)", wide(32, 33))),
	} {
		if _, err := ParseTree(v.Data()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestMetaThereAndBack(t *testing.T) {
	m := Meta{UID: 1000, GID: 5, Mode: 0o041777, XAttrs: []XAttr{{"user.b", []byte{0}}, {"user.a", []byte("x")}, {"user.c", []byte{}}}}
	data := m.Encode()
	got, err := ParseMeta(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.UID != 1000 || got.GID != 5 || got.Mode != m.Mode || len(got.XAttrs) != 3 || got.XAttrs[0].Name != "user.a" {
		t.Errorf("got %+v", got)
	}
	if !bytes.Equal(got.Encode(), data) {
		t.Error("written again it differs")
	}
}

func TestParseMetaRefuses(t *testing.T) {
	for why, m := range map[string]Meta{
		"no type":         {Mode: 0o755},
		"a file":          {Mode: 0o100755},
		"bits above":      {Mode: 0o1040755},
		"empty attribute": {Mode: 0o040755, XAttrs: []XAttr{{"", nil}}},
		"NUL inside":      {Mode: 0o040755, XAttrs: []XAttr{{"a\x00b", nil}}},
	} {
		if _, err := ParseMeta(m.Encode()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	pair := gvariant.Tuple(gvariant.Bytes([]byte("user.a")), gvariant.Bytes(nil)) // no NUL
	v := gvariant.Tuple(gvariant.Uint32(0), gvariant.Uint32(0), gvariant.Uint32(swap32(0o040755)), gvariant.Array("(ayay)", pair))
	if _, err := ParseMeta(v.Data()); !errors.Is(err, ErrMalformed) {
		t.Errorf("attribute without NUL: %v", err)
	}
}

func FuzzTree(f *testing.F) {
	f.Add(Tree{Files: []FileEntry{{"a", someSum}}, Dirs: []DirEntry{{"b", someSum, someSum}}}.Encode())
	f.Add(Meta{Mode: 0o040755, XAttrs: []XAttr{{"user.a", []byte("x")}}}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if tree, err := ParseTree(data); err == nil {
			if again := tree.Encode(); !bytes.Equal(again, data) {
				t.Fatalf("dirtree %q is written as %q", data, again)
			}
		}
		if m, err := ParseMeta(data); err == nil {
			if again, err := ParseMeta(m.Encode()); err != nil || len(again.XAttrs) != len(m.XAttrs) {
				t.Fatalf("dirmeta %q is written as %+v, %v", data, again, err)
			}
		}
	})
}

func BenchmarkParseTree(b *testing.B) {
	var tree Tree
	for i := range 20000 {
		tree.Files = append(tree.Files, FileEntry{fmt.Sprintf("file%05d", i), someSum})
	}
	data := tree.Encode()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ParseTree(data); err != nil {
			b.Fatal(err)
		}
	}
}
