package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// Holds of this room. A release's commit is held under "release/VERSION"; one that was re-stamped
// for its publication under "publishing/VERSION" until the ref names it.
const (
	heldPrefix       = "release/"
	publishingPrefix = "publishing/"
	publishedPrefix  = "published/" // by ostree.Repo.Point: what a ref named before
)

func hold(v blueprint.Version) string { return heldPrefix + string(v) }

// Recovered is the origin of a release whose record was lost.
const Recovered = "recovered"

// mend makes records and holds of a shelf agree, whatever step a process was killed in.
func (p *Publisher) mend(ctx context.Context, s *shelf) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	holds, err := s.repo.Holds()
	if err != nil {
		return err
	}
	for name, commit := range holds {
		version, ok := strings.CutPrefix(name, heldPrefix)
		v, err := blueprint.ParseVersion(version)
		if !ok || err != nil {
			continue // somebody else's
		}
		if err := p.mendRecord(ctx, s, v, commit); err != nil {
			return err
		}
	}
	versions, err := recorded(s.dir)
	if err != nil {
		return fmt.Errorf("reading records: %w", err)
	}
	for _, v := range versions {
		if _, held := s.records[v]; held {
			continue
		}
		if err := s.forget(v); err != nil {
			return err
		}
		id := blueprint.ID{Blueprint: s.name, Version: v}
		if err := p.tell(ctx, "release.deleted", id.String(), "an interrupted deletion is complete"); err != nil {
			return err
		}
	}
	return nil
}

// settle ends publications of re-stamped commits that were interrupted: where the ref moved, the
// release becomes the re-stamp; where it did not, nothing happened.
func (s *shelf) settle(ctx context.Context) error {
	holds, err := s.repo.Holds()
	if err != nil {
		return err
	}
	refs := s.repo.Refs()
	for name, commit := range holds {
		version, ok := strings.CutPrefix(name, publishingPrefix)
		if !ok {
			continue
		}
		if _, held := holds[heldPrefix+version]; held && names(refs, commit) {
			if err := s.repo.Hold(ctx, heldPrefix+version, commit); err != nil {
				return err
			}
		}
		if err := s.drop(name); err != nil {
			return err
		}
	}
	return nil
}

// mendRecord loads the record of a held release and makes it fit the commit.
func (p *Publisher) mendRecord(ctx context.Context, s *shelf, v blueprint.Version, commit object.Checksum) error {
	r, err := readRecord(s.dir, v)
	lost := err != nil
	if lost {
		r = Release{Version: v, Added: p.now(), Origin: Recovered, Source: commit}
	}
	changed := lost || r.Blueprint != s.name || r.Commit != commit
	refs := s.repo.Refs()
	if changed {
		r.Blueprint, r.Commit = s.name, commit
		r = s.describe(r)
	}
	if r.PublishedAt == nil && s.seen(commit) {
		now := p.now()
		r.PublishedAt, changed = &now, true
	}
	for ref, tip := range refs {
		if tip == commit && refs[r.Ref] != commit {
			r.Ref, changed = ref, true
		}
	}
	if !changed {
		s.records[v] = r
		return nil
	}
	if err := s.save(r); err != nil {
		return err
	}
	if lost {
		return p.tell(ctx, "release.imported", r.ID().String(), "recovered commit %s; its record was lost", commit)
	}
	return nil
}

// describe fills r with what its commit says. A commit that cannot be read leaves r as it is:
// Verify tells what is wrong with it, and one bad release must not keep the others from being served.
func (s *shelf) describe(r Release) Release {
	c, err := s.repo.Commit(r.Commit)
	if err != nil {
		r.Packages = -1
		return r
	}
	r.Parent, r.CommitVersion, r.Subject, r.Time, r.Packages = c.Parent, c.Version(), c.Subject, c.Time, -1
	if packages, listed, err := c.Packages(); listed && err == nil {
		r.Packages = len(packages)
	}
	if v, ok := c.Metadata.Lookup(compose.KeySample); ok && v.Type() == "b" {
		r.Sample = v.Bool()
	}
	if bound, _ := c.RefBindings(); r.Ref == "" && len(bound) == 1 {
		r.Ref, _ = object.ParseRef(bound[0]) // "" where it is no ref
	}
	return r
}

// seen reports whether a ref names commit c or named it a while ago, as far as is remembered.
func (s *shelf) seen(c object.Checksum) bool {
	if names(s.repo.Refs(), c) {
		return true
	}
	holds, err := s.repo.Holds()
	return err == nil && holds[publishedPrefix+string(c)] == c
}

// drop gives up a hold, which may be gone already.
func (s *shelf) drop(name string) error {
	if err := s.repo.Drop(name); err != nil && !errors.Is(err, ostree.ErrUnknown) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
