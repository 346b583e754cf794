package release

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/event"
	"edge/appliance/ostree"
)

// Options of Open.
type Options struct {
	Data   string // the data directory; repositories in ostree/NAME, records in releases/NAME
	Signer *ostree.Signer
	Events *event.Log       // nil: nobody is told
	Grace  time.Duration    // how long a superseded release's objects are kept from prune; 0: 24 h
	Now    func() time.Time // nil: time.Now
}

// Publisher keeps every blueprint's releases. Its methods are safe for concurrent use.
type Publisher struct {
	o Options

	mu        sync.Mutex
	shelves   map[blueprint.Name]*shelf
	importing map[blueprint.ID]struct{} // one import at a time of each
}

// Open finds what the data directory holds and mends what a killed process left.
func Open(ctx context.Context, o Options) (*Publisher, error) {
	if o.Events == nil {
		o.Events = event.NewLog(1)
	}
	if o.Grace == 0 {
		o.Grace = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Publisher{o: o, shelves: map[blueprint.Name]*shelf{}, importing: map[blueprint.ID]struct{}{}}
	for _, dir := range []string{"ostree", "releases"} {
		if err := os.MkdirAll(filepath.Join(o.Data, dir), 0o755); err != nil {
			return nil, fmt.Errorf("opening the data directory: %w", err)
		}
	}
	folders, err := os.ReadDir(filepath.Join(o.Data, "ostree"))
	if err != nil {
		return nil, fmt.Errorf("opening the data directory: %w", err)
	}
	for _, f := range folders {
		name, err := blueprint.ParseName(f.Name())
		if err != nil || !f.IsDir() {
			continue // not ours: lost+found, a file manager's notes
		}
		s, err := p.openShelf(name)
		if err != nil {
			return nil, err
		}
		if err := p.mend(ctx, s); err != nil {
			return nil, fmt.Errorf("recovering blueprint %q: %w", name, err)
		}
		p.shelves[name] = s
	}
	return p, nil
}

func (p *Publisher) openShelf(name blueprint.Name) (*shelf, error) {
	repo, err := ostree.Open(filepath.Join(p.o.Data, "ostree", string(name)), ostree.Options{Signer: p.o.Signer, Now: p.o.Now})
	if err != nil {
		return nil, fmt.Errorf("opening the repository of blueprint %q: %w", name, err)
	}
	return newShelf(name, repo, filepath.Join(p.o.Data, "releases", string(name))), nil
}

// now is the time as records keep it.
func (p *Publisher) now() time.Time { return p.o.Now().UTC().Truncate(time.Millisecond) }

// shelf finds a blueprint that has releases or a published ref.
func (p *Publisher) shelf(name blueprint.Name) (*shelf, error) {
	p.mu.Lock()
	s := p.shelves[name]
	p.mu.Unlock()
	if s == nil || s.empty() {
		return nil, fmt.Errorf("%w: %q", ErrNoBlueprint, name)
	}
	return s, nil
}

// find is shelf and the record of one release on it.
func (p *Publisher) find(id blueprint.ID) (*shelf, Release, error) {
	s, err := p.shelf(id.Blueprint)
	if err != nil {
		return nil, Release{}, err
	}
	r, err := s.record(id)
	return s, r, err
}

// visible are the shelves that are not empty, by name.
func (p *Publisher) visible() []*shelf {
	p.mu.Lock()
	var all []*shelf
	for _, s := range p.shelves {
		all = append(all, s)
	}
	p.mu.Unlock()
	all = slices.DeleteFunc(all, (*shelf).empty)
	slices.SortFunc(all, func(a, b *shelf) int { return compareNames(a.name, b.name) })
	return all
}

// Repository of a blueprint, for serving; ErrUnknown when there is none.
func (p *Publisher) Repository(name blueprint.Name) (*ostree.Repo, error) {
	s, err := p.shelf(name)
	if err != nil {
		return nil, err
	}
	return s.repo, nil
}

// tell writes a mutation that has happened into audit file and diary.
func (p *Publisher) tell(ctx context.Context, kind, subject, format string, args ...any) error {
	err := p.o.Events.Record(ctx, event.Event{Kind: kind, Subject: subject, Message: fmt.Sprintf(format, args...)})
	if err != nil {
		return fmt.Errorf("recording %s of %q, which has happened: %w", kind, subject, err)
	}
	return nil
}
