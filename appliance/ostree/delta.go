package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edge/appliance/command"
	"edge/appliance/gvariant"
	"edge/appliance/object"
)

// Delta is one static delta; From is "" for one from nothing.
type Delta struct {
	From object.Checksum `json:"from,omitempty"`
	To   object.Checksum `json:"to"`
	Size int64           `json:"size"`
}

// Deltas lists the static deltas, MakeDelta makes one with the ostree program (ErrNoProgram
// without it), WithdrawDelta removes one; all keep the summary right.
func (r *Repo) Deltas() ([]Delta, error) {
	deltas := []Delta{}
	err := r.eachDelta(func(folder string, from, to object.Checksum) error {
		size, err := r.deltaSize(folder)
		if err == nil {
			deltas = append(deltas, Delta{From: from, To: to, Size: size})
		}
		return ignoreAbsent(err) // unfinished, or removed meanwhile
	})
	slices.SortFunc(deltas, func(a, b Delta) int {
		return cmp.Or(strings.Compare(string(a.To), string(b.To)), strings.Compare(string(a.From), string(b.From)))
	})
	return deltas, err
}

// deltaSize is fs.ErrNotExist for a delta without its superblock, which nobody can use.
func (r *Repo) deltaSize(folder string) (size int64, err error) {
	if _, err := os.Lstat(filepath.Join(r.dir, folder, "superblock")); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(filepath.Join(r.dir, folder))
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}

// MakeDelta returns the delta that is there already rather than make it again: devices may be
// fetching its parts.
func (r *Repo) MakeDelta(ctx context.Context, from, to object.Checksum) (Delta, error) {
	d, err := r.makeDelta(ctx, from, to)
	if err != nil {
		return Delta{}, fmt.Errorf("making delta %q: %w", deltaKey(from, to), err)
	}
	return d, r.refresh(ctx)
}

func (r *Repo) makeDelta(ctx context.Context, from, to object.Checksum) (Delta, error) {
	if from == to {
		return Delta{}, fmt.Errorf("%w: a delta leads from one commit to another", ErrMismatch)
	}
	unlock, err := r.lock(ctx, shared) // the ostree program takes no lock for this
	if err != nil {
		return Delta{}, err
	}
	defer unlock()
	argv := []string{"ostree", "static-delta", "generate", "--repo=" + r.dir, "--to=" + string(to)}
	if from == "" {
		argv = append(argv, "--empty")
	} else {
		argv = append(argv, "--from="+string(from))
	}
	for _, c := range []object.Checksum{from, to} {
		if c == "" {
			continue
		}
		if err := r.Complete(c); err != nil {
			return Delta{}, err
		}
	}
	folder := deltaFolder(from, to)
	if size, err := r.deltaSize(folder); err == nil {
		return Delta{From: from, To: to, Size: size}, r.indexDeltas(to)
	}
	if err := run(ctx, argv...); err != nil {
		os.RemoveAll(filepath.Join(r.dir, folder)) // the parts of one that was not finished
		return Delta{}, err
	}
	size, err := r.deltaSize(folder)
	if err != nil {
		return Delta{}, fmt.Errorf("looking for what ostree made: %w", err)
	}
	if err := syncFileSystem(r.dir); err != nil {
		return Delta{}, err
	}
	return Delta{From: from, To: to, Size: size}, r.indexDeltas(to)
}

// run runs one of the programs that this package can do without.
func run(ctx context.Context, argv ...string) error {
	_, err := command.Output(ctx, nil, argv...)
	if errors.Is(err, command.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNoProgram, err)
	}
	if errors.As(err, new(*command.Error)) {
		return fmt.Errorf("%w: %w", ErrProgram, err)
	}
	return err
}

// WithdrawDelta takes a delta away at once. A device that is fetching it fails, and fetches objects
// when it tries again. One that is not there is ErrUnknown.
func (r *Repo) WithdrawDelta(ctx context.Context, from, to object.Checksum) error {
	if err := r.withdrawDelta(ctx, from, to); err != nil {
		return fmt.Errorf("withdrawing delta %q: %w", deltaKey(from, to), err)
	}
	return r.refresh(ctx)
}

func (r *Repo) withdrawDelta(ctx context.Context, from, to object.Checksum) error {
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Lstat(filepath.Join(r.dir, deltaFolder(from, to))); err != nil {
		return ErrUnknown
	}
	return r.removeDelta(from, to)
}

// removeDelta first takes the superblock away, by one rename of the whole folder, and the mention in
// the index, so that nobody begins a delta that is about to lose its parts.
func (r *Repo) removeDelta(from, to object.Checksum) error {
	folder := filepath.Join(r.dir, deltaFolder(from, to))
	bin, err := os.MkdirTemp(filepath.Join(r.dir, "tmp"), ownPrefix+"delta-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	if err := os.Rename(folder, filepath.Join(bin, "delta")); ignoreAbsent(err) != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(folder)); ignoreAbsent(err) != nil {
		return err
	}
	os.Remove(filepath.Dir(folder)) // goes only when it is empty
	return r.indexDeltas(to)
}

// indexDeltas writes delta-indexes/…, where clients since libostree 2020.8 may look up the deltas to
// one commit instead of reading a long summary. Source: libostree, static_delta_reindex.
func (r *Repo) indexDeltas(to object.Checksum) error {
	sums, err := r.superblocks()
	if err != nil {
		return err
	}
	var entries []gvariant.Entry
	for key, sum := range sums {
		if key == string(to) || strings.HasSuffix(key, "-"+string(to)) {
			entries = append(entries, gvariant.Entry{Key: key, Value: gvariant.Bytes(sum.Bytes())})
		}
	}
	slices.SortFunc(entries, func(a, b gvariant.Entry) int { return strings.Compare(a.Key, b.Key) })
	index := change{name: deltaIndex(to)}
	if len(entries) > 0 {
		index.data = gvariant.Dict(gvariant.Entry{Key: "ostree.static-deltas", Value: gvariant.Dict(entries...)}).Data()
	} else if _, err := os.Lstat(filepath.Join(r.dir, index.name)); err != nil {
		return ignoreAbsent(err) // nothing to remove, perhaps not even the folder
	}
	return r.writeFiles([]change{index})
}

// deltaIndex is the index of the deltas to one commit, relative to the repository.
func deltaIndex(to object.Checksum) string {
	name := deltaEncoding.EncodeToString(to.Bytes())
	return "delta-indexes/" + name[:2] + "/" + name[2:] + ".index"
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
