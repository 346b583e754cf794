package iso

import (
	"fmt"
	"strings"
)

// record is one entry of a directory. Source: ECMA-119 9.1; the names of Rock Ridge are RRIP 4.1.4.
type record struct {
	id     []byte // as it stands there
	rock   string // its name in Rock Ridge, "" where it has none
	extent Extent // not shifted
	dir    bool
	more   bool // the file goes on in the next record
	raw    []byte
}

const (
	flagDir  = 0x02
	flagMore = 0x80

	maxDirectory = 16 << 20 // bytes of one directory
	maxRecords   = 400_000  // of one tree
	maxDepth     = 32
)

func parseRecord(b []byte) (record, error) {
	if len(b) < 34 || int(b[0]) < 34 || int(b[0]) > len(b) {
		return record{}, fmt.Errorf("%w: a directory record of %d bytes", ErrMalformed, len(b))
	}
	b = b[:b[0]]
	name := 33 + int(b[32])
	if b[32] == 0 || name > len(b) {
		return record{}, fmt.Errorf("%w: a directory record whose name is longer than itself", ErrMalformed)
	}
	if b[1] != 0 || b[26] != 0 || b[27] != 0 {
		return record{}, fmt.Errorf("%w: interleaved files or extended attributes", ErrUnsupported)
	}
	block, err := both32(b[2:])
	if err != nil {
		return record{}, err
	}
	size, err := both32(b[10:])
	if err != nil {
		return record{}, err
	}
	r := record{id: b[33:name], extent: Extent{int64(block) * sectorSize, int64(size)}, dir: b[25]&flagDir != 0, more: b[25]&flagMore != 0, raw: b}
	r.rock = rockName(systemUse(b))
	return r, nil
}

// systemUse is what stands behind the name, on an even byte.
func systemUse(raw []byte) []byte {
	at := 33 + int(raw[32])
	at += at % 2
	if at > len(raw) {
		return nil
	}
	return raw[at:]
}

// field is one entry of the System Use Sharing Protocol.
type field struct {
	kind string
	data []byte // without the four bytes of its head
	raw  []byte
}

// fields stops where they make no sense; they only name things.
func fields(use []byte) []field {
	var all []field
	for len(use) >= 4 {
		n := int(use[2])
		if n < 4 || n > len(use) {
			return all
		}
		all = append(all, field{string(use[:2]), use[4:n], use[:n]})
		use = use[n:]
	}
	return all
}

func rockName(use []byte) string {
	var name strings.Builder
	for _, f := range fields(use) {
		if f.kind == "NM" && len(f.data) >= 1 && f.data[0]&0x06 == 0 {
			name.Write(f.data[1:])
		}
	}
	return name.String()
}

// parseDirectory reads the records of a whole directory; none of them crosses a sector.
func parseDirectory(data []byte) ([]record, error) {
	var all []record
	for at := 0; at < len(data); {
		end := min((at/sectorSize+1)*sectorSize, len(data))
		if data[at] == 0 {
			at = end
			continue
		}
		r, err := parseRecord(data[at:end])
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		at += len(r.raw)
	}
	return all, nil
}

// name is what people call it, without the version that ISO 9660 adds.
func (v volume) name(r record) string {
	switch {
	case v.joliet:
		s, _, _ := strings.Cut(ucs2(r.id), ";")
		return s
	case r.rock != "":
		return r.rock
	}
	s, _, _ := strings.Cut(string(r.id), ";")
	return strings.TrimSuffix(s, ".")
}

// file is one file of a tree.
type file struct {
	path    string // EFI/BOOT/grub.cfg
	extents []Extent
}

func (f file) size() (n int64) {
	for _, e := range f.extents {
		n += e.Length
	}
	return n
}

// files walks the whole tree.
func (v volume) files(w window) ([]file, error) {
	c := census{v: v, w: w, left: maxRecords, seen: map[int64]bool{}}
	if err := c.walk(v.root, "", 0); err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	return c.files, nil
}

type census struct {
	v     volume
	w     window
	left  int
	seen  map[int64]bool // offsets of directories, lest they run in a circle
	files []file
}

func (c *census) walk(dir Extent, path string, depth int) error {
	if depth > maxDepth || dir.Length > maxDirectory {
		return fmt.Errorf("%w: directory %q is too deep or too large", ErrUnsupported, path)
	}
	if c.seen[dir.Offset] {
		return fmt.Errorf("%w: directory %q is another one, too", ErrMalformed, path)
	}
	c.seen[dir.Offset] = true
	data, err := c.w.bytes(dir)
	if err != nil {
		return fmt.Errorf("directory %q: %w", path, err)
	}
	records, err := parseDirectory(data)
	if err != nil {
		return fmt.Errorf("directory %q: %w", path, err)
	}
	if c.left -= len(records); c.left < 0 {
		return fmt.Errorf("%w: more than %d files", ErrUnsupported, maxRecords)
	}
	goesOn := false
	for _, r := range records {
		if len(r.id) == 1 && r.id[0] <= 1 { // the directory itself and the one above
			continue
		}
		at, name := c.v.shifted(r.extent), path+c.v.name(r)
		if r.dir {
			if err := c.walk(at, name+"/", depth+1); err != nil {
				return err
			}
			continue
		}
		if at.Offset > c.w.size-at.Length {
			return fmt.Errorf("%w: %q would end at byte %d of %d", ErrTruncated, name, at.End(), c.w.size)
		}
		if goesOn {
			last := &c.files[len(c.files)-1]
			last.extents = append(last.extents, at)
		} else {
			c.files = append(c.files, file{name, []Extent{at}})
		}
		goesOn = r.more
	}
	return nil
}
