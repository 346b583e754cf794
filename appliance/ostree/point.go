package ostree

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"edge/appliance/object"
)

// Pointing asks for the moment of publication.
type Pointing struct {
	Ref     object.Ref
	Commit  object.Checksum
	IfMatch object.Checksum // the commit that must be published now; "" means any; NoCommit means none
}

// NoCommit as IfMatch demands that the ref does not exist yet.
const NoCommit = object.Checksum("none")

// Point signs the commit, makes ref name it and renews the summary: one generation, in which a
// client sees old or new. What was published before stays reachable under a hold
// "published/CHECKSUM" whose age is the time since it was superseded. The cost does not depend on
// how many objects a release has. It returns the commit that ref named before, or "".
func (r *Repo) Point(ctx context.Context, p Pointing) (before object.Checksum, err error) {
	if _, err := object.ParseRef(string(p.Ref)); err != nil {
		return "", fmt.Errorf("pointing %q: %w", p.Ref, err)
	}
	return r.move(ctx, p, func(refs map[object.Ref]object.Checksum) error {
		if err := r.Complete(p.Commit); err != nil {
			return err
		}
		if err := clash(p.Ref, refs); err != nil {
			return err
		}
		refs[p.Ref] = p.Commit
		return r.removeEmptyFolder(p.Ref)
	})
}

// Unpoint removes a ref. One that is not there is ErrUnknown.
func (r *Repo) Unpoint(ctx context.Context, ref object.Ref) error {
	_, err := r.move(ctx, Pointing{Ref: ref}, func(refs map[object.Ref]object.Checksum) error {
		if _, ok := refs[ref]; !ok {
			return ErrUnknown
		}
		delete(refs, ref)
		return nil
	})
	return err
}

// move changes one ref under the lock, as edit says, and writes everything that follows from it in
// one batch.
func (r *Repo) move(ctx context.Context, p Pointing, edit func(map[object.Ref]object.Checksum) error) (object.Checksum, error) {
	r.publishing.Lock()
	defer r.publishing.Unlock()
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return "", err
	}
	defer unlock()
	heads, err := r.readRefs(headsFolder)
	if err != nil {
		return "", err
	}
	refs := make(map[object.Ref]object.Checksum, len(heads)+1)
	for name, c := range heads {
		refs[object.Ref(name)] = c
	}
	before := refs[p.Ref]
	if err := matches(p, before); err != nil {
		return before, err
	}
	if err := edit(refs); err != nil {
		return before, fmt.Errorf("pointing %q: %w", p.Ref, err)
	}
	if err := r.publish(ctx, p, before, refs); err != nil {
		return before, fmt.Errorf("pointing %q: %w", p.Ref, err)
	}
	return before, nil
}

func matches(p Pointing, now object.Checksum) error {
	switch {
	case p.IfMatch == "" || p.IfMatch == now:
		return nil
	case p.IfMatch == NoCommit && now == "":
		return nil
	case now == "":
		return fmt.Errorf("pointing %q: %w: nothing is published, not %s", p.Ref, ErrPrecondition, p.IfMatch)
	}
	return fmt.Errorf("pointing %q: %w: %s is, not %s", p.Ref, ErrPrecondition, now, p.IfMatch)
}

// publish writes signature, hold, ref and summary in that order and swaps the generation. After a
// power cut anywhere in between, Open finds a summary that does not fit the ref and renews it.
func (r *Repo) publish(_ context.Context, p Pointing, before object.Checksum, refs map[object.Ref]object.Checksum) error {
	var changes []change
	if before != "" && before != p.Commit {
		changes = append(changes, change{holdsFolder + "/" + publishedHolds + string(before), refFile(before)})
	}
	ref := change{name: headsFolder + "/" + string(p.Ref)}
	if p.Commit != "" {
		signature, err := r.signature(p.Commit)
		if err != nil {
			return err
		}
		changes = append(changes, signature...)
		ref.data = refFile(p.Commit)
	}
	g, err := r.describe(refs)
	if err != nil {
		return err
	}
	if before != "" {
		g.visible = maps.Clone(g.visible)
		g.visible[before] = struct{}{}
	}
	summary, err := r.summarize(g)
	if err != nil {
		return err
	}
	if err := r.writeFiles(append(append(changes, ref), summary...)); err != nil {
		return err
	}
	return r.announce(g)
}

// announce swaps the generation and touches the repository's folder, by which libostree's watchers
// learn of new refs.
func (r *Repo) announce(g *generation) error {
	now := time.Now()
	if err := os.Chtimes(r.dir, now, now); err != nil {
		return err
	}
	if info, err := os.Stat(r.dir); err == nil {
		g.touched = info.ModTime()
	}
	r.generation.Store(g)
	return nil
}

// removeEmptyFolder makes room for a ref where another one's folder was left empty.
func (r *Repo) removeEmptyFolder(ref object.Ref) error {
	name := filepath.Join(r.dir, headsFolder, string(ref))
	if info, err := os.Lstat(name); err == nil && info.IsDir() {
		return os.Remove(name)
	}
	return nil
}
