package release

import (
	"context"
	"fmt"
	"io"

	"edge/appliance/blueprint"
)

// Export writes a release as an edge-commit archive, which Import reads.
func (p *Publisher) Export(ctx context.Context, id blueprint.ID, w io.Writer) error {
	s, r, err := p.find(id)
	if err != nil {
		return err
	}
	if err := s.repo.Export(ctx, r.Commit, r.Ref, w); err != nil {
		return fmt.Errorf("exporting %q: %w", id, err)
	}
	return nil
}

// Sign adds a GPG signature made by the ostree program. home is GnuPG's directory, "" its default.
func (p *Publisher) Sign(ctx context.Context, id blueprint.ID, key, home string) (Release, error) {
	s, r, err := p.find(id)
	if err != nil {
		return Release{}, err
	}
	if err := s.repo.SignGPG(ctx, r.Commit, key, home); err != nil {
		return Release{}, fmt.Errorf("signing %q: %w", id, err)
	}
	err = p.tell(ctx, "release.signed", id.String(), "commit %s with GPG key %s", r.Commit, key)
	return s.complete(r, s.repo.Refs()), err
}
