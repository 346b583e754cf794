package object

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"edge/appliance/gvariant"
)

// Types of a file's header: as it is stored in a filez, and as it is hashed.
const (
	filezType  = "(tuuuusa(ayay))" // size, uid, gid, mode, rdev, link target, attributes
	headerType = "(uuuusa(ayay))"  // the same without size
)

// File is the header of a file object: a regular file or a symbolic link. Mode includes S_IFMT.
type File struct {
	Size           int64 // content bytes; 0 for a link
	UID, GID, Mode uint32
	Target         string // of a link
	XAttrs         []XAttr
}

// IsLink reports whether f is a symbolic link, which has no content.
func (f File) IsLink() bool { return f.Mode&modeType == modeLink }

// check finds what no file object can be.
func (f File) check() error {
	switch {
	case f.Mode&modeType != modeFile && !f.IsLink() || f.Mode&^(modeType|modeBits) != 0:
		return malformed("file", "mode %#o is neither a regular file's nor a link's", f.Mode)
	case f.Size < 0:
		return malformed("file", "the size is negative")
	case f.Size > MaxContent:
		return fmt.Errorf("reading file: %w: %d bytes, at most %d", ErrTooLarge, f.Size, int64(MaxContent))
	case f.IsLink() && f.Size != 0:
		return malformed("file", "a link has content")
	case f.IsLink() && f.Target == "":
		return malformed("file", "a link has no target")
	case !f.IsLink() && f.Target != "":
		return malformed("file", "a regular file has a link target")
	case strings.Contains(f.Target, "\x00") || !utf8.ValidString(f.Target):
		return malformed("file", "the link target %q is not text", clip(f.Target))
	}
	return nil
}

// readHeader reads the header of a filez: its length, four zero bytes, the
// GVariant. attrs are the attributes as they are stored, because the checksum
// covers those bytes in whatever order they are.
func readHeader(r io.Reader) (f File, attrs gvariant.Value, err error) {
	data, err := readFrame(r)
	if err != nil {
		return File{}, attrs, err
	}
	v, err := gvariant.Parse(filezType, data)
	if err != nil {
		return File{}, attrs, fmt.Errorf("reading file: %w: %w", ErrMalformed, err)
	}
	size := swap64(v.At(0).Uint64())
	f = File{
		Size: int64(min(size, MaxContent+1)), UID: swap32(v.At(1).Uint32()), GID: swap32(v.At(2).Uint32()),
		Mode: swap32(v.At(3).Uint32()), Target: v.At(5).Str(),
	}
	if v.At(4).Uint32() != 0 {
		return File{}, attrs, malformed("file", "it has a device number")
	}
	attrs = v.At(6)
	if f.XAttrs, err = parseXAttrs("file", attrs); err != nil {
		return File{}, attrs, err
	}
	return f, attrs, f.check()
}

// readFrame reads what frame writes.
func readFrame(r io.Reader) ([]byte, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, reading("header", err)
	}
	size := binary.BigEndian.Uint32(prefix[:4])
	if size > MaxHeader {
		return nil, fmt.Errorf("reading file: %w: header of %d bytes, at most %d", ErrTooLarge, size, MaxHeader)
	}
	if binary.BigEndian.Uint32(prefix[4:]) != 0 {
		return nil, malformed("file", "padding that is not zero")
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, reading("header", err)
	}
	return data, nil
}

// filezHeader is the framed header of f in a filez.
func (f File) filezHeader(attrs gvariant.Value) []byte {
	return frame(gvariant.Tuple(gvariant.Uint64(swap64(uint64(f.Size))), gvariant.Uint32(swap32(f.UID)),
		gvariant.Uint32(swap32(f.GID)), gvariant.Uint32(swap32(f.Mode)), gvariant.Uint32(0),
		gvariant.Str(f.Target), attrs))
}

// sumHeader is the framed header of f that its checksum covers, before the content.
func (f File) sumHeader(attrs gvariant.Value) []byte {
	return frame(gvariant.Tuple(gvariant.Uint32(swap32(f.UID)), gvariant.Uint32(swap32(f.GID)),
		gvariant.Uint32(swap32(f.Mode)), gvariant.Uint32(0), gvariant.Str(f.Target), attrs))
}

// frame puts the length of v, big-endian, and four zero bytes before it.
func frame(v gvariant.Value) []byte {
	data := make([]byte, 8, 8+len(v.Data()))
	binary.BigEndian.PutUint32(data, uint32(len(v.Data())))
	return append(data, v.Data()...)
}
