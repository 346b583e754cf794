package iso

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// required are menus that must be understood where they are; others of these names are left alone where they are not.
var required = []string{"isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg", "boot/grub2/grub.cfg", "boot/grub/grub.cfg"}

var dialects = map[string]Dialect{"grub.cfg": GRUB, "boot.conf": GRUB, "isolinux.cfg": Isolinux, "syslinux.cfg": Isolinux, "extlinux.conf": Isolinux}

func (s *survey) menus() error {
	for _, f := range s.files {
		if err := s.menu(f, 0); err != nil {
			return err
		}
	}
	for _, a := range s.areas {
		for _, f := range a.files {
			f.extents = slices.Clone(f.extents)
			for i := range f.extents {
				f.extents[i].Offset += a.at.Offset
			}
			if err := s.menu(f, a.at.Offset); err != nil {
				return err
			}
		}
	}
	if len(s.base.Menus) == 0 {
		return fmt.Errorf("%w: no boot menu was found in it", ErrUnsupported)
	}
	return s.oneESP()
}

func (s *survey) menu(f file, esp int64) error {
	d, known := dialects[strings.ToLower(path.Base(f.path))]
	if !known || f.size() == 0 {
		return nil
	}
	must := slices.ContainsFunc(required, func(r string) bool { return strings.EqualFold(r, f.path) })
	m := Menu{Path: f.path, ESP: esp, Dialect: d, Extents: f.extents}
	if f.size() > 64<<10 {
		return fmt.Errorf("%w: boot menu %q has %d bytes", ErrUnsupported, m.Place(), f.size())
	}
	for _, e := range f.extents {
		data, err := s.w.bytes(e)
		if err != nil {
			return fmt.Errorf("reading %q: %w", m.Place(), err)
		}
		m.Text += string(data)
	}
	parsed, err := parseMenu(d, []byte(m.Text))
	switch {
	case err != nil && must:
		return fmt.Errorf("reading %q: %w", m.Place(), err)
	case err != nil:
		s.base.Notes = append(s.base.Notes, fmt.Sprintf("%s is left as it is: %v", m.Place(), err))
		return nil
	}
	for _, e := range parsed.entries {
		if e.boot != nil && slices.ContainsFunc(e.boot.args, func(a string) bool { return strings.HasPrefix(a, "inst.ks=") }) {
			if err := s.refuse(fmt.Errorf("%w: %q starts an installation with a kickstart; add the vendor's own ISO", ErrCustomised, m.Place())); err != nil {
				return err
			}
		}
	}
	if s.base.Product == "" {
		s.base.Product = product(parsed.first().title)
	}
	s.base.Menus = append(s.base.Menus, m)
	return nil
}

// product is what "Install PRODUCT" installs. What would mean something to a boot loader is left out.
func product(title string) string {
	title = strings.TrimSuffix(strings.TrimPrefix(title, "Install "), titleEnd)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune("'\"\\^$`{};", r) {
			return -1
		}
		return r
	}, title[:min(len(title), 60)]))
}

// oneESP refuses an image with EFI system partitions that say different things: which of them boots is up to the
// firmware, and so is what happens.
func (s *survey) oneESP() error {
	texts := map[int64]string{}
	for _, m := range s.base.Menus {
		if m.ESP != 0 {
			texts[m.ESP] += m.Path + "\n" + m.Text + "\n"
		}
	}
	first := ""
	for i, a := range s.areas {
		if i == 0 {
			first = texts[a.at.Offset]
		} else if texts[a.at.Offset] != first {
			return s.refuse(fmt.Errorf("%w: it has two EFI system partitions with different menus, at byte %d and at byte %d: another tool remade it; add the vendor's own ISO",
				ErrUnsupported, s.areas[0].at.Offset, a.at.Offset))
		}
	}
	return nil
}
