package iso

import "slices"

// paths tells which menu each firmware reads from each medium. From a CD, GRUB's device is the CD, and so is that
// of a virtual medium and of UEFI HTTP boot: it reads the tree. From a disk with a sound GPT it is the EFI system
// partition. Where partitions of the GPT overlap, as those of isolinux's hybrids do, it depends on the firmware.
func (s *survey) paths() error {
	b := s.base
	bios := -1
	if b.Layout == LayoutIsolinux {
		bios = b.menuAt("isolinux/isolinux.cfg", false)
	} else if bios = b.menuAt("boot/grub2/grub.cfg", false); bios < 0 {
		bios = b.menuAt("boot/grub/grub.cfg", false)
	}
	tree, esp := b.menuAt("EFI/BOOT/grub.cfg", false), b.menuAt("EFI/BOOT/grub.cfg", true)
	if tree < 0 {
		tree = esp
	}
	if esp < 0 {
		esp = tree
	}
	list := func(menus ...int) []int {
		return slices.Compact(slices.DeleteFunc(menus, func(i int) bool { return i < 0 }))
	}
	cd := func(platform byte) bool {
		return slices.ContainsFunc(s.boots, func(i bootImage) bool { return i.platform == platform })
	}
	add := func(firmware, medium, via string, boots bool, menus []int) {
		p := Path{Firmware: firmware, Medium: medium}
		if boots && len(menus) > 0 {
			p.Via, p.Menus = via, menus
		}
		b.Paths = append(b.Paths, p)
	}
	if b.Layout != LayoutUEFI {
		add("BIOS", "CD", "El Torito", cd(platformBIOS), list(bios))
		add("BIOS", "USB", "MBR", s.parts.bootable, list(bios))
	}
	add("UEFI", "CD", "El Torito", cd(platformUEFI), list(tree))
	switch {
	case s.parts.gptSound && s.found("GPT"):
		add("UEFI", "USB", "GPT", true, list(esp))
	case s.found("MBR"):
		add("UEFI", "USB", "MBR or El Torito", true, list(esp, tree))
	default:
		add("UEFI", "USB", "El Torito", cd(platformUEFI), list(tree))
	}
	return nil
}

func (s *survey) found(via string) bool {
	return slices.ContainsFunc(s.areas, func(a espArea) bool { return slices.Contains(a.via, via) })
}
