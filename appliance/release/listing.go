package release

import (
	"context"
	"fmt"
	"sync"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
	"edge/appliance/rpm"
)

// Blueprints are all that have releases or a published ref, by name.
func (p *Publisher) Blueprints(ctx context.Context) ([]Blueprint, error) {
	all := []Blueprint{}
	for _, s := range p.visible() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := p.summary(s)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// Blueprint is what there is under one name; ErrNoBlueprint when that is nothing.
func (p *Publisher) Blueprint(_ context.Context, name blueprint.Name) (Blueprint, error) {
	s, err := p.shelf(name)
	if err != nil {
		return Blueprint{}, err
	}
	return p.summary(s)
}

func (p *Publisher) summary(s *shelf) (Blueprint, error) {
	releases, refs := s.sorted(), s.repo.Refs()
	b := Blueprint{Name: s.name, Releases: len(releases)}
	var last Release
	b.Ref, last = s.current(refs)
	b.Published, b.Commit = last.Version, refs[b.Ref]
	if b.Ref == "" && len(releases) > 0 {
		b.Ref = releases[0].Ref
	}
	if p.o.Signer != nil {
		b.PublicKey = p.o.Signer.PublicKey()
	}
	var err error
	b.Size, b.Objects, err = s.measure.of(s.repo, p.o.Now())
	if err != nil {
		return Blueprint{}, fmt.Errorf("measuring the repository of %q: %w", s.name, err)
	}
	return b, nil
}

// measure remembers the size of a repository: finding it out reads every folder of objects.
type measure struct {
	mu      sync.Mutex
	taken   time.Time // zero: to be taken anew
	bytes   int64
	objects int
}

// measured is how long a measure holds, for the sake of programs that change the repository beside us.
const measured = time.Minute

func (m *measure) of(repo *ostree.Repo, now time.Time) (bytes int64, objects int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if age := now.Sub(m.taken); m.taken.IsZero() || age < 0 || age > measured {
		if m.bytes, m.objects, err = repo.Size(); err != nil {
			return 0, 0, err
		}
		m.taken = now
	}
	return m.bytes, m.objects, nil
}

func (m *measure) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken = time.Time{}
}

// List returns releases by version, newest first; name "" means those of every blueprint.
func (p *Publisher) List(ctx context.Context, name blueprint.Name) ([]Release, error) {
	shelves := p.visible()
	if name != "" {
		s, err := p.shelf(name)
		if err != nil {
			return nil, err
		}
		shelves = []*shelf{s}
	}
	all := []Release{}
	for _, s := range shelves {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		refs := s.repo.Refs()
		for _, r := range s.sorted() {
			all = append(all, s.complete(r, refs))
		}
	}
	return all, nil
}

// Get returns one release.
func (p *Publisher) Get(_ context.Context, id blueprint.ID) (Release, error) {
	s, r, err := p.find(id)
	if err != nil {
		return Release{}, err
	}
	return s.complete(r, s.repo.Refs()), nil
}

// Packages of a release; ErrUnknown wrapped when the commit lists none.
func (p *Publisher) Packages(_ context.Context, id blueprint.ID) ([]rpm.Package, error) {
	s, r, err := p.find(id)
	if err != nil {
		return nil, err
	}
	packages, listed, err := s.packages(r)
	if err != nil {
		return nil, fmt.Errorf("listing packages of %q: %w", id, err)
	}
	if !listed {
		return nil, fmt.Errorf("listing packages of %q: %w with a package list; its commit %s has none", id, ErrUnknown, r.Commit)
	}
	return packages, nil
}

func (s *shelf) packages(r Release) (packages []rpm.Package, listed bool, err error) {
	c, err := s.repo.Commit(r.Commit)
	if err != nil {
		return nil, false, err
	}
	return c.Packages()
}
