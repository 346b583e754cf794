package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

// Pruned is what Prune removed, or would remove.
type Pruned struct {
	Kept    int   `json:"kept"`
	Removed int   `json:"removed"`
	Bytes   int64 `json:"bytes"`
	Deltas  int   `json:"deltas"`
}

// Prune removes every object that no ref and no hold reaches, and deltas whose target is gone. A
// parent is kept only when it is reached itself. When it cannot tell what is reached, because a ref
// or a tree is damaged, it removes nothing.
func (r *Repo) Prune(ctx context.Context, dryRun bool, report func(Progress)) (Pruned, error) {
	pruned, err := r.prune(ctx, dryRun, report)
	if err != nil {
		return pruned, fmt.Errorf("pruning %q: %w", r.dir, err)
	}
	return pruned, nil
}

func (r *Repo) prune(ctx context.Context, dryRun bool, report func(Progress)) (Pruned, error) {
	if dryRun {
		unlock, err := r.lock(ctx, shared)
		if err != nil {
			return Pruned{}, err
		}
		defer unlock()
		_, pruned, err := r.unreached(ctx)
		return pruned, err
	}
	pruned, err := r.removeUnreached(ctx, report)
	if err != nil {
		return pruned, err
	}
	return pruned, r.refresh(ctx)
}

// removeUnreached does what Prune does, but for the summary: whoever renews that takes publishing
// before the lock, and so must we.
func (r *Repo) removeUnreached(ctx context.Context, report func(Progress)) (Pruned, error) {
	unlock, err := r.lock(ctx, exclusive)
	if err != nil {
		return Pruned{}, err
	}
	defer unlock()
	d, pruned, err := r.unreached(ctx)
	if err != nil {
		return Pruned{}, err
	}
	if err := r.removeObjects(ctx, d, report); err != nil {
		return pruned, err
	}
	for _, delta := range d.deltas {
		if err := r.removeDelta(delta.From, delta.To); err != nil {
			return pruned, err
		}
	}
	return pruned, nil
}

// refresh makes the summary fit what lies on disk.
func (r *Repo) refresh(ctx context.Context) error {
	r.publishing.Lock()
	defer r.publishing.Unlock()
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return err
	}
	defer unlock()
	return r.renew(ctx)
}

// doomed is what is to be removed, the objects in the order in which that is safe.
type doomed struct {
	commits, trees, rest []object.Name
	marks                []string // partial marks of commits that are gone
	deltas               []Delta
}

func (d *doomed) add(n object.Name) {
	switch n.Kind {
	case object.KindCommit:
		d.commits = append(d.commits, n)
	case object.KindDirTree:
		d.trees = append(d.trees, n)
	default:
		d.rest = append(d.rest, n)
	}
}

// unreached lists what no ref leads to. Files of unknown names stay.
func (r *Repo) unreached(ctx context.Context) (doomed, Pruned, error) {
	var d doomed
	var p Pruned
	keep, err := r.reached(ctx)
	if err != nil {
		return d, p, err
	}
	err = r.eachObject(func(n object.Name, size int64) {
		if keptFor(keep, n) {
			p.Kept++
			return
		}
		p.Removed++
		p.Bytes += size
		d.add(n)
	})
	if err != nil {
		return d, p, err
	}
	if d.marks, err = r.marksWithout(keep); err != nil {
		return d, p, err
	}
	err = r.eachDelta(func(folder string, from, to object.Checksum) error {
		if keptFor(keep, object.Name{Checksum: to, Kind: object.KindCommit}) {
			return nil
		}
		size, err := r.deltaSize(folder) // 0 for one that was never finished
		d.deltas = append(d.deltas, Delta{From: from, To: to})
		p.Deltas++
		p.Bytes += size
		return ignoreAbsent(err)
	})
	return d, p, err
}

// keptFor reports whether n is reached; detached metadata is when its commit is.
func keptFor(keep map[object.Name]struct{}, n object.Name) bool {
	if n.Kind == object.KindCommitMeta {
		n.Kind = object.KindCommit
	}
	_, kept := keep[n]
	return kept
}

// marksWithout lists the partial marks of commits that are not kept. Nobody is about to write such
// a commit while Prune holds the lock.
func (r *Repo) marksWithout(keep map[object.Name]struct{}) ([]string, error) {
	names, err := readNames(filepath.Join(r.dir, "state"))
	if err != nil {
		return nil, err
	}
	var marks []string
	for _, name := range names {
		text, ok := strings.CutSuffix(name, ".commitpartial")
		c, err := object.ParseChecksum(text)
		if ok && err == nil && !keptFor(keep, object.Name{Checksum: c, Kind: object.KindCommit}) {
			marks = append(marks, "state/"+name)
		}
	}
	return marks, nil
}

// removeObjects removes commits first, then directories, then what they hold, so that no commit is
// ever seen with a hole, whenever this ends.
func (r *Repo) removeObjects(ctx context.Context, d doomed, report func(Progress)) error {
	if r.config.Tombstones {
		if err := r.writeTombstones(d.commits); err != nil {
			return err
		}
	}
	p := Progress{Stage: "pruning", Unit: "objects", Total: int64(len(d.commits) + len(d.trees) + len(d.rest))}
	for _, group := range [][]object.Name{d.commits, d.trees, d.rest} {
		if err := r.removeGroup(ctx, group, &p, report); err != nil {
			return err
		}
	}
	for _, mark := range d.marks {
		if err := os.Remove(filepath.Join(r.dir, mark)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *Repo) removeGroup(ctx context.Context, group []object.Name, p *Progress, report func(Progress)) error {
	folders := map[string]struct{}{}
	for _, n := range group {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := os.Remove(r.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if n.Kind == object.KindCommit {
			folders[filepath.Dir(r.path(n))] = struct{}{}
		}
		p.Done++
		if report != nil {
			report(*p)
		}
	}
	return syncFolders(folders)
}

// writeTombstones says of commits that they were removed on purpose, as core.tombstone-commits
// asks for. Source: libostree, ostree_repo_delete_object.
func (r *Repo) writeTombstones(commits []object.Name) error {
	changes := make([]change, len(commits))
	for i, n := range commits {
		text := append([]byte(n.Checksum), 0)
		data := gvariant.Dict(gvariant.Entry{Key: "commit", Value: gvariant.Bytes(text)}).Data()
		changes[i] = change{"objects/" + strings.TrimSuffix(n.Path(), "commit") + "tombstone-commit", data}
	}
	return r.writeFiles(changes)
}
