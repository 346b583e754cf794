package release

import (
	"context"
	"fmt"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
	"edge/appliance/rpm"
)

// Difference between two releases.
type Difference struct {
	From     blueprint.ID        `json:"-"`
	To       blueprint.ID        `json:"-"`
	FromName string              `json:"from"` // NAME@VERSION
	ToName   string              `json:"to"`
	Basis    string              `json:"basis"` // "packages", or "files" where one of them lists no packages
	Packages *rpm.Diff           `json:"packages,omitempty"`
	Files    []ostree.FileChange `json:"files,omitempty"`
}

// Bases of a Difference.
const (
	ByPackages = "packages"
	ByFiles    = "files"
)

// Diff says what changes for a device that goes from one release to the other: the packages, or the
// files where one of the commits lists no packages. Files of two blueprints cannot be compared:
// that is ostree.ErrMismatch.
func (p *Publisher) Diff(ctx context.Context, from, to blueprint.ID) (Difference, error) {
	d := Difference{From: from, To: to, FromName: from.String(), ToName: to.String()}
	a, old, err := p.find(from)
	if err != nil {
		return Difference{}, err
	}
	b, new, err := p.find(to)
	if err != nil {
		return Difference{}, err
	}
	before, listed, err := a.packages(old)
	if err != nil {
		return Difference{}, fmt.Errorf("comparing %q with %q: %w", from, to, err)
	}
	after, both, err := b.packages(new)
	if err != nil {
		return Difference{}, fmt.Errorf("comparing %q with %q: %w", from, to, err)
	}
	if listed && both {
		packages := rpm.Compute(before, after)
		d.Basis, d.Packages = ByPackages, &packages
		return d, nil
	}
	if a != b {
		return Difference{}, fmt.Errorf("comparing %q with %q: %w: one lists no packages, and files are compared within one blueprint only",
			from, to, ostree.ErrMismatch)
	}
	d.Basis = ByFiles
	if d.Files, err = a.repo.DiffFiles(ctx, old.Commit, new.Commit); err != nil {
		return Difference{}, fmt.Errorf("comparing %q with %q: %w", from, to, err)
	}
	return d, nil
}
