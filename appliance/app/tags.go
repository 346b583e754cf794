package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edge/appliance/registry"
)

const (
	atOnce   = 8                // requests to one registry
	patience = 15 * time.Second // for a remote registry to tell of one app in a list
	glance   = 10 * time.Second // that what a remote registry said of its tags is believed
)

// List is every app with what it follows now. Registries are asked at the same time; one that cannot
// be asked is a Fault of its apps and not an error of the list.
func (s *Shelf) List(ctx context.Context) ([]Summary, error) {
	all := make([]Summary, len(s.apps))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, a := range s.apps {
		g.Go(func() error {
			all[i] = s.summary(ctx, a)
			return nil
		})
	}
	_ = g.Wait() // faults are in the summaries
	return all, ctx.Err()
}

func (s *Shelf) summary(ctx context.Context, a App) Summary {
	sum := Summary{App: a}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := s.place(a)
	if err != nil {
		sum.Fault = err.Error()
		return sum
	}
	tags, err := s.survey(ctx, a, p)
	if err != nil {
		sum.Fault = err.Error()
	}
	for _, t := range tags {
		if spare(t.name) {
			continue
		}
		sum.Tags++
		if t.name == a.Tag {
			sum.Digest = t.Digest
			sum.SameAs = same(tags, t, false)
		}
	}
	return sum
}

// Tags are an app's tags without those that keep former images alive.
func (s *Shelf) Tags(ctx context.Context, app string) ([]Tag, error) { return s.list(ctx, app, false) }

// AllTags are an app's tags, those that keep former images alive among them.
func (s *Shelf) AllTags(ctx context.Context, app string) ([]Tag, error) {
	return s.list(ctx, app, true)
}

func (s *Shelf) list(ctx context.Context, app string, all bool) ([]Tag, error) {
	a, err := s.find(app)
	if err != nil {
		return nil, err
	}
	p, err := s.place(a)
	if err != nil {
		return nil, err
	}
	found, err := s.survey(ctx, a, p)
	if err != nil {
		return nil, fmt.Errorf("listing the tags of app %q: %w", app, err)
	}
	found = slices.DeleteFunc(found, func(t tagged) bool { return !all && spare(t.name) })
	tags := make([]Tag, len(found))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, t := range found {
		g.Go(func() error {
			d, err := s.describe(ctx, p, t.Manifest)
			tags[i] = Tag{Name: t.name, Digest: t.Digest, MediaType: t.MediaType, Platforms: d.platforms, Size: d.size, Created: d.created,
				SameAs: same(found, t, all), Immutable: s.home.Immutable(t.name), Followed: t.name == a.Tag}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("describing the tags of app %q: %w", app, err)
	}
	return tags, nil
}

// tagged is one tag with the head of its manifest.
type tagged struct {
	name string
	registry.Manifest
}

// same are the other tags with the digest of t.
func same(all []tagged, t tagged, spares bool) []string {
	names := []string{}
	for _, other := range all {
		if other.name != t.name && other.Digest == t.Digest && (spares || !spare(other.name)) {
			names = append(names, other.name)
		}
	}
	return names
}

// survey asks a registry for every tag of an app and its digest. A repository that is not there yet
// has no tags.
func (s *Shelf) survey(ctx context.Context, a App, p place) ([]tagged, error) {
	if known, ok := s.fresh.of(a.Image); ok && !p.embedded() {
		return known, nil
	}
	began := time.Now()
	names, err := p.Tags(ctx, p.repository)
	if errors.Is(err, registry.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := make([]tagged, len(names))
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, name := range names {
		g.Go(func() error {
			m, err := p.Head(within, p.repository, name)
			if errors.Is(err, registry.ErrUnknown) {
				return nil // taken away between the two questions
			}
			found[i] = tagged{name, m}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(t tagged) bool { return t.Digest == "" })
	if !p.embedded() {
		s.fresh.put(a.Image, found, began)
	}
	return slices.Clone(found), nil
}

// glances are the tags of remote images as they were a moment ago: a page that redraws itself must
// not ask a registry for two hundred digests each time.
type glances struct {
	mu      sync.Mutex
	byImage map[string]seen
}

type seen struct {
	tags []tagged
	at   time.Time
	gone time.Time // the last time that a tag was moved from here
}

func (g *glances) of(image string) ([]tagged, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.byImage[image]
	if v.at.IsZero() || time.Since(v.at) > glance {
		return nil, false
	}
	return slices.Clone(v.tags), true
}

// put keeps what was asked for at a time, unless a tag was moved since.
func (g *glances) put(image string, tags []tagged, asked time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byImage == nil {
		g.byImage = map[string]seen{}
	}
	if v := g.byImage[image]; v.gone.Before(asked) {
		g.byImage[image] = seen{tags, asked, v.gone}
	}
}

func (g *glances) forget(image string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byImage == nil {
		g.byImage = map[string]seen{}
	}
	g.byImage[image] = seen{gone: time.Now()}
}
