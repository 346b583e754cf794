package compose

import (
	"bytes"
	"fmt"

	"edge/appliance/object"
)

// File types of a mode, as stat(2) gives them.
const (
	typeDirectory = 0o040000
	typeRegular   = 0o100000
	typeLink      = 0o120000
)

// compression of file objects: what libostree uses when nothing else is asked for.
const compression = 6

// objects are encoded objects by name. Equal ones meet.
type objects map[object.Name][]byte

func (o objects) addMetadata(kind object.Kind, data []byte) object.Checksum {
	sum := object.ChecksumOf(data)
	o[object.Name{Checksum: sum, Kind: kind}] = data
	return sum
}

// addDirectory adds d and all below it and returns its dirtree and dirmeta.
func (o objects) addDirectory(d *directory) (tree, meta object.Checksum, err error) {
	var t object.Tree
	for name, f := range d.files {
		if d.dirs[name] != nil {
			return "", "", fmt.Errorf("%w: %q is a file and a directory", ErrSample, name)
		}
		sum, err := o.addFile(f)
		if err != nil {
			return "", "", fmt.Errorf("adding %q: %w", name, err)
		}
		t.Files = append(t.Files, object.FileEntry{Name: name, Checksum: sum})
	}
	for name, sub := range d.dirs {
		tree, meta, err := o.addDirectory(sub)
		if err != nil {
			return "", "", err
		}
		t.Dirs = append(t.Dirs, object.DirEntry{Name: name, Tree: tree, Meta: meta})
	}
	mode := d.mode
	if mode == 0 {
		mode = 0o755
	}
	m := object.Meta{Mode: typeDirectory | mode}
	return o.addMetadata(object.KindDirTree, t.Encode()), o.addMetadata(object.KindDirMeta, m.Encode()), nil
}

func (o objects) addFile(f file) (object.Checksum, error) {
	h := object.File{Mode: typeRegular | f.mode, Size: int64(len(f.content))}
	if f.target != "" {
		h.Mode, h.Target = typeLink|f.mode, f.target
	}
	var data bytes.Buffer
	sum, err := object.WriteFile(&data, h, bytes.NewReader(f.content), compression)
	if err != nil {
		return "", err
	}
	o[object.Name{Checksum: sum, Kind: object.KindFile}] = data.Bytes()
	return sum, nil
}
