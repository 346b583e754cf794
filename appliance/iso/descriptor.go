package iso

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// volume is one tree of files: the primary one or Joliet's. Source: ECMA-119 8.4 and 8.5, Joliet 1.
type volume struct {
	joliet  bool
	label   string
	sectors int64
	shift   int64 // sectors to add to each of its block numbers
	root    Extent
}

// descriptors is a set of volume descriptors. xorriso writes a second one for partition 1, so that the file
// system can be mounted from there; its block numbers count from the partition.
type descriptors struct {
	primary volume
	joliet  *volume
	catalog int64 // sector of the El Torito catalogue, 0 where there is none
}

const maxDescriptors = 64

func readDescriptors(w window, shift int64) (descriptors, error) {
	var d descriptors
	found := false
	for i := range int64(maxDescriptors) {
		at := (shift + 16 + i) * sectorSize
		sector, err := w.bytes(Extent{at, sectorSize})
		if err != nil && i == 0 {
			return d, fmt.Errorf("%w: it has no volume descriptor", ErrNotISO)
		} else if err != nil {
			return d, err
		}
		if string(sector[1:6]) != "CD001" {
			if i == 0 {
				return d, fmt.Errorf("%w: it has no volume descriptor", ErrNotISO)
			}
			return d, fmt.Errorf("%w: its volume descriptors do not end", ErrMalformed)
		}
		switch sector[0] {
		case 0:
			if bytes.HasPrefix(sector[7:], []byte("EL TORITO SPECIFICATION")) {
				d.catalog = int64(binary.LittleEndian.Uint32(sector[0x47:]))
			}
		case 1:
			if !found {
				if d.primary, err = readVolume(sector, shift); err != nil {
					return d, err
				}
				found = true
			}
		case 2:
			if escape := string(sector[88:91]); d.joliet == nil && (escape == "%/@" || escape == "%/C" || escape == "%/E") {
				v, err := readVolume(sector, shift)
				if err != nil {
					return d, err
				}
				v.joliet, v.label = true, ucs2(bytes.TrimRight(sector[40:72], "\x00"))
				d.joliet = &v
			}
		case 255:
			if !found {
				return d, fmt.Errorf("%w: it has no primary volume descriptor", ErrNotISO)
			}
			return d, nil
		}
	}
	return d, fmt.Errorf("%w: more than %d volume descriptors", ErrMalformed, maxDescriptors)
}

func readVolume(sector []byte, shift int64) (volume, error) {
	size, err := both32(sector[80:])
	if err != nil {
		return volume{}, fmt.Errorf("reading the size of the volume: %w", err)
	}
	if block := binary.LittleEndian.Uint16(sector[128:]); block != sectorSize {
		return volume{}, fmt.Errorf("%w: blocks of %d bytes, not %d", ErrUnsupported, block, sectorSize)
	}
	root, err := parseRecord(sector[156:190])
	if err != nil {
		return volume{}, fmt.Errorf("reading the root directory's record: %w", err)
	}
	if !root.dir || root.extent.Length == 0 {
		return volume{}, fmt.Errorf("%w: the root is no directory", ErrMalformed)
	}
	v := volume{label: strings.TrimRight(string(sector[40:72]), " \x00"), sectors: int64(size), shift: shift}
	v.root = v.shifted(root.extent)
	return v, nil
}

func (v volume) shifted(e Extent) Extent {
	e.Offset += v.shift * sectorSize
	return e
}

// both32 reads a number that stands there in both byte orders.
func both32(b []byte) (uint32, error) {
	little, big := binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if little != big {
		return 0, fmt.Errorf("%w: %d in one byte order is %d in the other", ErrMalformed, little, big)
	}
	return little, nil
}

func putBoth32(b []byte, n uint32) {
	binary.LittleEndian.PutUint32(b, n)
	binary.BigEndian.PutUint32(b[4:], n)
}

// ucs2 is the text of Joliet, big endian.
func ucs2(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.BigEndian.Uint16(b))
	}
	return strings.TrimRight(string(utf16.Decode(units)), " \x00")
}

func toUCS2(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}
