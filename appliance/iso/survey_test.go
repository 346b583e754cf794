package iso

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

func TestSurvey(t *testing.T) {
	for _, c := range []struct {
		layout, product, arch string
		is                    Layout
		roots                 int
		menus                 []string
		paths                 []string
	}{
		{"rhel9", "Red Hat Enterprise Linux 9.6", "x86_64", LayoutIsolinux, 2,
			[]string{"EFI/BOOT/grub.cfg", "isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg in the EFI system partition"},
			[]string{"BIOS CD El Torito [1]", "BIOS USB MBR [1]", "UEFI CD El Torito [0]", "UEFI USB MBR or El Torito [2 0]"}},
		{"rhel10", "Red Hat Enterprise Linux 10.0", "x86_64", LayoutGRUB, 4,
			[]string{"boot/grub2/grub.cfg", "EFI/BOOT/grub.cfg", "EFI/BOOT/grub.cfg in the EFI system partition"},
			[]string{"BIOS CD El Torito [0]", "BIOS USB MBR [0]", "UEFI CD El Torito [1]", "UEFI USB GPT [2]"}},
		{"aarch64", "Red Hat Enterprise Linux 9.6", "aarch64", LayoutUEFI, 2,
			[]string{"EFI/BOOT/grub.cfg", "EFI/BOOT/grub.cfg in the EFI system partition"},
			[]string{"UEFI CD El Torito [0]", "UEFI USB El Torito [0]"}},
	} {
		data := stock(t, c.layout)
		b := surveyed(t, data)
		if b.Product != c.product || b.Arch != c.arch || b.Layout != c.is || len(b.Roots) != c.roots || b.Seal == nil || b.Volume != int64(len(data)) || len(b.Notes) != 0 {
			t.Errorf("%s: %s for %s, %s, %d roots, seal %v, volume %d, notes %q", c.layout, b.Product, b.Arch, b.Layout, len(b.Roots), b.Seal, b.Volume, b.Notes)
		}
		var menus, paths []string
		for _, m := range b.Menus {
			menus = append(menus, m.Place())
		}
		for _, p := range b.Paths {
			paths = append(paths, fmt.Sprintf("%s %s %s %v", p.Firmware, p.Medium, p.Via, p.Menus))
		}
		if !slices.Equal(menus, c.menus) || !slices.Equal(paths, c.paths) {
			t.Errorf("%s: menus %q, paths %q", c.layout, menus, paths)
		}
		if b.Padding.Length < 200<<10 || len(bytes.Trim(data[b.Padding.Offset:b.Padding.End()], "\x00")) > 0 {
			t.Errorf("%s: padding %+v", c.layout, b.Padding)
		}
	}
}

// What is not a vendor's boot ISO is refused, each with its reason.
func TestSurveyRefusals(t *testing.T) {
	for _, c := range []struct {
		name, layout string
		spoil        func([]byte) []byte
		cause        error
		says         string
	}{
		{"empty", "rhel9", func([]byte) []byte { return nil }, ErrNotISO, "no volume descriptor"},
		{"text", "rhel9", func([]byte) []byte { return bytes.Repeat([]byte("no iso\n"), 9000) }, ErrNotISO, "no volume descriptor"},
		{"truncated", "rhel9", func(d []byte) []byte { return d[:len(d)*2/3] }, ErrTruncated, "download it again"},
		{"cut in the descriptors", "rhel9", func(d []byte) []byte { return d[:17*sectorSize] }, ErrTruncated, ""},
		{"sizes disagree", "rhel9", func(d []byte) []byte { d[16*sectorSize+87]++; return d }, ErrMalformed, "byte order"},
		{"s390x", "rhel9", replaced("install.img", "generic.prm"), ErrUnsupported, "s390x"},
		{"customised", "rhel9", func(d []byte) []byte { return custom(t, d, Recipe{Kickstart: []byte("text\n")}) }, ErrCustomised, "vendor's own"},
		{"customised with arguments", "rhel10", func(d []byte) []byte { return custom(t, d, Recipe{URL: "http://b/ks"}) }, ErrCustomised, "kickstart"},
		{"another ESP in the GPT", "rhel10", secondESP, ErrUnsupported, "two EFI system partitions"},
		{"no catalogue", "rhel9", func(d []byte) []byte { copy(d[17*sectorSize+7:], "NOTHING"); return d }, ErrUnsupported, "boot catalogue"},
		{"broken catalogue", "rhel9", func(d []byte) []byte { d[40*sectorSize+4]++; return d }, ErrMalformed, "boot catalogue"},
		{"no menu entry", "rhel10", replaced("linux /images", "linus /images"), ErrUnsupported, "boot/grub2/grub.cfg"},
		{"FAT32", "rhel9", func(d []byte) []byte { clear(d[83968+22 : 83968+24]); return d }, ErrUnsupported, "FAT32"},
		{"directory in a circle", "rhel9", circle, ErrMalformed, "another one, too"},
	} {
		data := c.spoil(stock(t, c.layout))
		_, err := Survey(bytes.NewReader(data), int64(len(data)))
		if !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func replaced(old, with string) func([]byte) []byte {
	return func(d []byte) []byte { return bytes.ReplaceAll(d, []byte(old), []byte(with)) }
}

// secondESP makes a copy of the EFI system partition at the end and points the GPT there; then it changes one menu.
func secondESP(d []byte) []byte {
	gpt := d[blockSize:]
	entries := d[2*blockSize:]
	at := binary.LittleEndian.Uint64(entries[128+32:]) * blockSize
	size := (binary.LittleEndian.Uint64(entries[128+40:])+1)*blockSize - at
	second := bytes.Replace(d[at:at+size], []byte("rd.live.check"), []byte("rd.live.chick"), 1)
	first := uint64(len(d)) / blockSize
	d = append(d, second...)
	gpt, entries = d[blockSize:], d[2*blockSize:]
	binary.LittleEndian.PutUint64(entries[128+32:], first)
	binary.LittleEndian.PutUint64(entries[128+40:], first+size/blockSize-1)
	count, each := binary.LittleEndian.Uint32(gpt[80:]), binary.LittleEndian.Uint32(gpt[84:])
	binary.LittleEndian.PutUint32(gpt[88:], crc32.ChecksumIEEE(entries[:count*each]))
	clear(gpt[16:20])
	binary.LittleEndian.PutUint32(gpt[16:], crc32.ChecksumIEEE(gpt[:92]))
	return d
}

// circle makes the directory "images" be the root.
func circle(d []byte) []byte {
	root := int(binary.LittleEndian.Uint32(d[16*sectorSize+158:])) * sectorSize
	i := bytes.Index(d[root:root+sectorSize], []byte("IMAGES")) + root - 33
	copy(d[i+2:i+10], d[16*sectorSize+158:16*sectorSize+166])
	return d
}

// An image in which no kickstart fits can still name the URL of one.
func TestSurveyWithoutRoom(t *testing.T) {
	full := func(d []byte) []byte {
		b := surveyed(t, d)
		for _, r := range b.Roots {
			records, _ := parseDirectory(r.Data)
			last := records[slices.IndexFunc(records, func(r record) bool { return !r.dir })].raw
			at := len(bytes.TrimRight(r.Data, "\x00"))
			for i := 0; at%sectorSize+len(last) <= sectorSize; i++ {
				extra := bytes.Clone(last)
				extra[33], extra[34] = 'Z', 'A'+byte(i)
				if r.Joliet {
					extra[33], extra[35] = 0x7f, byte(i)
				}
				if i == 0 && at%2 != 0 {
					at++
				}
				at += copy(d[r.At.Offset+int64(at):], extra)
			}
		}
		return d
	}
	noise := func(d []byte) []byte {
		b := surveyed(t, d)
		for at := b.Padding.Offset; at < b.Padding.End(); at += 40 << 10 {
			d[at] = 1
		}
		return d
	}
	for name, spoil := range map[string]func([]byte) []byte{"full directory": full, "no padding": noise} {
		data := spoil(stock(t, "rhel9"))
		b := surveyed(t, data)
		if b.kickstarts() || len(b.Notes) != 1 {
			t.Errorf("%s: kickstarts fit in, notes %q", name, b.Notes)
		}
		if _, err := b.plan(Recipe{Kickstart: []byte("text\n")}); !errors.Is(err, ErrNoRoom) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.plan(Recipe{URL: "http://builder/ks"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
