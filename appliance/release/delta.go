package release

import (
	"context"
	"fmt"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// Delta is a static delta between two releases, or from nothing when From is "".
type Delta struct {
	From string `json:"from,omitempty"` // VERSION, or a checksum that is no release any more
	To   string `json:"to"`
	Size int64  `json:"size"`
}

// Deltas lists the static deltas of a blueprint.
func (p *Publisher) Deltas(_ context.Context, name blueprint.Name) ([]Delta, error) {
	s, err := p.shelf(name)
	if err != nil {
		return nil, err
	}
	found, err := s.repo.Deltas()
	if err != nil {
		return nil, fmt.Errorf("listing deltas of %q: %w", name, err)
	}
	all := []Delta{}
	for _, d := range found {
		all = append(all, s.delta(d))
	}
	return all, nil
}

// MakeDelta makes the delta by which devices go from one release to the other with fewer requests.
// from without a version makes one from nothing, for installations. It needs the ostree program:
// ostree.ErrNoProgram without it.
func (p *Publisher) MakeDelta(ctx context.Context, from, to blueprint.ID) (Delta, error) {
	s, a, b, err := p.ends(from, to)
	if err != nil {
		return Delta{}, fmt.Errorf("making a delta: %w", err)
	}
	made, err := s.repo.MakeDelta(ctx, a, b)
	if err != nil {
		return Delta{}, fmt.Errorf("making a delta to %q: %w", to, err)
	}
	s.measure.forget()
	d := s.delta(made)
	return d, p.tell(ctx, "delta.made", to.String(), "from %s, %d bytes", origin(d.From), d.Size)
}

// WithdrawDelta removes a delta: devices pull single objects again.
func (p *Publisher) WithdrawDelta(ctx context.Context, from, to blueprint.ID) error {
	s, a, b, err := p.ends(from, to)
	if err != nil {
		return fmt.Errorf("withdrawing a delta: %w", err)
	}
	if err := s.repo.WithdrawDelta(ctx, a, b); err != nil {
		return fmt.Errorf("withdrawing the delta to %q: %w", to, err)
	}
	s.measure.forget()
	return p.tell(ctx, "delta.withdrawn", to.String(), "from %s", origin(string(from.Version)))
}

// ends finds the commits of a delta; from may lack a version.
func (p *Publisher) ends(from, to blueprint.ID) (s *shelf, a, b object.Checksum, err error) {
	s, r, err := p.find(to)
	if err != nil {
		return nil, "", "", err
	}
	if from.Version == "" {
		return s, "", r.Commit, nil
	}
	if from.Blueprint != to.Blueprint {
		return nil, "", "", fmt.Errorf("%w: %q and %q are of two blueprints", ostree.ErrMismatch, from, to)
	}
	base, err := s.record(from)
	return s, base.Commit, r.Commit, err
}

// delta names the commits of d by their versions, where they are releases.
func (s *shelf) delta(d ostree.Delta) Delta {
	named := Delta{From: string(d.From), To: string(d.To), Size: d.Size}
	for _, r := range s.sorted() {
		switch r.Commit {
		case d.From:
			named.From = string(r.Version)
		case d.To:
			named.To = string(r.Version)
		}
	}
	return named
}

func origin(from string) string {
	if from == "" {
		return "nothing"
	}
	return from
}
