package blueprint

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"
)

// limits of what a pack may unfold to. They are looked at before anything is inflated, from what the pack
// says; go-git then holds it to its word.
type limits struct {
	objects int   // how many
	object  int64 // bytes of one
	total   int64 // bytes of all, and of the deltas that make them
	depth   int   // deltas upon deltas
}

// Sizes in a pack (gitformat-pack(5)).
const (
	packHeader  = 12
	packTrailer = 20
)

// readPack unfolds a whole pack. Deltas may build upon objects of the same pack only, unless base finds
// others; nil finds none.
func readPack(pack []byte, l limits, base func(plumbing.Hash) (content, bool)) (map[plumbing.Hash]content, error) {
	u := unfolding{limits: l, upon: map[int64][]delta{}, uponName: map[plumbing.Hash][]delta{}, named: map[plumbing.Hash]content{}}
	wholes, err := u.scan(pack)
	for i := 0; err == nil && i < len(wholes); i++ {
		err = u.settle(wholes[i])
	}
	if err == nil && base != nil {
		err = u.settleUpon(base)
	}
	if err == nil && len(u.upon)+len(u.uponName) > 0 {
		err = malformed("a delta builds upon an object that is not there")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a pack: %w", err)
	}
	return u.named, nil
}

type unfolding struct {
	limits   limits
	total    int64
	upon     map[int64][]delta // by the offsets of their bases
	uponName map[plumbing.Hash][]delta
	named    map[plumbing.Hash]content
}

// delta waits for its base.
type delta struct {
	offset int64 // its own
	data   []byte
}

// unfolded is an object and where it lies; offset 0: in no pack.
type unfolded struct {
	content
	offset int64
	depth  int
}

// scan reads the pack from end to end. It returns what is whole, and keeps the deltas.
func (u *unfolding) scan(pack []byte) ([]unfolded, error) {
	if len(pack) < packHeader+packTrailer {
		return nil, malformed("it is cut off")
	}
	s := packfile.NewScanner(bytes.NewReader(pack))
	_, count, err := s.Header()
	if err != nil {
		return nil, malformed("%v", err)
	}
	if int64(count) > int64(u.limits.objects) {
		return nil, fmt.Errorf("%w: %d objects, and %d are allowed", ErrTooLarge, count, u.limits.objects)
	}
	var wholes []unfolded
	for range count {
		h, err := s.NextObjectHeader()
		if err != nil {
			return nil, malformed("%v", err)
		}
		data, err := u.inflate(s, h)
		if err != nil {
			return nil, err
		}
		switch h.Type {
		case plumbing.OFSDeltaObject:
			u.upon[h.OffsetReference] = append(u.upon[h.OffsetReference], delta{h.Offset, data})
		case plumbing.REFDeltaObject:
			u.uponName[h.Reference] = append(u.uponName[h.Reference], delta{h.Offset, data})
		case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
			wholes = append(wholes, unfolded{content{h.Type, data}, h.Offset, 0})
		default:
			return nil, malformed("an object is of kind %d", h.Type)
		}
	}
	if _, err := s.Checksum(); err != nil {
		return nil, malformed("%v", err)
	}
	if end, err := s.SeekFromStart(0); err != nil || end != int64(len(pack)) {
		return nil, malformed("there is more than it says")
	}
	return wholes, nil
}

// count takes size bytes from what is left.
func (u *unfolding) count(size int64) error {
	if size < 0 || size > u.limits.object || size > u.limits.total-u.total {
		return fmt.Errorf("%w: at most %d bytes an object, %d in all", ErrTooLarge, u.limits.object, u.limits.total)
	}
	u.total += size
	return nil
}

// inflate reads exactly what the header says.
func (u *unfolding) inflate(s *packfile.Scanner, h *packfile.ObjectHeader) ([]byte, error) {
	if err := u.count(h.Length); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	n, _, err := s.NextObject(&out)
	if err != nil || n != h.Length {
		return nil, malformed("an object is not as long as it says")
	}
	return out.Bytes(), nil
}

// settle names an object and makes all that build upon it.
func (u *unfolding) settle(from unfolded) error {
	for todo := []unfolded{from}; len(todo) > 0; {
		one := todo[len(todo)-1]
		name := one.hash()
		todo = todo[:len(todo)-1]
		u.named[name] = one.content
		waiting := append(u.upon[one.offset], u.uponName[name]...)
		delete(u.upon, one.offset)
		delete(u.uponName, name)
		for _, d := range waiting {
			made, err := u.apply(one, d)
			if err != nil {
				return err
			}
			todo = append(todo, made)
		}
	}
	return nil
}

// settleUpon makes what builds upon objects that are elsewhere.
func (u *unfolding) settleUpon(base func(plumbing.Hash) (content, bool)) error {
	for name, waiting := range u.uponName {
		c, found := base(name)
		if !found {
			continue
		}
		delete(u.uponName, name)
		for _, d := range waiting {
			made, err := u.apply(unfolded{c, 0, 0}, d)
			if err == nil {
				err = u.settle(made)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (u *unfolding) apply(base unfolded, d delta) (unfolded, error) {
	if base.depth == u.limits.depth {
		return unfolded{}, fmt.Errorf("%w: more than %d deltas upon each other", ErrTooLarge, u.limits.depth)
	}
	size, ok := targetSize(d.data)
	if !ok {
		return unfolded{}, malformed("a delta is cut off")
	}
	if err := u.count(size); err != nil {
		return unfolded{}, err
	}
	data, err := packfile.PatchDelta(base.data, d.data)
	if err != nil {
		return unfolded{}, malformed("a delta: %v", err)
	}
	return unfolded{content{base.kind, data}, d.offset, base.depth + 1}, nil
}

// targetSize is how large a delta says that its object is: the second of the two numbers it begins with,
// seven bits a byte, the lowest first.
func targetSize(delta []byte) (int64, bool) {
	for number := range 2 {
		var n int64
		for shift := 0; ; shift += 7 {
			if len(delta) == 0 || shift > 42 {
				return 0, false
			}
			b := delta[0]
			delta = delta[1:]
			n |= int64(b&0x7f) << shift
			if b&0x80 == 0 {
				break
			}
		}
		if number == 1 {
			return n, true
		}
	}
	return 0, false
}

// writePack writes objects as a pack without deltas, one after the other.
func writePack(w io.Writer, objects []content) error {
	s := memory.NewStorage()
	var names []plumbing.Hash
	for _, c := range objects {
		name, err := s.SetEncodedObject(c.encoded())
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	_, err := packfile.NewEncoder(w, s, false).Encode(names, 0)
	return err
}
