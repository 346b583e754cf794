package iso

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// List tells of the images of a blueprint, those for single devices last.
func (s *Shelf) List(ctx context.Context, name string) []Summary {
	s.mu.Lock()
	var images []*Image
	for _, i := range s.images {
		if i.Blueprint == name {
			images = append(images, i)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(images, func(a, b *Image) int { return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Name, b.Name)) })
	var all []Summary
	for _, i := range images {
		all = append(all, s.summary(ctx, i))
	}
	return all
}

func (s *Shelf) summary(ctx context.Context, i *Image) Summary {
	sum := Summary{Blueprint: i.Blueprint, Name: i.Name, Device: i.Device, Path: i.Path(), Base: i.Base, Mode: i.Mode, Options: i.Options, Commit: i.Commit, Created: i.Created}
	m, err := s.ready(ctx, i.Blueprint, i.Name, i.Device)
	if err != nil {
		sum.Fault = err.Error()
		return sum
	}
	sum.Product, sum.Arch, sum.Size, sum.LeftOut = m.base.Product, m.base.Arch, m.overlay.Size, m.overlay.LeftOut
	sum.Changed, sum.ETag = m.overlay.Bytes(), m.overlay.ETag()
	return sum
}

// Patches is an image as its base's file and what is to be written over it.
func (s *Shelf) Patches(ctx context.Context, name, image, device string) (*Overlay, *Base, error) {
	m, err := s.ready(ctx, name, image, device)
	if err != nil {
		return nil, nil, fmt.Errorf("looking at an image of %q: %w", name, err)
	}
	return m.overlay, m.base, nil
}
