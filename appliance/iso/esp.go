package iso

import (
	"fmt"
	"slices"
)

// espArea is an EFI system partition, wherever it was found.
type espArea struct {
	at    Extent
	via   []string
	files []file // relative to it
}

// esps finds every EFI system partition that some firmware may read.
func (s *survey) esps() error {
	note := func(offset int64, via string) {
		i := slices.IndexFunc(s.areas, func(a espArea) bool { return a.at.Offset == offset })
		if i < 0 {
			s.areas, i = append(s.areas, espArea{at: Extent{Offset: offset}}), len(s.areas)
		}
		s.areas[i].via = append(s.areas[i].via, via)
	}
	for _, b := range s.boots {
		if b.platform == platformUEFI {
			note(b.offset, "El Torito")
		}
		s.used = max(s.used, b.offset+b.length)
	}
	for _, p := range s.parts.all {
		switch {
		case p.gpt && p.kind == kindESP:
			note(p.area.Offset, "GPT")
		case !p.gpt && p.kind == kindESPOfMBR:
			note(p.area.Offset, "MBR")
		default:
			continue
		}
		s.used = max(s.used, p.area.End())
	}
	if f := s.find("images/efiboot.img"); f != nil && len(f.extents) == 1 {
		note(f.extents[0].Offset, "tree")
	}
	for i := range s.areas {
		if err := s.areas[i].read(s.w); err != nil {
			return fmt.Errorf("reading the EFI system partition at byte %d: %w", s.areas[i].at.Offset, err)
		}
		s.used = max(s.used, s.areas[i].at.End())
	}
	return nil
}

// read finds its size in itself: the catalogue has room for 32 MiB only, and some writers say less than there is.
func (a *espArea) read(w window) error {
	a.at.Length = w.size - a.at.Offset
	part, err := w.part(a.at)
	if err != nil {
		return err
	}
	f, err := openFAT(part)
	if err != nil {
		return err
	}
	a.at.Length = f.data + f.clusters*f.cluster
	a.files, err = f.files()
	return err
}
