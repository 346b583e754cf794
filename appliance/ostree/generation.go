package ostree

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edge/appliance/object"
)

// generation is what devices see of the repository, apart from objects: refs, summary, its
// signature, and which commits and deltas may be fetched. It is replaced as one, never changed.
type generation struct {
	refs    map[object.Ref]object.Checksum
	summary []byte
	sig     []byte // nil: unsigned
	visible map[object.Checksum]struct{}
	deltas  map[string]object.Checksum // "FROM-TO" or "TO" -> checksum of the superblock; only to visible commits
	touched time.Time                  // mtime of the repository's folder, by which libostree announces new refs
}

// current is the generation to serve. When another program moved a ref since, it is renewed first;
// while that program holds the lock exclusively, the old one goes on.
func (r *Repo) current() *generation {
	g := r.generation.Load()
	info, err := os.Stat(r.dir)
	if err != nil || info.ModTime().Equal(g.touched) && !r.stale.Load() {
		return g
	}
	if !r.publishing.TryLock() {
		return g
	}
	defer r.publishing.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return g
	}
	defer unlock()
	if err := r.renew(context.Background()); err != nil {
		return g // a state in between; the next request tries again
	}
	return r.generation.Load()
}

// renew reads refs and deltas, writes summary and summary.sig when those on disk do not fit, and
// swaps the generation. Callers hold the shared lock and r.publishing.
func (r *Repo) renew(ctx context.Context) error {
	r.stale.Store(false)
	info, err := os.Stat(r.dir)
	if err != nil {
		return fmt.Errorf("reading the repository: %w", err)
	}
	heads, err := r.readRefs(headsFolder)
	if err != nil {
		return err
	}
	refs := make(map[object.Ref]object.Checksum, len(heads))
	for name, c := range heads {
		refs[object.Ref(name)] = c
	}
	g, err := r.describe(refs)
	if err != nil {
		return err
	}
	g.touched = info.ModTime()
	if r.keepsSummary(g) {
		r.generation.Store(g)
		return nil
	}
	changes, err := r.summarize(g)
	if err != nil {
		return err
	}
	if err := r.writeFiles(changes); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	r.generation.Store(g)
	return nil
}

// describe fills a generation for refs, all but the summary.
func (r *Repo) describe(refs map[object.Ref]object.Checksum) (*generation, error) {
	g := &generation{refs: refs}
	var err error
	if g.visible, err = r.visible(refs); err != nil {
		return nil, err
	}
	if g.deltas, err = r.superblocks(); err != nil {
		return nil, err
	}
	maps.DeleteFunc(g.deltas, func(key string, _ object.Checksum) bool {
		_, shown := g.visible[deltaTarget(key)]
		return !shown // its name alone would tell of a staged release
	})
	return g, nil
}

// visible are the commits that devices may fetch: what a ref names or named, and the ancestors of
// those as far as they are here and are no staged releases.
func (r *Repo) visible(refs map[object.Ref]object.Checksum) (map[object.Checksum]struct{}, error) {
	holds, err := r.Holds()
	if err != nil {
		return nil, err
	}
	roots := slices.Collect(maps.Values(refs))
	staged := map[object.Checksum]bool{}
	for name, c := range holds {
		if strings.HasPrefix(name, publishedHolds) {
			roots = append(roots, c)
		} else {
			staged[c] = true
		}
	}
	visible := map[object.Checksum]struct{}{}
	for _, c := range roots {
		visible[c] = struct{}{}
	}
	for _, c := range roots {
		for c = r.parent(c); c != "" && !staged[c]; c = r.parent(c) {
			if _, known := visible[c]; known {
				break
			}
			visible[c] = struct{}{}
		}
	}
	return visible, nil
}

// parent of a commit, "" when it has none or is not here. Commits never change, so the answer for
// one that is here is remembered.
func (r *Repo) parent(c object.Checksum) object.Checksum {
	if p, ok := r.parents.Load(c); ok {
		return p.(object.Checksum)
	}
	commit, err := r.Commit(c)
	if err != nil {
		return ""
	}
	r.parents.Store(c, commit.Parent)
	return commit.Parent
}

// keepsSummary fills g with the summary on disk if that describes g and is signed as it should be:
// another program may have written and signed it.
func (r *Repo) keepsSummary(g *generation) bool {
	data, err := readSmall(filepath.Join(r.dir, "summary"), object.MaxMetadata)
	if err != nil {
		return false
	}
	s, err := object.ParseSummary(data)
	if err != nil || len(s.Refs) != len(g.refs) || !maps.Equal(s.Deltas, g.deltas) && r.config.DeltasInSummary {
		return false
	}
	for _, ref := range s.Refs {
		if g.refs[ref.Ref] != ref.Commit {
			return false
		}
	}
	sig, err := readSmall(filepath.Join(r.dir, "summary.sig"), object.MaxMetadata)
	if err != nil {
		sig = nil
	}
	if r.o.Signer != nil && !signedBy(r.o.Signer, sig, data) {
		return false
	}
	g.summary, g.sig = data, sig
	return true
}

// signedBy reports whether sig holds the signature that signer makes; ed25519 is deterministic.
func signedBy(signer *Signer, sig, data []byte) bool {
	detached, err := object.ParseDetached(sig)
	if err != nil || sig == nil {
		return false
	}
	want := signer.Sign(data)
	return slices.ContainsFunc(object.Signatures(detached, object.KeyEd25519), func(s []byte) bool { return bytes.Equal(s, want) })
}

// summarize gives g a new summary and returns the changes that put it on disk. A signature by
// anybody else does not fit it any more and goes.
func (r *Repo) summarize(g *generation) ([]change, error) {
	s := object.Summary{LastModified: r.o.Now()}
	if r.config.DeltasInSummary {
		s.Deltas = g.deltas
	}
	for ref, c := range g.refs {
		data, err := r.readMetadata(object.Name{Checksum: c, Kind: object.KindCommit})
		if err != nil {
			return nil, fmt.Errorf("summarizing ref %q: %w", ref, err)
		}
		commit, err := object.ParseCommit(data)
		if err != nil {
			return nil, fmt.Errorf("summarizing ref %q: %w", ref, err)
		}
		s.Refs = append(s.Refs, object.SummaryRef{Ref: ref, Commit: c, Size: int64(len(data)), Time: commit.Time, Version: commit.Version()})
	}
	g.summary = s.Encode()
	g.sig = r.signSummary(g.summary)
	return []change{{"summary", g.summary}, {"summary.sig", g.sig}}, nil
}
