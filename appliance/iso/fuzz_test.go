package iso

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// spoiled is a stock image with a few bytes changed, as pairs of a place among those that matter and a value say.
func spoiled(data []byte, changes []byte) []byte {
	data = bytes.Clone(data)
	for ; len(changes) >= 4; changes = changes[4:] {
		at := int(binary.BigEndian.Uint32(changes)>>8) % len(data)
		data[at] = changes[3]
	}
	return data
}

// Whatever a medium says, surveying it ends, stays inside of it, and what is accepted can be customised or is refused.
func FuzzSurvey(f *testing.F) {
	base := stock(f, "rhel9")
	for _, at := range []uint32{446, 512, 1024, 32768 + 80, 32768 + 158, 36864 + 80, 40 * sectorSize, 83968 + 11, 83968 + 19, 40960 + 2, 40960 + 10, 643072} {
		f.Add(binary.BigEndian.AppendUint32(nil, at<<8|0xff))
		f.Add(binary.BigEndian.AppendUint32(nil, at<<8|0x01))
	}
	f.Fuzz(func(t *testing.T, changes []byte) {
		data := spoiled(base, changes)
		b, err := Survey(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		p, err := b.plan(Recipe{Kickstart: []byte("text\n")})
		if err != nil {
			return
		}
		if _, err := p.variant(b); err != nil {
			return
		}
		for _, patch := range append(p.constants, p.tail...) {
			if patch.Offset < 0 || patch.end() > int64(len(data)) {
				t.Fatalf("a patch of bytes %d to %d of %d", patch.Offset, patch.end(), len(data))
			}
		}
	})
}

func FuzzDirectory(f *testing.F) {
	for _, layout := range layouts {
		for _, r := range surveyed(f, stock(f, layout)).Roots {
			f.Add(r.Data, r.Joliet)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, joliet bool) {
		records, err := parseDirectory(data)
		if err != nil {
			return
		}
		v := volume{joliet: joliet}
		for _, r := range records {
			v.name(r)
		}
		with, err := Root{Data: data, Joliet: joliet}.withFile(Extent{0, tailStep})
		if err != nil {
			return
		}
		if again, err := parseDirectory(with); err != nil || len(again) != len(records)+1 {
			t.Fatalf("%d records became %d, %v", len(records), len(again), err)
		}
	})
}

func FuzzCatalog(f *testing.F) {
	data := stock(f, "rhel9")
	f.Add(data[40*sectorSize : 41*sectorSize])
	f.Fuzz(func(t *testing.T, sector []byte) {
		all, err := readCatalog(window{bytes.NewReader(sector), int64(len(sector))}, 0)
		if err == nil && len(all) > maxBootImages {
			t.Errorf("%d images", len(all))
		}
	})
}

func FuzzPartitions(f *testing.F) {
	for _, layout := range layouts {
		f.Add(stock(f, layout)[:64*blockSize])
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		p, err := readPartitions(window{bytes.NewReader(head), int64(len(head))})
		if err != nil {
			return
		}
		for _, a := range p.all {
			if a.area.Offset < 0 || a.area.Length <= 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}

func FuzzFAT(f *testing.F) {
	data := stock(f, "aarch64")
	f.Add(data[79872 : 79872+64<<10])
	f.Fuzz(func(t *testing.T, image []byte) {
		fs, err := openFAT(window{bytes.NewReader(image), int64(len(image))})
		if err != nil {
			return
		}
		all, err := fs.files()
		if err != nil {
			return
		}
		for _, one := range all {
			for _, e := range one.extents {
				if e.Offset < 0 || e.End() > int64(len(image)) {
					t.Fatalf("%q lies at %+v of %d bytes", one.path, e, len(image))
				}
			}
		}
	})
}

// No argument of the kernel that is accepted can end the line that it stands in, or begin another one.
func FuzzArguments(f *testing.F) {
	f.Add("a=b")
	f.Add("a='b")
	f.Add("x=$(y)")
	f.Fuzz(func(t *testing.T, argument string) {
		o := Options{Add: []string{argument}}
		if o.Check() != nil {
			return
		}
		m, err := parseMenu(GRUB, []byte(grubText))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := m.rewritten(GRUB, choice{title: "OURS", args: o.arguments(), seconds: 5}, 4000+len(argument))
		if err != nil {
			return
		}
		again, err := parseMenu(GRUB, got)
		if err != nil || again.starts(GRUB) == nil || again.starts(GRUB).boot == nil || bytes.Count(got, []byte("\nlinux ")) != 4 {
			t.Fatalf("%q: %v\n%s", argument, err, got)
		}
	})
}
