package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"edge/appliance/object"
)

// inFlight is how many objects are asked for at once, as libostree's client does.
const inFlight = 8

// source is another repository.
type source interface {
	// refs are the refs on offer. A source may answer with want alone when it offers that.
	refs(ctx context.Context, want object.Ref) (map[object.Ref]object.Checksum, error)

	// read hands the stored bytes of an object to use. After a fault of the transport it may begin
	// anew and call use again. What is not there is ErrUnknown. It is safe for concurrent use.
	read(ctx context.Context, n object.Name, use func(io.Reader) error) error
}

// importFrom brings one commit of src with its closure into the repository.
func (r *Repo) importFrom(ctx context.Context, src source, o ImportOptions) (Imported, error) {
	refs, err := src.refs(ctx, o.Ref)
	if err != nil {
		return Imported{}, err
	}
	ref, commit, err := choose(refs, o)
	if err != nil {
		return Imported{}, err
	}
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return Imported{}, err
	}
	defer unlock()
	st, err := r.newStaging()
	if err != nil {
		return Imported{}, err
	}
	defer st.remove()
	if err := r.fetchClosure(ctx, src, st, commit, o.Report); err != nil {
		return Imported{}, err
	}
	return r.finish(ctx, st, commit, ref, o)
}

// fetchClosure fills st with those objects of commit's closure that the repository lacks, and the
// detached metadata if src has it. Trees that are here already are descended too: they may lack
// children. The objects that are here are not verified again.
func (r *Repo) fetchClosure(ctx context.Context, src source, st *staging, commit object.Checksum, report func(Progress)) error {
	f := fetch{repo: r, src: src, st: st, report: report, seen: map[object.Name]struct{}{}}
	if err := f.commit(ctx, commit); err != nil {
		return err
	}
	for depth := 0; len(f.trees) > 0; depth++ {
		if depth > maxDepth || len(f.seen) > maxMembers {
			return fmt.Errorf("reading commit %s: %w: directories more than %d deep or more than %d objects", commit, object.ErrTooLarge, maxDepth, maxMembers)
		}
		level := f.trees
		f.trees = nil
		if err := f.each(ctx, level, f.tree); err != nil {
			return err
		}
	}
	f.total = f.done + int64(len(f.leaves))
	return f.each(ctx, f.leaves, f.leaf)
}

// fetch is one run of fetchClosure: first the trees, level by level, so that then the number of
// all other objects is known.
type fetch struct {
	repo   *Repo
	src    source
	st     *staging
	report func(Progress)

	mu          sync.Mutex
	seen        map[object.Name]struct{}
	trees       []object.Name // of the next level
	leaves      []object.Name // dirmetas and files
	done, total int64
}

func (f *fetch) each(ctx context.Context, names []object.Name, one func(context.Context, object.Name) error) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for _, n := range names {
		if within.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := one(within, n); err != nil {
				return err
			}
			f.count()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// count is called under no lock; it reports under one, so that reports never overlap.
func (f *fetch) count() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done++
	if f.report != nil {
		f.report(Progress{Stage: "fetching", Done: f.done, Total: f.total, Unit: "objects"})
	}
}

func (f *fetch) commit(ctx context.Context, c object.Checksum) error {
	n := object.Name{Checksum: c, Kind: object.KindCommit}
	// One that is marked partial is staged again, for landing takes the mark away.
	data, err := f.metadata(ctx, n, f.repo.Complete(c) == nil)
	if errors.Is(err, ErrUnknown) {
		return fmt.Errorf("fetching commit %s: %w there", c, ErrUnknown)
	}
	if err != nil {
		return err
	}
	commit, err := object.ParseCommit(data)
	if err != nil {
		return fmt.Errorf("reading commit %s: %w", c, err)
	}
	f.count()
	f.add(&f.trees, commit.Tree, object.KindDirTree)
	f.add(&f.leaves, commit.Meta, object.KindDirMeta)
	detached := object.Name{Checksum: c, Kind: object.KindCommitMeta}
	if err := f.leaf(ctx, detached); !errors.Is(err, ErrIncomplete) {
		return err
	}
	return nil // it is not signed
}

func (f *fetch) tree(ctx context.Context, n object.Name) error {
	data, err := f.metadata(ctx, n, f.repo.has(n))
	if err != nil {
		return lacking(n, err)
	}
	t, err := object.ParseTree(data)
	if err != nil {
		return fmt.Errorf("reading object %s: %w", n.Path(), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range t.Files {
		f.add(&f.leaves, e.Checksum, object.KindFile)
	}
	for _, e := range t.Dirs {
		f.add(&f.trees, e.Tree, object.KindDirTree)
		f.add(&f.leaves, e.Meta, object.KindDirMeta)
	}
	return nil
}

// add notes an object to be fetched, once.
func (f *fetch) add(list *[]object.Name, c object.Checksum, kind object.Kind) {
	n := object.Name{Checksum: c, Kind: kind}
	if _, known := f.seen[n]; !known {
		f.seen[n] = struct{}{}
		*list = append(*list, n)
	}
}

// metadata reads a commit or dirtree, which is staged unless it is here.
func (f *fetch) metadata(ctx context.Context, n object.Name, here bool) (data []byte, err error) {
	if here {
		return f.repo.readMetadata(n)
	}
	err = f.src.read(ctx, n, func(r io.Reader) error {
		if data, err = io.ReadAll(io.LimitReader(r, object.MaxMetadata+1)); err != nil {
			return err
		}
		_, err = f.st.put(n, bytes.NewReader(data))
		return err
	})
	return data, err
}

// leaf stages an object that leads to no others, unless it is here.
func (f *fetch) leaf(ctx context.Context, n object.Name) error {
	if f.repo.has(n) {
		return nil
	}
	return lacking(n, f.src.read(ctx, n, func(r io.Reader) error {
		_, err := f.st.put(n, r)
		return err
	}))
}

// lacking turns what src does not know into a hole in its commit.
func lacking(n object.Name, err error) error {
	if errors.Is(err, ErrUnknown) {
		return fmt.Errorf("fetching object %s: %w: it is not there", n.Path(), ErrIncomplete)
	}
	return err
}
