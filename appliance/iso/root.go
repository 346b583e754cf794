package iso

import (
	"bytes"
	"cmp"
	"fmt"
)

// The tail in the root of the tree. isolinux knows it by the first name, GRUB and Linux by the second.
const (
	tailID   = "EDGE.IMG;1"
	tailName = "edge.img"
	tailPath = "/" + tailName
)

// Root is the root directory of one tree of the base: it gets a record for the tail.
type Root struct {
	At     Extent `json:"at"`
	Joliet bool   `json:"joliet,omitempty"`
	Shift  int64  `json:"shift,omitempty"` // sectors that its block numbers lack
	Data   []byte `json:"data"`
}

// withFile is the directory with a record for a file. The records keep the order that ISO 9660 wants, and none
// crosses a sector. It fails with ErrNoRoom where the directory is full.
func (d Root) withFile(at Extent) ([]byte, error) {
	records, err := parseDirectory(d.Data)
	if err != nil {
		return nil, err
	}
	if len(records) < 2 {
		return nil, fmt.Errorf("%w: a root directory without itself in it", ErrMalformed)
	}
	own, err := d.record(records[0], at)
	if err != nil {
		return nil, err
	}
	id, placed := own[33:33+int(own[32])], false
	var raw [][]byte
	for _, r := range records {
		if !placed && len(r.id) > 1 && d.compare(id, r.id) < 0 {
			raw, placed = append(raw, own), true
		}
		if len(r.id) > 1 && d.compare(id, r.id) == 0 {
			return nil, fmt.Errorf("%w: it has a file %q", ErrCustomised, tailName)
		}
		raw = append(raw, r.raw)
	}
	if !placed {
		raw = append(raw, own)
	}
	out, at2 := make([]byte, len(d.Data)), 0
	for _, r := range raw {
		if at2%sectorSize+len(r) > sectorSize {
			at2 = (at2/sectorSize + 1) * sectorSize
		}
		if at2+len(r) > len(out) {
			return nil, fmt.Errorf("%w: its root directory is full", ErrNoRoom)
		}
		at2 += copy(out[at2:], r)
	}
	return out, nil
}

// compare is the order of ECMA-119 9.3: names, then extensions, as if filled with spaces; the same as that of
// bytes for what is not a digit after a dot. Joliet has the order of its code units.
func (d Root) compare(a, b []byte) int {
	if d.Joliet {
		return bytes.Compare(a, b)
	}
	n := max(len(a), len(b))
	for i := range n {
		x, y := byte(' '), byte(' ')
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// record makes one like those that are there. self is the directory's own: it tells whether there is Rock Ridge.
func (d Root) record(self record, at Extent) ([]byte, error) {
	id := []byte(tailID)
	if d.Joliet {
		id = toUCS2(tailName + ";1")
	}
	b := make([]byte, 33+len(id))
	copy(b[18:25], self.raw[18:25]) // the time
	putBoth32(b[2:], uint32(at.Offset/sectorSize-d.Shift))
	putBoth32(b[10:], uint32(at.Length))
	b[28], b[31] = 1, 1 // the first volume of the set, in both byte orders
	b[32] = byte(len(id))
	copy(b[33:], id)
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	rock, skip := false, byte(0)
	var px, tf []byte
	for _, f := range fields(systemUse(self.raw)) {
		switch f.kind {
		case "SP":
			rock = len(f.data) >= 3 && f.data[0] == 0xbe && f.data[1] == 0xef
			if rock {
				skip = f.data[2]
			}
		case "PX":
			px = bytes.Clone(f.raw)
		case "TF":
			tf = f.raw
		}
	}
	if rock && !d.Joliet {
		if skip != 0 || len(px) < 36 {
			return nil, fmt.Errorf("%w: Rock Ridge of an unknown kind", ErrUnsupported)
		}
		clear(px[4:])
		putBoth32(px[4:], 0o100444)
		putBoth32(px[12:], 1) // links
		b = append(append(b, px...), tf...)
		b = append(append(b, 'N', 'M', byte(5+len(tailName)), 1, 0), tailName...)
		if len(b)%2 != 0 {
			b = append(b, 0)
		}
	}
	b[0] = byte(len(b))
	return b, nil
}
