package object

import (
	"cmp"
	"slices"
	"strings"

	"edge/appliance/gvariant"
)

const treeType = "(a(say)a(sayay))"

// Tree is a dirtree: names sorted bytewise, no name twice, none empty, "." or ".." or with a slash.
type Tree struct {
	Files []FileEntry
	Dirs  []DirEntry
}

// FileEntry is a regular file or a symbolic link in a Tree.
type FileEntry struct {
	Name     string
	Checksum Checksum
}

// DirEntry is a directory in a Tree.
type DirEntry struct {
	Name       string
	Tree, Meta Checksum
}

// ParseTree reads a dirtree object.
func ParseTree(data []byte) (Tree, error) {
	v, err := parse("dirtree", treeType, data)
	if err != nil {
		return Tree{}, err
	}
	files, dirs := v.At(0), v.At(1)
	t := Tree{Files: make([]FileEntry, files.Len()), Dirs: make([]DirEntry, dirs.Len())}
	for i := range t.Files {
		e := files.At(i)
		f := &t.Files[i]
		f.Name = e.At(0).Str()
		if f.Checksum, err = FromBytes(e.At(1).Bytes()); err != nil {
			return Tree{}, malformed("dirtree", "file %q has a checksum that is not 32 bytes", clip(f.Name))
		}
	}
	for i := range t.Dirs {
		e := dirs.At(i)
		d := &t.Dirs[i]
		d.Name = e.At(0).Str()
		tree, meta := e.At(1).Bytes(), e.At(2).Bytes()
		if d.Tree, err = FromBytes(tree); err == nil {
			d.Meta, err = FromBytes(meta)
		}
		if err != nil {
			return Tree{}, malformed("dirtree", "directory %q has a checksum that is not 32 bytes", clip(d.Name))
		}
	}
	return t, t.check()
}

// check finds names that no directory can have, or not in this order.
func (t Tree) check() error {
	previous := ""
	for _, f := range t.Files {
		if err := checkEntry(f.Name, previous); err != nil {
			return err
		}
		previous = f.Name
	}
	previous = ""
	for _, d := range t.Dirs {
		if err := checkEntry(d.Name, previous); err != nil {
			return err
		}
		previous = d.Name
		if _, both := slices.BinarySearchFunc(t.Files, d.Name, FileEntry.compare); both {
			return malformed("dirtree", "%q is a file and a directory", clip(d.Name))
		}
	}
	return nil
}

func checkEntry(name, previous string) error {
	switch {
	case name == "" || name == "." || name == ".." || strings.Contains(name, "/"):
		return malformed("dirtree", "%q is no file name", clip(name))
	case name <= previous:
		return malformed("dirtree", "%q is behind %q", clip(name), clip(previous))
	}
	return nil
}

func (f FileEntry) compare(name string) int { return cmp.Compare(f.Name, name) }

// Encode sorts a copy of the entries and writes them. Names must be UTF-8 without NUL.
func (t Tree) Encode() []byte {
	files := slices.SortedFunc(slices.Values(t.Files), func(a, b FileEntry) int { return cmp.Compare(a.Name, b.Name) })
	dirs := slices.SortedFunc(slices.Values(t.Dirs), func(a, b DirEntry) int { return cmp.Compare(a.Name, b.Name) })
	fileRows := make([]gvariant.Value, len(files))
	for i, f := range files {
		fileRows[i] = gvariant.Tuple(gvariant.Str(f.Name), gvariant.Bytes(f.Checksum.Bytes()))
	}
	dirRows := make([]gvariant.Value, len(dirs))
	for i, d := range dirs {
		dirRows[i] = gvariant.Tuple(gvariant.Str(d.Name), gvariant.Bytes(d.Tree.Bytes()), gvariant.Bytes(d.Meta.Bytes()))
	}
	return gvariant.Tuple(gvariant.Array("(say)", fileRows...), gvariant.Array("(sayay)", dirRows...)).Data()
}
