package iso

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Survey reads what a stock ISO is, and refuses with a reason what is not understood. It reads the structure only;
// hashing all of it is Measure's affair.
func Survey(r io.ReaderAt, size int64) (*Base, error) {
	s := survey{w: window{r, size}, base: &Base{Format: format, Size: size}}
	return s.run()
}

func (s *survey) run() (*Base, error) {
	for _, step := range []func() error{s.volumes, s.disk, s.foreign, s.esps, s.menus, s.classify, s.paths, s.padding, s.roots} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.base, nil
}

type survey struct {
	w     window
	base  *Base
	set   descriptors
	files []file // of the primary tree
	used  int64  // the end of all that is used
	parts partitions
	boots []bootImage
	areas []espArea

	curious    bool // about what cannot be a base, too: that becomes a note
	customised bool // and was noted
}

// refuse is for an image that is understood and no base.
func (s *survey) refuse(err error) error {
	if !s.curious {
		return err
	}
	again := errors.Is(err, ErrCustomised) && s.customised
	s.customised = s.customised || errors.Is(err, ErrCustomised)
	if !again {
		s.base.Notes = append(s.base.Notes, err.Error())
	}
	return nil
}

func (s *survey) volumes() error {
	var err error
	if s.set, err = readDescriptors(s.w, 0); err != nil {
		return err
	}
	p := s.set.primary
	s.base.Label, s.base.Volume = p.label, p.sectors*sectorSize
	if s.base.Volume > s.w.size {
		return fmt.Errorf("%w: the file has %d bytes, its file system %d: download it again", ErrTruncated, s.w.size, s.base.Volume)
	}
	if s.files, err = p.files(s.w); err != nil {
		return err
	}
	all := s.files
	if s.set.joliet != nil {
		other, err := s.set.joliet.files(s.w)
		if err != nil {
			return fmt.Errorf("joliet: %w", err)
		}
		all = append(slices.Clone(all), other...)
	}
	for _, f := range all {
		for _, e := range f.extents {
			s.used = max(s.used, e.End())
		}
	}
	area, err := s.w.bytes(Extent{sealOffset, sealLength})
	if err != nil {
		return err
	}
	s.base.Seal, err = readSeal(area)
	return err
}

// find is a file of the tree, whatever the case of its name.
func (s *survey) find(name string) *file {
	i := slices.IndexFunc(s.files, func(f file) bool { return strings.EqualFold(f.path, name) })
	if i < 0 {
		return nil
	}
	return &s.files[i]
}

func (s *survey) disk() (err error) {
	if s.parts, err = readPartitions(s.w); err != nil {
		return err
	}
	if s.set.catalog > 0 {
		s.boots, err = readCatalog(s.w, s.set.catalog)
	}
	return err
}

// foreign refuses what is known not to be understood, before less clear faults of it are found.
func (s *survey) foreign() error {
	for name, kind := range map[string]string{
		"generic.ins": "s390x", "images/cdboot.img": "s390x", "images/generic.prm": "s390x", "ppc/bootinfo.txt": "ppc64le",
	} {
		if s.find(name) != nil {
			return fmt.Errorf("%w: it is for %s; x86_64 and aarch64 are", ErrUnsupported, kind)
		}
	}
	if s.find("images/macboot.img") != nil {
		return fmt.Errorf("%w: it has a boot image for Macs in HFS+, as of old releases", ErrUnsupported)
	}
	if s.find(tailName) != nil {
		if err := s.refuse(fmt.Errorf("%w: it has a file %q; add the vendor's own ISO", ErrCustomised, tailName)); err != nil {
			return err
		}
	}
	if len(s.boots) == 0 {
		return fmt.Errorf("%w: it has no boot catalogue, so it cannot be booted", ErrUnsupported)
	}
	return nil
}

func (s *survey) classify() error {
	bios := slices.ContainsFunc(s.boots, func(b bootImage) bool { return b.platform == platformBIOS })
	b := s.base
	switch {
	case !bios:
		b.Layout = LayoutUEFI
	case b.menuAt("isolinux/isolinux.cfg", false) >= 0:
		b.Layout = LayoutIsolinux
	case b.menuAt("boot/grub2/grub.cfg", false) >= 0 || b.menuAt("boot/grub/grub.cfg", false) >= 0:
		b.Layout = LayoutGRUB
	default:
		return fmt.Errorf("%w: it boots a BIOS with something that is neither isolinux nor GRUB", ErrUnsupported)
	}
	switch {
	case s.loader("BOOTX64.EFI") || bios:
		b.Arch = "x86_64"
	case s.loader("BOOTAA64.EFI"):
		b.Arch = "aarch64"
	default:
		return fmt.Errorf("%w: it is neither for x86_64 nor for aarch64", ErrUnsupported)
	}
	return nil
}

func (s *survey) loader(name string) bool {
	has := func(files []file) bool {
		return slices.ContainsFunc(files, func(f file) bool { return strings.EqualFold(f.path, "EFI/BOOT/"+name) })
	}
	return has(s.files) || slices.ContainsFunc(s.areas, func(a espArea) bool { return has(a.files) })
}

// menuAt is the index of a menu, -1 where there is none.
func (b *Base) menuAt(name string, esp bool) int {
	return slices.IndexFunc(b.Menus, func(m Menu) bool { return strings.EqualFold(m.Path, name) && (m.ESP != 0) == esp })
}

// roots reads the root directories that the tail is put into: of each tree, and of the trees that the file system
// of partition 1 has.
func (s *survey) roots() error {
	sets := []descriptors{s.set}
	for _, p := range s.parts.all {
		if p.area.Offset == 0 || p.area.Offset%sectorSize != 0 {
			continue
		}
		d, err := readDescriptors(s.w, p.area.Offset/sectorSize)
		if errors.Is(err, ErrNotISO) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the file system of partition %d: %w", p.index, err)
		}
		sets = append(sets, d)
	}
	for _, set := range sets {
		volumes := []volume{set.primary}
		if set.joliet != nil {
			volumes = append(volumes, *set.joliet)
		}
		for _, v := range volumes {
			data, err := s.w.bytes(v.root)
			if err != nil {
				return fmt.Errorf("reading a root directory: %w", err)
			}
			s.base.Roots = append(s.base.Roots, Root{v.root, v.joliet, v.shift, data})
		}
	}
	for _, r := range s.base.Roots {
		if s.curious {
			break
		}
		if _, err := r.withFile(s.base.tailAt(tailStep)); errors.Is(err, ErrNoRoom) {
			s.base.Roots = nil
			s.base.Notes = append(s.base.Notes, "no kickstart fits in: its root directory is full")
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
