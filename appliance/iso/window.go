package iso

import (
	"errors"
	"fmt"
	"io"
)

// Extent is a range of bytes of an image.
type Extent struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// End is the first byte after it.
func (e Extent) End() int64 { return e.Offset + e.Length }

// window is the only way of the parsers to an image: what lies outside of it is refused, not read.
type window struct {
	r    io.ReaderAt
	size int64
}

// bytes reads a whole range of at most 64 MiB.
func (w window) bytes(at Extent) ([]byte, error) {
	if at.Offset < 0 || at.Length < 0 || at.Length > 64<<20 || at.Offset > w.size-at.Length {
		return nil, fmt.Errorf("%w: bytes %d to %d of %d", ErrTruncated, at.Offset, at.End(), w.size)
	}
	data := make([]byte, at.Length)
	n, err := w.r.ReadAt(data, at.Offset)
	switch {
	case n == len(data):
		return data, nil
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: it ends at byte %d of %d", ErrTruncated, at.Offset+int64(n), w.size)
	}
	return nil, fmt.Errorf("reading the image: %w", err)
}

// ReadAt implements io.ReaderAt.
func (w window) ReadAt(p []byte, off int64) (int, error) { return w.r.ReadAt(p, off) }

// part is a window into a window.
func (w window) part(at Extent) (window, error) {
	if at.Offset < 0 || at.Length < 0 || at.Offset > w.size-at.Length {
		return window{}, fmt.Errorf("%w: bytes %d to %d of %d", ErrTruncated, at.Offset, at.End(), w.size)
	}
	return window{io.NewSectionReader(w.r, at.Offset, at.Length), at.Length}, nil
}
