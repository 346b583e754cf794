package iso

import (
	"context"
	"fmt"
)

// Proof is what tells an image from its base. What no patch holds is the base's own, so that patches alone are
// compared.
type Proof struct {
	Base   string `json:"base"`
	SHA256 string `json:"sha256"` // of the base
	File   string `json:"file"`   // the base on the builder
	Size   int64  `json:"size"`
	Changes
}

// Prove compares an image with its base, byte by byte.
func (s *Shelf) Prove(ctx context.Context, name, image, device string) (Proof, error) {
	m, err := s.ready(ctx, name, image, device)
	if err != nil {
		return Proof{}, fmt.Errorf("comparing an image of %q: %w", name, err)
	}
	f, err := s.open(m.base)
	if err != nil {
		return Proof{}, fmt.Errorf("comparing an image of %q: %w", name, err)
	}
	defer f.Close()
	p := Proof{m.base.Name, m.base.SHA256, m.base.File, m.overlay.Size, Changes{Ranges: []Extent{}, Menus: []MenuDiff{}}}
	stock := window{f, p.Size}
	for _, patch := range m.overlay.Patches {
		was, err := stock.bytes(Extent{patch.Offset, int64(len(patch.Data))})
		if err != nil {
			return Proof{}, fmt.Errorf("comparing an image of %q: %w", name, err)
		}
		p.note(was, patch.Data, patch.Offset)
	}
	if err := p.menus(stock, window{over{m.overlay, f}, p.Size}); err != nil {
		return Proof{}, fmt.Errorf("comparing an image of %q: %w", name, err)
	}
	return p, nil
}

// Check reads the whole of an image as its machines get it: which firmware starts what, and whether the media check
// passes. One is read at a time, for that takes seconds of a processor.
func (s *Shelf) Check(ctx context.Context, name, image, device string) (Report, error) {
	r, err := s.Open(ctx, name, image, device)
	if err != nil {
		return Report{}, err
	}
	defer r.Close()
	if err := s.lockHashing(ctx); err != nil {
		return Report{}, err
	}
	defer s.unlockHashing()
	report, err := Inspect(ctx, r.over, r.Size, s.progress("iso.hashing", name, r.Size))
	if err != nil {
		return Report{}, fmt.Errorf("checking an image of %q: %w", name, err)
	}
	return report, nil
}
