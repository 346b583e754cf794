package object

import (
	"bytes"
	"cmp"
	"slices"

	"edge/appliance/gvariant"
)

const (
	metaType   = "(uuua(ayay))"
	xattrsType = "a(ayay)"
)

// Bits of a mode, as Linux numbers them.
const (
	modeType = 0o170000 // S_IFMT
	modeDir  = 0o040000
	modeFile = 0o100000
	modeLink = 0o120000
	modeBits = 0o007777
)

// XAttr is one extended attribute; Name ends without NUL.
type XAttr struct {
	Name  string
	Value []byte
}

// Meta is a dirmeta. Mode includes S_IFDIR.
type Meta struct {
	UID, GID, Mode uint32
	XAttrs         []XAttr
}

// ParseMeta reads a dirmeta object. The attributes' values share data.
func ParseMeta(data []byte) (Meta, error) {
	v, err := parse("dirmeta", metaType, data)
	if err != nil {
		return Meta{}, err
	}
	m := Meta{UID: swap32(v.At(0).Uint32()), GID: swap32(v.At(1).Uint32()), Mode: swap32(v.At(2).Uint32())}
	if m.Mode&modeType != modeDir || m.Mode&^(modeType|modeBits) != 0 {
		return Meta{}, malformed("dirmeta", "mode %#o is not a directory's", m.Mode)
	}
	m.XAttrs, err = parseXAttrs("dirmeta", v.At(3))
	return m, err
}

// Encode writes the dirmeta object, attributes sorted by name.
func (m Meta) Encode() []byte {
	return gvariant.Tuple(gvariant.Uint32(swap32(m.UID)), gvariant.Uint32(swap32(m.GID)),
		gvariant.Uint32(swap32(m.Mode)), encodeXAttrs(m.XAttrs)).Data()
}

// parseXAttrs reads a(ayay) in stored order; libostree sorts when it writes.
func parseXAttrs(what string, v gvariant.Value) ([]XAttr, error) {
	if v.Len() == 0 {
		return nil, nil
	}
	attrs := make([]XAttr, v.Len())
	for i := range attrs {
		pair := v.At(i)
		name := pair.At(0).Bytes()
		if end := len(name) - 1; end < 1 || bytes.IndexByte(name, 0) != end {
			return nil, malformed(what, "the name of an extended attribute is %q", clip(string(name)))
		}
		attrs[i] = XAttr{Name: string(name[:len(name)-1]), Value: pair.At(1).Bytes()}
	}
	return attrs, nil
}

func encodeXAttrs(attrs []XAttr) gvariant.Value {
	sorted := slices.SortedFunc(slices.Values(attrs), func(a, b XAttr) int { return cmp.Compare(a.Name, b.Name) })
	pairs := make([]gvariant.Value, len(sorted))
	for i, a := range sorted {
		pairs[i] = gvariant.Tuple(gvariant.Bytes(append([]byte(a.Name), 0)), gvariant.Bytes(a.Value))
	}
	return gvariant.Array("(ayay)", pairs...)
}
