package iso

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// Recipe is all that tells one image of a base from another.
type Recipe struct {
	Options
	Kickstart []byte // carried in the image; nil: URL names it
	URL       string // of the kickstart, where none is carried
	CA        []byte // PEM of the only authority that the installer trusts; nil: those of the vendor
}

// seconds until our entry starts by itself: long enough to be read and stopped.
const seconds = 5

// titleEnd tells our entry from the vendor's.
const titleEnd = " by itself - ERASES THE DISK"

// title is the same for every image of a base, so that menus are.
func (b *Base) title() string {
	name := b.Product
	if name == "" {
		name = "the system"
	}
	return "Install " + name + titleEnd
}

// constants are the patches that do not depend on what the tail says, only on how long it is: every device's image
// shares them, and a checkpoint of the media check.
func (b *Base) constants(r Recipe, tailLength int64) (patches []Patch, leftOut []string, err error) {
	if err := r.Check(); err != nil {
		return nil, nil, err
	}
	c := choice{title: b.title(), remove: r.Remove, seconds: seconds}
	if strings.HasPrefix(r.Console, "ttyS") {
		c.serial = r.serial()
	}
	switch {
	case len(r.Kickstart) > 0:
		c.args = append(c.args, "inst.ks=file:/"+kickstartPath)
	case r.URL != "":
		if !argumentForm.MatchString("inst.ks=" + r.URL) {
			return nil, nil, fmt.Errorf("%w: the kickstart's URL %q does not fit on a command line", ErrInvalid, r.URL)
		}
		c.args = append(c.args, "inst.ks="+r.URL, "inst.ks.sendmac", "inst.ks.sendsn")
	default:
		return nil, nil, fmt.Errorf("%w: neither a kickstart nor its URL", ErrInvalid)
	}
	c.args = append(c.args, r.arguments()...)
	if tailLength > 0 {
		c.tail = tailPath
		at := b.tailAt(tailLength)
		for _, root := range b.Roots {
			data, err := root.withFile(at)
			if err != nil {
				return nil, nil, err
			}
			patches = append(patches, change(root.At.Offset, root.Data, data)...)
		}
	}
	for _, m := range b.Menus {
		more, left, err := m.patches(c)
		if err != nil {
			return nil, nil, fmt.Errorf("writing %q: %w", m.Place(), err)
		}
		patches = append(patches, more...)
		if m.ESP == 0 {
			leftOut = append(leftOut, left...)
		}
	}
	return patches, unique(leftOut), nil
}

// patches put our entry into one copy of a menu, wherever its bytes lie.
func (m Menu) patches(c choice) ([]Patch, []string, error) {
	parsed, err := parseMenu(m.Dialect, []byte(m.Text))
	if err != nil {
		return nil, nil, err
	}
	text, leftOut, err := parsed.rewritten(m.Dialect, c, len(m.Text))
	if err != nil {
		return nil, nil, err
	}
	var all []Patch
	was := []byte(m.Text)
	for _, e := range m.Extents {
		if e.Length > int64(len(text)) {
			return nil, nil, fmt.Errorf("%w: a menu of %d bytes in less", ErrMalformed, e.Length)
		}
		all = append(all, change(e.Offset, was[:e.Length], text[:e.Length])...)
		was, text = was[e.Length:], text[e.Length:]
	}
	return all, leftOut, nil
}

// change is what differs between two texts of one length, without what they begin and end with alike.
func change(at int64, was, now []byte) []Patch {
	from, to := 0, len(now)
	for from < to && was[from] == now[from] {
		from++
	}
	for from < to && was[to-1] == now[to-1] {
		to--
	}
	if from == to {
		return nil
	}
	return []Patch{{at + int64(from), now[from:to]}}
}

func unique(all []string) (once []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if s != "" && !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}

// tailAt is the end of the padding: the less comes behind a tail, the less has to be hashed for each device.
func (b *Base) tailAt(length int64) Extent { return Extent{b.Padding.End() - length, length} }

// plan is an image without its media check.
type plan struct {
	constants, tail []Patch
	turn            int64 // the checkpoint: what is before it is the same for every device
	leftOut         []string
}

func (b *Base) plan(r Recipe) (plan, error) {
	var p plan
	data := tail(r.Kickstart, r.CA)
	if len(data) > 0 && !b.kickstarts() {
		return p, fmt.Errorf("%w: %s cannot carry a kickstart or a certificate: %s", ErrNoRoom, b.Name, strings.Join(b.Notes, "; "))
	}
	if int64(len(data)) > b.Padding.Length && len(data) > 0 {
		return p, fmt.Errorf("%w: kickstart and certificate need %d bytes, the padding of %s has %d", ErrNoRoom, len(data), b.Name, b.Padding.Length)
	}
	var err error
	if p.constants, p.leftOut, err = b.constants(r, int64(len(data))); err != nil {
		return p, err
	}
	p.turn = max(b.Volume-skipSectors*sectorSize, 0) / hashedAtOnce * hashedAtOnce
	if len(data) > 0 {
		at := b.tailAt(int64(len(data))).Offset
		p.turn = at / hashedAtOnce * hashedAtOnce
		p.tail = []Patch{{at, bytes.TrimRight(data, "\x00")}} // what it is put over is zero
	}
	return p, nil
}

// variant names the constant patches of a plan: what has the same shares a checkpoint.
func (p plan) variant(b *Base) (string, error) {
	o, err := newOverlay(b.SHA256, b.Size, p.constants)
	if err != nil {
		return "", err
	}
	return strings.Trim(o.ETag(), `"`), nil
}

// measure makes the checkpoint of a variant: it reads all of the base up to the tail.
func (p plan) measure(ctx context.Context, b *Base, base io.ReaderAt, progress func(int64)) (Checkpoint, error) {
	o, err := newOverlay(b.SHA256, b.Size, p.constants)
	if err != nil {
		return Checkpoint{}, err
	}
	k := newChecker(b.Volume)
	if err := k.run(ctx, over{o, base}, p.turn, progress); err != nil {
		return Checkpoint{}, err
	}
	return k.checkpoint()
}

// finish makes the overlay from a checkpoint of the plan's variant.
func (p plan) finish(ctx context.Context, b *Base, base io.ReaderAt, from Checkpoint) (*Overlay, error) {
	patches := append(append([]Patch{}, p.constants...), p.tail...)
	o, err := newOverlay(b.SHA256, b.Size, patches)
	if err != nil {
		return nil, err
	}
	if b.Seal != nil {
		k, err := resume(b.Volume, from)
		if err != nil {
			return nil, err
		}
		if err := k.run(ctx, over{o, base}, b.Volume, nil); err != nil {
			return nil, err
		}
		patches = append(patches, Patch{sealOffset, k.seal(b.Seal.Supported).bytes()})
		if o, err = newOverlay(b.SHA256, b.Size, patches); err != nil {
			return nil, err
		}
	}
	o.LeftOut = p.leftOut
	return o, nil
}
