package iso

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sort"
)

// Patch is a range of bytes that differs from the base.
type Patch struct {
	Offset int64  `json:"offset"`
	Data   []byte `json:"data"`
}

func (p Patch) end() int64 { return p.Offset + int64(len(p.Data)) }

// Overlay is a custom ISO as a value: a few patches over a base. It never changes once made, and holds nothing but
// the patches.
type Overlay struct {
	Base    string   `json:"base"` // SHA-256
	Size    int64    `json:"size"`
	Patches []Patch  `json:"patches"` // in order, none touches another
	LeftOut []string `json:"left_out,omitempty"`
}

// newOverlay sorts patches and refuses those that overlap or lie outside.
func newOverlay(base string, size int64, patches []Patch) (*Overlay, error) {
	sorted := slices.Clone(patches)
	slices.SortFunc(sorted, func(a, b Patch) int { return cmp.Compare(a.Offset, b.Offset) })
	last := int64(0)
	for _, p := range sorted {
		if p.Offset < last || p.end() > size || len(p.Data) == 0 {
			return nil, fmt.Errorf("%w: a patch of %d bytes at byte %d", ErrMalformed, len(p.Data), p.Offset)
		}
		last = p.end()
	}
	return &Overlay{Base: base, Size: size, Patches: sorted}, nil
}

// Check refuses an overlay from elsewhere that is not one.
func (o *Overlay) Check() error {
	_, err := newOverlay(o.Base, o.Size, o.Patches)
	return err
}

// ETag is a strong one: two overlays with the same have the same bytes.
func (o *Overlay) ETag() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d\n", o.Base, o.Size)
	for _, p := range o.Patches {
		_ = binary.Write(h, binary.BigEndian, []int64{p.Offset, int64(len(p.Data))}) // a hash takes everything
		h.Write(p.Data)
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// Bytes are those that patches hold, whether they differ or not.
func (o *Overlay) Bytes() (n int64) {
	for _, p := range o.Patches {
		n += int64(len(p.Data))
	}
	return n
}

// next is what stands at off: the bytes of a patch, or how many bytes of the base come before the next one.
func (o *Overlay) next(off int64) (patch []byte, base int64) {
	i := sort.Search(len(o.Patches), func(i int) bool { return o.Patches[i].end() > off })
	switch {
	case i == len(o.Patches):
		return nil, o.Size - off
	case o.Patches[i].Offset <= off:
		return o.Patches[i].Data[off-o.Patches[i].Offset:], 0
	}
	return nil, o.Patches[i].Offset - off
}

// over reads an overlay over its base. It is safe for concurrent use.
type over struct {
	o    *Overlay
	base io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (r over) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("reading at byte %d: %w", off, ErrInvalid)
	}
	for n < len(p) && off < r.o.Size {
		patch, base := r.o.next(off)
		var m int
		if patch != nil {
			m = copy(p[n:], patch)
		} else if m, err = r.base.ReadAt(p[n:min(int64(len(p)), int64(n)+base)], off); m == 0 {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF // the base became shorter
			}
			return n, err
		}
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
