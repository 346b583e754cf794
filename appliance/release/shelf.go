package release

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// shelf is one blueprint: its repository, and the records of the releases that are held there.
type shelf struct {
	name blueprint.Name
	repo *ostree.Repo
	dir  string // of the records

	// turn serializes everything that changes what is published, held or recorded, imports
	// excepted. A channel, so that waiting for it ends with the caller's context.
	turn chan struct{}

	mu      sync.RWMutex
	records map[blueprint.Version]Release // State and Signatures left out: see complete
	measure measure

	// Guarded by Publisher.mu.
	imports int  // that are under way
	made    bool // by this process, for an import; removed again when that fails
}

func newShelf(name blueprint.Name, repo *ostree.Repo, dir string) *shelf {
	return &shelf{name: name, repo: repo, dir: dir, turn: make(chan struct{}, 1), records: map[blueprint.Version]Release{}}
}

// take waits for the shelf's turn and returns the function that gives it back.
func (s *shelf) take(ctx context.Context) (leave func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another change of %q: %w", s.name, context.Cause(ctx))
	}
}

// empty shelves are invisible: nothing was ever imported, or everything was deleted.
func (s *shelf) empty() bool {
	s.mu.RLock()
	n := len(s.records)
	s.mu.RUnlock()
	return n == 0 && len(s.repo.Refs()) == 0
}

// record of a release. The error names the versions that there are.
func (s *shelf) record(id blueprint.ID) (Release, error) {
	s.mu.RLock()
	r, ok := s.records[id.Version]
	s.mu.RUnlock()
	if ok {
		return r, nil
	}
	return Release{}, fmt.Errorf("%w: %q; %s", ErrUnknown, id, s.offer())
}

// offer names the newest versions, for a person who asked for another.
func (s *shelf) offer() string {
	all := s.sorted()
	if len(all) == 0 {
		return fmt.Sprintf("%s has none", s.name)
	}
	var names []string
	for _, r := range all[:min(len(all), 5)] {
		names = append(names, string(r.Version))
	}
	if len(all) > 5 {
		names = append(names, "…")
	}
	return fmt.Sprintf("%s has %s", s.name, strings.Join(names, ", "))
}

// sorted are the records, newest version first.
func (s *shelf) sorted() []Release {
	s.mu.RLock()
	all := slices.Collect(maps.Values(s.records))
	s.mu.RUnlock()
	slices.SortFunc(all, func(a, b Release) int { return b.Version.Compare(a.Version) })
	return all
}

// save keeps a record on disk and then in memory.
func (s *shelf) save(r Release) error {
	if err := writeRecord(s.dir, r); err != nil {
		return fmt.Errorf("recording %q: %w", r.ID(), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.Version] = r
	return nil
}

// forget removes a record. The release must not be held any more.
func (s *shelf) forget(v blueprint.Version) error {
	s.mu.Lock()
	delete(s.records, v)
	s.mu.Unlock()
	return removeRecord(s.dir, v)
}

// complete adds to a record what only the repository knows.
func (s *shelf) complete(r Release, refs map[object.Ref]object.Checksum) Release {
	switch {
	case names(refs, r.Commit):
		r.State = Published
	case r.PublishedAt != nil:
		r.State = Superseded
	default:
		r.State = Staged
	}
	// Unreadable signatures are for Verify to report; a list must not fail for them.
	r.Signatures, _ = s.repo.Signatures(r.Commit)
	return r
}

// names reports whether any ref names commit c.
func names(refs map[object.Ref]object.Checksum, c object.Checksum) bool {
	for _, tip := range refs {
		if tip == c {
			return true
		}
	}
	return false
}

// current is the ref that devices follow and the release it names. A forced publication may have
// left several refs: then it is the one that was published last. The release is the zero one where
// somebody else pointed the ref.
func (s *shelf) current(refs map[object.Ref]object.Checksum) (object.Ref, Release) {
	var ref object.Ref
	var last Release
	for _, r := range s.sorted() {
		if r.PublishedAt == nil || refs[r.Ref] != r.Commit {
			continue
		}
		if ref == "" || r.PublishedAt.After(*last.PublishedAt) {
			ref, last = r.Ref, r
		}
	}
	if ref == "" && len(refs) > 0 {
		ref = slices.Min(slices.Collect(maps.Keys(refs)))
	}
	return ref, last
}

func compareNames(a, b blueprint.Name) int { return cmp.Compare(a, b) }
