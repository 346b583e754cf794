package ostree

import (
	"context"
	"errors"
	"fmt"

	"edge/appliance/object"
)

// Progress of a long operation. Total is 0 while it is unknown.
type Progress struct {
	Stage       string // "reading", "closure", "syncing", "verifying", "pruning", "fetching"
	Done, Total int64
	Unit        string // "objects" or "bytes"
}

// ImportOptions say what is wanted of an import. Zero fields want nothing.
type ImportOptions struct {
	Ref    object.Ref      // the ref the source must offer; "" takes the only one or compose.json's
	Commit object.Checksum // the commit it must be
	Hold   string          // name under which the commit is held before the lock is given back
	// Stamp, when set, holds a re-stamp with this version instead of the commit as it came.
	Stamp  string
	Link   bool           // ImportDir: nobody writes to the source's files again, so objects are linked, not copied
	Report func(Progress) // may be nil; never called concurrently
}

func (o ImportOptions) report(p Progress) {
	if o.Report != nil {
		o.Report(p)
	}
}

// Imported is what an import brought.
type Imported struct {
	Commit  object.Checksum // held and complete; the re-stamp when Stamp asked for one
	Source  object.Checksum // as it came
	Ref     object.Ref      // "" when the source named none
	Objects int             // in the closure
	New     int             // objects that were not there before
	Size    int64           // bytes of the closure as stored
	Written int64           // bytes of the new objects
}

// finish ends every import: it checks that commit's closure lies in the repository and the staging
// folder, lands it, re-stamps and holds it as o asks. Only the closure lands; whatever else was
// staged stays behind. Callers took the shared lock before they looked for objects, so that no
// prune came in between.
func (r *Repo) finish(ctx context.Context, st *staging, commit object.Checksum, ref object.Ref, o ImportOptions) (Imported, error) {
	done := Imported{Source: commit, Commit: commit, Ref: ref}
	closure := map[object.Name]struct{}{}
	err := walk(ctx, st.readMetadata, commit, closure, func(n object.Name, path string) error {
		size, fresh := st.size(n)
		if !fresh {
			var ok bool
			if size, ok = r.stat(n); !ok {
				return fmt.Errorf("commit %s: %w: object %s.%s of %q is missing", commit, ErrIncomplete, n.Checksum, n.Kind, path)
			}
		} else {
			done.New++
			done.Written += size
		}
		done.Objects++
		done.Size += size
		if done.Objects%4096 == 0 {
			o.report(Progress{Stage: "closure", Done: int64(done.Objects), Unit: "objects"})
		}
		return nil
	})
	if errors.Is(err, ErrUnknown) {
		err = fmt.Errorf("commit %s: %w: %w", commit, ErrIncomplete, err)
	}
	if err != nil {
		return Imported{}, err
	}
	closure[object.Name{Checksum: commit, Kind: object.KindCommitMeta}] = struct{}{}
	o.report(Progress{Stage: "syncing", Done: int64(done.Objects), Total: int64(done.Objects), Unit: "objects"})
	if err := st.land(ctx, closure); err != nil {
		return Imported{}, err
	}
	if err := r.clearPartial(commit); err != nil {
		return Imported{}, err
	}
	return r.name(ctx, done, o)
}

// clearPartial removes a mark that an earlier, broken import or pull left on the commit.
func (r *Repo) clearPartial(commit object.Checksum) error {
	if errors.Is(r.Complete(commit), ErrIncomplete) {
		return r.writeFiles([]change{{partialMark(commit), nil}})
	}
	return nil
}

// name holds what was imported, re-stamped if o asks for it.
func (r *Repo) name(ctx context.Context, done Imported, o ImportOptions) (Imported, error) {
	commit, err := r.Commit(done.Source)
	if err != nil {
		return Imported{}, err
	}
	if o.Stamp != "" && commit.Version() != o.Stamp {
		if o.Hold == "" {
			return Imported{}, errors.New("a re-stamp needs a hold")
		}
		done.Commit, err = r.restamp(ctx, done.Source, o.Hold, o.Stamp, commit.Parent, commit.Time)
		return done, err
	}
	if o.Hold != "" {
		err = r.hold(o.Hold, done.Commit)
	}
	return done, err
}
