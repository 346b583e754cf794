package iso

import (
	"fmt"
	"time"
)

// Base is a stock ISO with all that its overlays are made from. It is kept as JSON.
type Base struct {
	Format  int       `json:"format"`
	Name    string    `json:"name"` // rhel-9.6-x86_64-boot
	File    string    `json:"file"` // where its bytes are
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
	Added   time.Time `json:"added"`
	SHA256  string    `json:"sha256"`

	Label   string `json:"label"`
	Product string `json:"product"` // Red Hat Enterprise Linux 9.6
	Arch    string `json:"arch"`    // x86_64, aarch64
	Layout  Layout `json:"layout"`
	Offline string `json:"offline,omitempty"` // the commit that it carries, where it was made for that

	Volume  int64    `json:"volume"` // bytes that the file system has, and the media check covers
	Menus   []Menu   `json:"menus"`
	Paths   []Path   `json:"paths"`
	Roots   []Root   `json:"roots"`
	Padding Extent   `json:"padding"` // zeros that nothing uses; length 0 where there are too few
	Seal    *Seal    `json:"seal"`    // nil: the vendor implanted no media check
	Notes   []string `json:"notes,omitempty"`
}

// format of Base as JSON. One of another format is surveyed again.
const format = 1

// Layout is how a stock ISO boots.
type Layout string

// Layouts.
const (
	LayoutIsolinux Layout = "isolinux" // RHEL 9: isolinux for BIOS, GRUB for UEFI
	LayoutGRUB     Layout = "grub"     // RHEL 10, Fedora: GRUB for both
	LayoutUEFI     Layout = "uefi"     // aarch64
)

// Menu is one copy of a boot menu in a base.
type Menu struct {
	Path    string   `json:"path"`          // EFI/BOOT/grub.cfg
	ESP     int64    `json:"esp,omitempty"` // offset of the EFI system partition that it is in, 0 for the tree
	Dialect Dialect  `json:"dialect"`
	Extents []Extent `json:"extents"`
	Text    string   `json:"text"`
}

// Place is where the menu is, in words.
func (m Menu) Place() string {
	if m.ESP == 0 {
		return m.Path
	}
	return fmt.Sprintf("%s in the EFI system partition", m.Path)
}

// Path is one way from firmware to a boot menu.
type Path struct {
	Firmware string `json:"firmware"` // BIOS, UEFI
	Medium   string `json:"medium"`   // CD, USB
	Menus    []int  `json:"menus"`    // into Base.Menus; more than one where firmware differs; none: it does not boot
	Via      string `json:"via"`      // El Torito, MBR, GPT
}

// kickstarts tells whether a tail fits.
func (b *Base) kickstarts() bool { return b.Padding.Length >= tailStep && len(b.Roots) > 0 }

// BaseSummary is a base at a glance.
type BaseSummary struct {
	Name       string    `json:"name"`
	File       string    `json:"file"`
	Size       int64     `json:"size"`
	SHA256     string    `json:"sha256"`
	Added      time.Time `json:"added"`
	Label      string    `json:"label"`
	Product    string    `json:"product"`
	Arch       string    `json:"arch"`
	Layout     Layout    `json:"layout"`
	Kickstart  int64     `json:"kickstart_bytes"` // that fit in; 0: images can only name a URL
	MediaCheck bool      `json:"media_check"`
	Notes      []string  `json:"notes,omitempty"`
}

// Summary is b at a glance.
func (b *Base) Summary() BaseSummary {
	s := BaseSummary{Name: b.Name, File: b.File, Size: b.Size, SHA256: b.SHA256, Added: b.Added, Label: b.Label, Product: b.Product,
		Arch: b.Arch, Layout: b.Layout, MediaCheck: b.Seal != nil, Notes: b.Notes}
	if b.kickstarts() {
		s.Kickstart = b.Padding.Length
	}
	return s
}
