package release

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// PruneOptions: a release goes when it is beyond the newest Keep of its blueprint and was added
// longer than OlderThan ago; published, recently published, and pinned ones never go. A zero field
// asks nothing of a release, but two of them drop none: then only objects that nothing needs go.
type PruneOptions struct {
	Keep      int
	OlderThan time.Duration
	DryRun    bool
}

// PruneReport says what went, or would go. Of a dry run, Objects counts only what nothing needs
// already: what the releases in it would leave behind is not known before they are dropped.
type PruneReport struct {
	Releases []string      `json:"releases"` // NAME@VERSION
	Objects  ostree.Pruned `json:"objects"`
	DryRun   bool          `json:"dry_run"`
}

// Prune drops releases as o says, forgets commits that were superseded longer ago than the grace
// time, and removes every object that nothing needs any more.
func (p *Publisher) Prune(ctx context.Context, name blueprint.Name, o PruneOptions) (PruneReport, error) {
	p.mu.Lock()
	s := p.shelves[name] // an empty one, too: deleted releases leave objects behind
	p.mu.Unlock()
	if s == nil {
		return PruneReport{}, fmt.Errorf("pruning %q: %w", name, ErrNoBlueprint)
	}
	dropped, err := p.dropOld(ctx, s, o)
	report := PruneReport{Releases: []string{}, DryRun: o.DryRun}
	for _, r := range dropped {
		report.Releases = append(report.Releases, r.ID().String())
	}
	if err != nil {
		return report, fmt.Errorf("pruning %q: %w", name, err)
	}
	// The turn is given back: this waits until imports end, and publications must not.
	report.Objects, err = s.repo.Prune(ctx, o.DryRun, p.progress("release.pruning", string(name)))
	if err != nil {
		return report, fmt.Errorf("pruning %q: %w", name, err)
	}
	if o.DryRun {
		return report, nil
	}
	s.measure.forget()
	names := ""
	if len(dropped) > 0 {
		names = " (" + strings.Join(report.Releases, " ") + ")"
	}
	return report, p.tell(ctx, "release.pruned", string(name), "%d releases%s, %d objects, %d bytes",
		len(dropped), names, report.Objects.Removed, report.Objects.Bytes)
}

// dropOld drops releases and holds that o and the grace time give up, and returns the releases.
func (p *Publisher) dropOld(ctx context.Context, s *shelf, o PruneOptions) ([]Release, error) {
	leave, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	old := p.old(s, o)
	if o.DryRun {
		return old, nil
	}
	for i, r := range old {
		if err := s.remove(r); err != nil {
			return old[:i], err
		}
	}
	return old, p.dropSuperseded(s)
}

// old chooses the releases that go.
func (p *Publisher) old(s *shelf, o PruneOptions) []Release {
	if o.Keep <= 0 && o.OlderThan <= 0 {
		return nil
	}
	refs, now := s.repo.Refs(), p.o.Now()
	beyond := s.sorted()
	beyond = beyond[min(max(o.Keep, 0), len(beyond)):]
	return slices.DeleteFunc(beyond, func(r Release) bool {
		young := o.OlderThan > 0 && now.Sub(r.Added) <= o.OlderThan
		return young || r.Pinned || names(refs, r.Commit) || p.recent(s, r.Commit)
	})
}

// recent reports whether a ref named c within the grace time.
func (p *Publisher) recent(s *shelf, c object.Checksum) bool {
	since, held := s.superseded(c)
	return held && p.o.Now().Sub(since) < p.o.Grace
}

// dropSuperseded gives up the holds of commits that were superseded longer ago than the grace time
// and are no release any more.
func (p *Publisher) dropSuperseded(s *shelf) error {
	holds, err := s.repo.Holds()
	if err != nil {
		return err
	}
	kept := map[object.Checksum]bool{}
	for name, c := range holds {
		if !strings.HasPrefix(name, publishedPrefix) {
			kept[c] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(holds)) {
		c := holds[name]
		if !strings.HasPrefix(name, publishedPrefix) || kept[c] || p.recent(s, c) {
			continue
		}
		if err := s.drop(name); err != nil {
			return err
		}
	}
	return nil
}

// superseded is when a ref ceased to name c; held is false when none ever did or it is forgotten.
// The age of that hold is the age of its file.
func (s *shelf) superseded(c object.Checksum) (since time.Time, held bool) {
	info, err := os.Stat(filepath.Join(s.repo.Dir(), "refs/remotes/appliance", publishedPrefix+string(c)))
	if err != nil {
		return time.Time{}, false
	}
	return info.ModTime(), true
}
