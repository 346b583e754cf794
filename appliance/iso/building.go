package iso

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Building asks for an image.
type Building struct {
	Base    string   `json:"base,omitempty"`   // "": the one of the configuration, or the newest
	Mode    Mode     `json:"mode,omitempty"`   // "": kickstart where it fits, kargs where not
	Name    string   `json:"name,omitempty"`   // "": boot
	Device  string   `json:"device,omitempty"` // for this one only
	Options *Options `json:"options,omitempty"`
}

// Build makes an image of a blueprint, or makes it anew. It is served from then on.
func (s *Shelf) Build(ctx context.Context, name string, b Building) (Summary, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	i, err := s.design(ctx, name, b)
	if err != nil {
		return Summary{}, fmt.Errorf("building an image of %q: %w", name, err)
	}
	if err := s.keepImage(i); err != nil {
		return Summary{}, fmt.Errorf("building an image of %q: %w", name, err)
	}
	if err := s.tell(ctx, "iso.built", name, "%s from %s, mode %s", i.Path(), i.Base, i.Mode); err != nil {
		return Summary{}, err
	}
	return s.summary(ctx, i), s.sweep()
}

// design decides everything about an image, and makes it once to see that it can be made.
func (s *Shelf) design(ctx context.Context, name string, b Building) (*Image, error) {
	i := &Image{Blueprint: name, Name: b.Name, Device: b.Device, Options: s.o.Defaults, Created: s.o.Now().UTC()}
	if b.Options != nil {
		i.Options = *b.Options
	}
	faults := []error{i.Options.Check(), checkName("blueprint", name)}
	if i.Device != "" {
		faults = append(faults, CheckDevice(i.Device))
		if i.Name != "" {
			faults = append(faults, fmt.Errorf("%w: an image for one device has no name of its own", ErrInvalid))
		}
	} else {
		i.Name = cmp.Or(i.Name, DefaultName)
		faults = append(faults, checkName("image", i.Name))
		if i.Name == byDevice {
			faults = append(faults, fmt.Errorf("%w: %q is the folder of images for one device each", ErrInvalid, i.Name))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	base, err := s.base(b.Base)
	if err != nil {
		return nil, err
	}
	if i.Mode, err = s.mode(base, b.Mode); err != nil {
		return nil, err
	}
	wanted := Wanted{Blueprint: name, Device: i.Device, Product: base.Product, Arch: base.Arch, Medium: i.Mode == ModeOffline}
	if i.Mode == ModeOffline {
		if base, err = s.offline(ctx, base, name); err != nil {
			return nil, err
		}
		i.Commit = base.Offline
	}
	i.Base, i.BaseHash = base.Name, base.SHA256
	if i.Mode == ModeKargs {
		i.URL = s.o.URL(name, i.Device)
	} else if i.Kickstart, err = s.o.Kickstart(ctx, wanted); err != nil {
		return nil, fmt.Errorf("rendering the kickstart: %w", err)
	}
	_, _, err = s.make(ctx, i, true)
	return i, err
}

// mode is the one that is asked for, if it can be had.
func (s *Shelf) mode(b *Base, asked Mode) (Mode, error) {
	m := cmp.Or(asked, s.o.Mode)
	switch m {
	case "":
		if s.o.Kickstart != nil && b.kickstarts() {
			return ModeKickstart, nil
		}
		m = ModeKargs
	case ModeKargs, ModeKickstart, ModeOffline:
	default:
		return "", fmt.Errorf("%w: mode %q: want kargs, kickstart or offline", ErrInvalid, m)
	}
	switch {
	case m == ModeKargs && s.o.URL == nil, m != ModeKargs && s.o.Kickstart == nil, m == ModeOffline && s.o.Export == nil:
		return "", fmt.Errorf("%w: mode %s needs what this builder does not have", ErrNotReady, m)
	}
	return m, nil
}

func (s *Shelf) keepImage(i *Image) error {
	if err := writeJSON(filepath.Join(s.o.Dir, filepath.FromSlash(i.file())), i); err != nil {
		return fmt.Errorf("keeping an image: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.images[i.key()] = i
	s.made.dropBlueprint(i.Blueprint)
	return nil
}

// Remove takes an image away; device is set for the image of one device.
func (s *Shelf) Remove(ctx context.Context, name, image, device string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	i := s.images[key(name, image, device)]
	s.mu.Unlock()
	if i == nil {
		return fmt.Errorf("removing an image of %q: %w: %q", name, ErrUnknown, cmp.Or(device, image))
	}
	if err := os.Remove(filepath.Join(s.o.Dir, filepath.FromSlash(i.file()))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing an image of %q: %w", name, err)
	}
	s.mu.Lock()
	delete(s.images, i.key())
	s.made.dropBlueprint(name)
	s.mu.Unlock()
	if err := s.sweep(); err != nil {
		return err
	}
	return s.tell(ctx, "iso.removed", name, "%s", i.Path())
}
