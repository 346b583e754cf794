package rootfs

import (
	"errors"
	"os"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Batch collects changes that become durable together: a journal commits many files at the price of one.
// Each file appears whole or not at all, in the order in which they were added; which of them have appeared
// after a power cut before Commit returned is unknown.
type Batch struct {
	r      *Root
	staged []staged
	dirs   []parent // of folders that were made
}

// parent is an opened folder that is to be synced.
type parent struct {
	fd   int
	name string
}

// staged is one temporary file that waits for its name.
type staged struct {
	dir              int
	name, base, temp string
	file             *os.File // to be synced; nil for a link
}

// Batch begins a batch. Close must be called on it.
func (r *Root) Batch() *Batch { return &Batch{r: r} }

// stage takes a temporary file into the batch when it could be finished, and away when not.
func (b *Batch) stage(s staged, finish func() error) error {
	if err := finish(); err != nil {
		b.r.discard(s)
		return err
	}
	b.staged = append(b.staged, s)
	return nil
}

// Commit gives all files of the batch their names and returns when that is durable.
func (b *Batch) Commit() error {
	if err := b.sync(); err != nil {
		return err
	}
	for i := range b.staged {
		s := &b.staged[i]
		if err := b.r.step("rename", s.name); err != nil {
			return err
		}
		if err := unix.Renameat(s.dir, s.temp, s.dir, s.base); err != nil {
			return b.r.fail("rename", s.name, err)
		}
		s.temp = ""
	}
	return b.syncParents()
}

// syncParents makes the names of all files and folders durable, each folder once and side by side.
func (b *Batch) syncParents() error {
	all := slices.Clone(b.dirs)
	for _, s := range b.staged {
		all = append(all, parent{s.dir, path.Dir(s.name)})
	}
	seen := map[string]bool{}
	var g errgroup.Group
	for _, p := range all {
		if seen[p.name] {
			continue
		}
		seen[p.name] = true
		if err := b.r.step("sync", p.name); err != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(func() error { return b.r.syncDir(p.fd, p.name) })
	}
	return g.Wait()
}

// sync makes the content of all temporary files durable, side by side.
func (b *Batch) sync() error {
	var g errgroup.Group
	for _, s := range b.staged {
		if s.file == nil {
			continue
		}
		if err := b.r.step("sync", s.name); err != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(s.file.Sync)
	}
	return g.Wait()
}

func (r *Root) syncDir(fd int, name string) error {
	if err := unix.Fsync(fd); err != nil {
		return r.fail("sync", name, err)
	}
	return nil
}

// Close ends a batch; what has not got its name is removed.
func (b *Batch) Close() {
	for _, s := range b.staged {
		b.r.discard(s)
	}
	for _, p := range b.dirs {
		unix.Close(p.fd)
	}
	b.staged, b.dirs = nil, nil
}

// discard closes a staged file, and removes it where it has not got its name.
func (r *Root) discard(s staged) {
	if s.file != nil {
		s.file.Close()
	}
	if s.temp != "" && r.step("unlink", s.name) == nil {
		_ = unix.Unlinkat(s.dir, s.temp, 0) // swept by the next run if it stays
	}
	unix.Close(s.dir)
}
