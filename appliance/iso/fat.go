package iso

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// fat is a FAT12 or FAT16 file system, as far as finding files goes. Source: Microsoft's FAT specification 1.03.
type fat struct {
	w        window
	wide     bool // FAT16
	table    []byte
	root     Extent
	data     int64 // offset of cluster 2
	cluster  int64 // bytes
	clusters int64
}

func openFAT(w window) (*fat, error) {
	b, err := w.bytes(Extent{0, 512})
	if err != nil {
		return nil, err
	}
	sector, perCluster, reserved := int64(binary.LittleEndian.Uint16(b[11:])), int64(b[13]), int64(binary.LittleEndian.Uint16(b[14:]))
	copies, entries, perFAT := int64(b[16]), int64(binary.LittleEndian.Uint16(b[17:])), int64(binary.LittleEndian.Uint16(b[22:]))
	total := int64(binary.LittleEndian.Uint16(b[19:]))
	if total == 0 {
		total = int64(binary.LittleEndian.Uint32(b[32:]))
	}
	power := func(n int64) bool { return n > 0 && n&(n-1) == 0 }
	switch {
	case b[510] != 0x55 || b[511] != 0xaa || !power(sector) || sector < 512 || sector > 4096 || !power(perCluster) || reserved == 0 || copies == 0 || copies > 2:
		return nil, fmt.Errorf("%w: the EFI system partition is no FAT", ErrUnsupported)
	case perFAT == 0 || entries == 0:
		return nil, fmt.Errorf("%w: the EFI system partition is FAT32", ErrUnsupported)
	}
	root := (reserved + copies*perFAT) * sector
	f := &fat{w: w, root: Extent{root, entries * 32}, cluster: perCluster * sector}
	f.data = root + (entries*32+sector-1)/sector*sector
	f.clusters = (total*sector - f.data) / f.cluster
	if f.clusters < 1 || f.clusters >= 65525 || total*sector > w.size {
		return nil, fmt.Errorf("%w: the EFI system partition has %d clusters in %d bytes", ErrMalformed, f.clusters, w.size)
	}
	f.wide = f.clusters >= 4085
	if f.table, err = w.bytes(Extent{reserved * sector, perFAT * sector}); err != nil {
		return nil, fmt.Errorf("reading the FAT: %w", err)
	}
	return f, nil
}

// next is the cluster after one; 0 after the last.
func (f *fat) next(n int64) (int64, error) {
	at, end := 2*n, int64(0xfff8)
	if !f.wide {
		at, end = n+n/2, 0xff8
	}
	if n < 2 || n >= f.clusters+2 || at+2 > int64(len(f.table)) {
		return 0, fmt.Errorf("%w: cluster %d of %d in the EFI system partition", ErrMalformed, n, f.clusters)
	}
	v := int64(binary.LittleEndian.Uint16(f.table[at:]))
	if !f.wide {
		v = v >> (4 * (n % 2)) & 0xfff
	}
	if v >= end {
		return 0, nil
	}
	return v, nil
}

// extents are the ranges of a file, or of all clusters of a directory, whose size is then -1.
func (f *fat) extents(first, size int64) ([]Extent, error) {
	var all []Extent
	for n, seen := first, int64(0); n != 0 && size != 0; seen++ {
		if seen > f.clusters {
			return nil, fmt.Errorf("%w: a chain of clusters in the EFI system partition runs in a circle", ErrMalformed)
		}
		following, err := f.next(n)
		if err != nil {
			return nil, err
		}
		part := Extent{f.data + (n-2)*f.cluster, f.cluster}
		if size > 0 {
			part.Length = min(part.Length, size)
			size -= part.Length
		}
		if last := len(all) - 1; last >= 0 && all[last].End() == part.Offset {
			all[last].Length += part.Length
		} else {
			all = append(all, part)
		}
		n = following
	}
	if size > 0 {
		return nil, fmt.Errorf("%w: a file of the EFI system partition lacks %d bytes", ErrMalformed, size)
	}
	return all, nil
}

// files walks all folders.
func (f *fat) files() ([]file, error) {
	root, err := f.w.bytes(f.root)
	if err != nil {
		return nil, err
	}
	c := fatCensus{fat: f, left: 20_000, seen: map[int64]bool{}}
	if err := c.walk(root, "", 0); err != nil {
		return nil, err
	}
	return c.files, nil
}

type fatCensus struct {
	*fat
	left  int
	seen  map[int64]bool // first clusters of folders, lest they run in a circle
	files []file
}

func (c *fatCensus) walk(folder []byte, path string, depth int) error {
	var long longName
	for ; len(folder) >= 32 && folder[0] != 0; folder = folder[32:] {
		e := folder[:32]
		if c.left--; c.left < 0 || depth > 8 {
			return fmt.Errorf("%w: too many files in the EFI system partition", ErrUnsupported)
		}
		switch {
		case e[0] == 0xe5:
			long = longName{}
			continue
		case e[11]&0x3f == 0x0f:
			long.add(e)
			continue
		case e[11]&0x08 != 0 || e[0] == '.':
			long = longName{}
			continue
		}
		name := path + long.of(e)
		long = longName{}
		if err := c.enter(e, name, depth); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return nil
}

// enter takes in a file, or all of a folder.
func (c *fatCensus) enter(e []byte, name string, depth int) error {
	first, size := int64(binary.LittleEndian.Uint16(e[26:])), int64(binary.LittleEndian.Uint32(e[28:]))
	if e[11]&0x10 == 0 {
		extents, err := c.extents(first, size)
		if err == nil {
			c.files = append(c.files, file{name, extents})
		}
		return err
	}
	if c.seen[first] {
		return fmt.Errorf("%w: this folder is another one, too", ErrMalformed)
	}
	c.seen[first] = true
	extents, err := c.extents(first, -1)
	if err != nil {
		return err
	}
	var data []byte
	for _, x := range extents {
		part, err := c.w.bytes(x)
		if err != nil {
			return err
		}
		data = append(data, part...)
	}
	return c.walk(data, name+"/", depth+1)
}

// longName gathers the pieces of a long name, which stand before the entry, the last piece first.
type longName struct {
	units []uint16
	sum   byte
}

func (l *longName) add(e []byte) {
	if e[0]&0x40 != 0 {
		*l = longName{sum: e[13]}
	}
	var piece []uint16
	for _, r := range [][2]int{{1, 11}, {14, 26}, {28, 32}} {
		for i := r[0]; i < r[1]; i += 2 {
			piece = append(piece, binary.LittleEndian.Uint16(e[i:]))
		}
	}
	if l.sum == e[13] && len(l.units) < 260 {
		l.units = append(piece, l.units...)
	}
}

// of is the long name where it belongs to this entry, and the short one otherwise.
func (l *longName) of(e []byte) string {
	var sum byte
	for _, c := range e[:11] {
		sum = sum>>1 | sum<<7
		sum += c
	}
	if len(l.units) > 0 && sum == l.sum {
		s := string(utf16.Decode(l.units))
		s, _, _ = strings.Cut(s, "\x00")
		return strings.TrimRight(s, "\uffff")
	}
	name, kind := strings.TrimRight(string(e[:8]), " "), strings.TrimRight(string(e[8:11]), " ")
	// Windows and mtools note in e[12] that a part was written in small letters.
	if e[12]&0x08 != 0 {
		name = strings.ToLower(name)
	}
	if e[12]&0x10 != 0 {
		kind = strings.ToLower(kind)
	}
	if kind == "" {
		return name
	}
	return name + "." + kind
}
