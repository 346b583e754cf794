package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"edge/appliance/object"
)

// Fault is one thing that Verify found wrong.
type Fault struct {
	Object object.Name `json:"object"` // empty for a ref that names no commit
	// Cause is "missing", "corrupt" (not what its name says), "malformed", "unreadable", or
	// "partial" for a commit that is marked as incomplete.
	Cause   string            `json:"cause"`
	Detail  string            `json:"detail,omitempty"`
	Commits []object.Checksum `json:"commits,omitempty"` // that need it
	Path    string            `json:"path,omitempty"`    // of one file that needs it
}

// Verified is what Verify read.
type Verified struct {
	Commits int     `json:"commits"`
	Objects int     `json:"objects"`
	Bytes   int64   `json:"bytes"`
	Faults  []Fault `json:"faults"`
}

// Verify re-hashes everything that refs and holds reach, on all cores, each object once. Faults
// are no error.
func (r *Repo) Verify(ctx context.Context, report func(Progress)) (Verified, error) {
	v := verification{repo: r, report: report, faults: map[object.Name]*Fault{}}
	err := v.run(ctx)
	if err != nil {
		return Verified{}, fmt.Errorf("verifying %q: %w", r.dir, err)
	}
	return v.found, nil
}

// verification is one run of Verify: first it follows commits and trees, which it must read for
// that, then it reads everything else side by side. Who needs a damaged object is found out at the
// end, and only when there is one, since the paths of all objects would take much memory.
type verification struct {
	repo    *Repo
	report  func(Progress)
	commits []object.Checksum // reached, each once
	leaves  []object.Name     // dirmetas, files and detached metadata

	mu     sync.Mutex
	found  Verified
	faults map[object.Name]*Fault
	done   int64
}

func (v *verification) run(ctx context.Context) error {
	unlock, err := v.repo.lock(ctx, shared)
	if err != nil {
		return err
	}
	defer unlock()
	roots, err := v.repo.roots()
	if err != nil {
		return err
	}
	v.found.Faults = []Fault{}
	if err := v.follow(ctx, roots); err != nil {
		return err
	}
	if err := v.readLeaves(ctx); err != nil {
		return err
	}
	if len(v.faults) > 0 {
		if err := v.blame(ctx); err != nil {
			return err
		}
	}
	v.collect(roots)
	return nil
}

// follow reads all commits and trees.
func (v *verification) follow(ctx context.Context, roots []root) error {
	seen := map[object.Name]struct{}{}
	for _, root := range roots {
		n := object.Name{Checksum: root.commit, Kind: object.KindCommit}
		if _, known := seen[n]; known || root.err != nil {
			continue
		}
		v.commits = append(v.commits, root.commit)
		err := walk(ctx, v.read, root.commit, seen, func(n object.Name, _ string) error {
			if n.Kind == object.KindDirMeta || n.Kind == object.KindFile {
				v.leaves = append(v.leaves, n)
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.fault(n, err)
		}
		if n.Kind = object.KindCommitMeta; v.repo.has(n) {
			v.leaves = append(v.leaves, n)
		}
	}
	v.found.Commits = len(v.commits)
	return nil
}

// read gives a commit or tree after verifying it. A tree with a fault is read as an empty one, so
// that the rest is verified all the same.
func (v *verification) read(n object.Name) ([]byte, error) {
	data, err := v.repo.readMetadata(n)
	if err == nil {
		v.count(int64(len(data)), 0)
		err = object.Verify(n, bytes.NewReader(data))
	}
	if err != nil {
		v.fault(n, err)
		if n.Kind == object.KindDirTree {
			return object.Tree{}.Encode(), nil
		}
	}
	return data, err
}

// readLeaves verifies everything else, on all cores.
func (v *verification) readLeaves(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	total := v.done + int64(len(v.leaves))
	next := make(chan object.Name)
	g.Go(func() error {
		defer close(next)
		for _, n := range v.leaves {
			select {
			case next <- n:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for n := range next {
				size, err := v.leaf(n)
				if err != nil {
					v.fault(n, err)
				}
				v.count(size, total)
			}
			return nil
		})
	}
	return g.Wait()
}

func (v *verification) leaf(n object.Name) (int64, error) {
	f, err := v.repo.open(n)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	count := &countingWriter{w: io.Discard}
	err = object.Verify(n, io.TeeReader(f, count))
	return count.n, err
}

func (v *verification) count(size, total int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done++
	v.found.Objects++
	v.found.Bytes += size
	if v.report != nil {
		v.report(Progress{Stage: "verifying", Done: v.done, Total: total, Unit: "objects"})
	}
}

// fault notes the first fault of an object.
func (v *verification) fault(n object.Name, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.faults[n]; !known {
		v.faults[n] = &Fault{Object: n, Cause: causeOfFault(err), Detail: err.Error()}
	}
}

func causeOfFault(err error) string {
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, fs.ErrNotExist):
		return "missing"
	case errors.Is(err, object.ErrCorrupt):
		return "corrupt"
	case errors.Is(err, object.ErrMalformed), errors.Is(err, object.ErrTooLarge):
		return "malformed"
	case errors.Is(err, ErrIncomplete):
		return "partial"
	}
	return "unreadable"
}
