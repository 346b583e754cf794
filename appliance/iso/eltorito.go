package iso

import (
	"encoding/binary"
	"fmt"
)

// Platforms of El Torito.
const (
	platformBIOS = 0x00
	platformUEFI = 0xef
)

// bootImage is what firmware starts from a CD.
type bootImage struct {
	platform byte
	offset   int64
	length   int64 // as the catalogue says; BIOS loads so much only
}

const maxBootImages = 64

// readCatalog reads the boot catalogue at a sector. Source: El Torito 1.0, 2; UEFI 12.3.2.1.
func readCatalog(w window, sector int64) ([]bootImage, error) {
	data, err := w.bytes(Extent{sector * sectorSize, sectorSize})
	if err != nil {
		return nil, fmt.Errorf("reading the boot catalogue: %w", err)
	}
	var sum uint16
	for i := 0; i < 32; i += 2 {
		sum += binary.LittleEndian.Uint16(data[i:])
	}
	if data[0] != 1 || data[30] != 0x55 || data[31] != 0xaa || sum != 0 {
		return nil, fmt.Errorf("%w: the boot catalogue is not valid", ErrMalformed)
	}
	var all []bootImage
	platform, left, last := data[1], 1, false
	for at := 32; at+32 <= len(data) && len(all) < maxBootImages; at += 32 {
		e := data[at : at+32]
		switch {
		case left > 0 && e[0] == 0x44: // the selection criteria go on; they say nothing of place
		case left > 0:
			left--
			if e[0] == 0x88 {
				all = append(all, bootImage{platform, int64(binary.LittleEndian.Uint32(e[8:])) * sectorSize, int64(binary.LittleEndian.Uint16(e[6:])) * blockSize})
			}
		case !last && (e[0] == 0x90 || e[0] == 0x91):
			last, platform, left = e[0] == 0x91, e[1], int(binary.LittleEndian.Uint16(e[2:]))
		default:
			return all, nil
		}
	}
	return all, nil
}
