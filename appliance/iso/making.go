package iso

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// make gives the overlay of an image and its base. It takes milliseconds, or a reading of the whole base where no
// image with these menus was made before. keep writes the checkpoint of that down.
func (s *Shelf) make(ctx context.Context, i *Image, keep bool) (*Overlay, *Base, error) {
	s.mu.Lock()
	b := s.bases[i.Base]
	s.mu.Unlock()
	if b == nil {
		return nil, nil, fmt.Errorf("%w: %q", ErrNoBase, i.Base)
	}
	if b.SHA256 != i.BaseHash {
		return nil, nil, fmt.Errorf("%w: image %q was made from another %q; build it again", ErrChanged, i.Path(), i.Base)
	}
	p, err := b.plan(Recipe{Options: i.Options, Kickstart: i.Kickstart, URL: i.URL, CA: s.o.CA})
	if err != nil {
		return nil, nil, err
	}
	f, err := s.open(b)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	from, err := s.point(ctx, b, p, f, keep)
	if err != nil {
		return nil, nil, err
	}
	o, err := p.finish(ctx, b, f, from)
	return o, b, err
}

// point is the checkpoint of a plan's variant, which is measured where it is not known.
func (s *Shelf) point(ctx context.Context, b *Base, p plan, base *os.File, keep bool) (Checkpoint, error) {
	if b.Seal == nil {
		return Checkpoint{}, nil
	}
	variant, err := p.variant(b)
	if err != nil {
		return Checkpoint{}, err
	}
	if c, known := s.known(b, variant); known {
		return c, nil
	}
	if err := s.lockHashing(ctx); err != nil {
		return Checkpoint{}, err
	}
	defer s.unlockHashing()
	if c, known := s.known(b, variant); known { // since somebody else has waited for it, too
		return c, nil
	}
	c, err := p.measure(ctx, b, base, s.progress("iso.hashing", b.Name, b.Volume))
	if err != nil {
		return c, err
	}
	s.mu.Lock()
	s.remember(b, variant, c)
	s.mu.Unlock()
	if keep {
		err = s.keepBase(b)
	}
	return c, err
}

func (s *Shelf) known(b *Base, variant string) (Checkpoint, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.points[b.SHA256][variant]
	return c, known
}

// made is an overlay that is ready to be read.
type made struct {
	overlay *Overlay
	base    *Base
	image   *Image
	derived bool      // from the blueprint's own image, for a device that nobody built one for
	used    time.Time // last
}

const (
	maxMade = 4096
	// rest is how long nobody must have asked for a derived image before it is made anew: firmware reads one for
	// minutes, in hundreds of requests, and it must not change meanwhile.
	rest = 10 * time.Minute
)

// cache holds overlays, a few kilobytes each.
type cache map[string]*made

func (c *cache) put(key string, m *made) {
	if *c == nil {
		*c = cache{}
	}
	if len(*c) >= maxMade {
		oldest := ""
		for k, other := range *c {
			if oldest == "" || other.used.Before((*c)[oldest].used) {
				oldest = k
			}
		}
		delete(*c, oldest)
	}
	(*c)[key] = m
}

// dropBase forgets what was made over a base.
func (c *cache) dropBase(name string) {
	for k, m := range *c {
		if m.base.Name == name {
			delete(*c, k)
		}
	}
}

// dropBlueprint forgets what was made for a blueprint.
func (c *cache) dropBlueprint(name string) {
	for k, m := range *c {
		if m.image.Blueprint == name {
			delete(*c, k)
		}
	}
}

// Open opens an image: by its name, or the one of a device. A device that none was built for gets the blueprint's
// own image with a kickstart of its own. Who calls it closes the Reader.
func (s *Shelf) Open(ctx context.Context, name, image, device string) (*Reader, error) {
	m, err := s.ready(ctx, name, image, device)
	if err != nil {
		return nil, fmt.Errorf("opening an image of %q: %w", name, err)
	}
	f, err := s.open(m.base)
	if err != nil {
		return nil, fmt.Errorf("opening an image of %q: %w", name, err)
	}
	return NewReader(m.overlay, f)
}

func (s *Shelf) ready(ctx context.Context, name, image, device string) (*made, error) {
	k, now := key(name, image, device), s.o.Now()
	s.mu.Lock()
	m, i := s.made[k], s.images[k]
	if m != nil && (!m.derived || now.Sub(m.used) < rest) {
		m.used = now
		s.mu.Unlock()
		return m, nil
	}
	origin := s.images[key(name, DefaultName, "")]
	s.mu.Unlock()
	derived := i == nil && device != ""
	if derived {
		var err error
		if i, err = s.derive(ctx, origin, device); err != nil {
			return nil, err
		}
	}
	if i == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknown, image)
	}
	o, b, err := s.make(ctx, i, false)
	if err != nil {
		return nil, err
	}
	m = &made{o, b, i, derived, now}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.made[k]; other != nil && now.Sub(other.used) < rest && other.overlay.ETag() == o.ETag() {
		return other, nil
	}
	s.made.put(k, m)
	return m, nil
}

// derive is a blueprint's own image with the kickstart of one device. Where that is but a URL, each device would cost
// a reading of the base, which strangers must not cause.
func (s *Shelf) derive(ctx context.Context, origin *Image, device string) (*Image, error) {
	if err := CheckDevice(device); err != nil {
		return nil, errors.Join(ErrUnknown, err)
	}
	if origin == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknown, DefaultName)
	}
	if origin.Mode == ModeKargs || s.o.Kickstart == nil {
		return nil, fmt.Errorf("%w: image %q carries no kickstart, so one for device %q has to be built", ErrUnknown, DefaultName, device)
	}
	i := *origin
	i.Name, i.Device = "", device
	wanted := Wanted{Blueprint: i.Blueprint, Device: device, Medium: i.Mode == ModeOffline}
	s.mu.Lock()
	if b := s.bases[i.Base]; b != nil {
		wanted.Product, wanted.Arch = b.Product, b.Arch
	}
	s.mu.Unlock()
	var err error
	if i.Kickstart, err = s.o.Kickstart(ctx, wanted); err != nil {
		return nil, fmt.Errorf("rendering the kickstart: %w", err)
	}
	return &i, nil
}
