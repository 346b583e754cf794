package release

import (
	"context"
	"fmt"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
)

// Delete gives a release up. A published one is ErrPublished, a pinned one ErrPinned. The version is
// free at once; the objects stay until the next Prune, and those of a superseded release for the
// grace time, because devices may be pulling them.
func (p *Publisher) Delete(ctx context.Context, id blueprint.ID) error {
	s, err := p.shelf(id.Blueprint)
	if err != nil {
		return err
	}
	leave, err := s.take(ctx)
	if err != nil {
		return fmt.Errorf("deleting %q: %w", id, err)
	}
	defer leave()
	r, err := s.record(id)
	switch {
	case err != nil:
		return err
	case r.Pinned:
		return fmt.Errorf("deleting %q: %w; unpin it first", id, ErrPinned)
	case names(s.repo.Refs(), r.Commit):
		return fmt.Errorf("deleting %q: %w; publish another one first", id, ErrPublished)
	}
	if err := s.remove(r); err != nil {
		return fmt.Errorf("deleting %q: %w", id, err)
	}
	return p.tell(ctx, "release.deleted", id.String(), "commit %s", r.Commit)
}

// remove drops the hold first: a record alone is removed by the next Open, a hold alone would come
// back.
func (s *shelf) remove(r Release) error {
	if err := s.drop(hold(r.Version)); err != nil {
		return err
	}
	return s.forget(r.Version)
}

// Pin protects a release from Delete and Prune, or ends that.
func (p *Publisher) Pin(ctx context.Context, id blueprint.ID, pinned bool) (Release, error) {
	s, err := p.shelf(id.Blueprint)
	if err != nil {
		return Release{}, err
	}
	leave, err := s.take(ctx)
	if err != nil {
		return Release{}, fmt.Errorf("pinning %q: %w", id, err)
	}
	defer leave()
	r, err := s.record(id)
	if err != nil {
		return Release{}, err
	}
	if r.Pinned != pinned {
		r.Pinned = pinned
		if err := s.save(r); err != nil {
			return Release{}, err
		}
		kind := "release.unpinned"
		if pinned {
			kind = "release.pinned"
		}
		err = p.tell(ctx, kind, id.String(), "commit %s", r.Commit)
	}
	return s.complete(r, s.repo.Refs()), err
}

// Verify re-hashes everything that the releases of a blueprint need. Faults are no error.
func (p *Publisher) Verify(ctx context.Context, name blueprint.Name) (ostree.Verified, error) {
	s, err := p.shelf(name)
	if err != nil {
		return ostree.Verified{}, err
	}
	found, err := s.repo.Verify(ctx, p.progress("release.verifying", string(name)))
	if err != nil {
		return ostree.Verified{}, fmt.Errorf("verifying %q: %w", name, err)
	}
	return found, p.tell(ctx, "release.verified", string(name), "%d objects, %d faults", found.Objects, len(found.Faults))
}
