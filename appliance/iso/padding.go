package iso

import (
	"fmt"
	"slices"
)

const (
	// lastSectors are left alone: a backup GPT may be there, and the media check does not cover them.
	lastSectors = 16
	maxPadding  = 64 << 20
)

// padding finds the zeros at the end of the volume that no file, partition or boot image uses. A file system of its
// own ends in zeros, too; so the search ends where the last of them does.
func (s *survey) padding() error {
	end := s.base.Volume - lastSectors*sectorSize
	begin := max((s.used+sectorSize-1)/sectorSize*sectorSize, end-maxPadding)
	for at := end; at > begin; {
		from := max(at-(1<<20), begin)
		data, err := s.w.bytes(Extent{from, at - from})
		if err != nil {
			return fmt.Errorf("measuring the padding: %w", err)
		}
		slices.Reverse(data)
		if i := slices.IndexFunc(data, func(c byte) bool { return c != 0 }); i >= 0 {
			begin = (at - int64(i) + sectorSize - 1) / sectorSize * sectorSize
			break
		}
		at = from
	}
	if end-begin >= tailStep {
		s.base.Padding = Extent{begin, end - begin}
	} else {
		s.base.Notes = append(s.base.Notes, fmt.Sprintf("no kickstart fits in: it has %d bytes of padding, %d are needed", max(end-begin, 0), tailStep))
	}
	return nil
}
