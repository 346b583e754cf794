package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"edge/appliance/object"
)

// ownPrefix begins the names of our files below tmp/. It must not be libostree's "staging-", whose
// content it would adopt without looking; unknown names it leaves alone for a day.
const ownPrefix = "appliance-"

// staging is where new objects wait until all of them are there and durable.
type staging struct {
	repo *Repo
	dir  *os.File // locked with flock while its process lives, so that sweep can tell
	dev  uint64   // of the file system

	mu    sync.Mutex
	sizes map[object.Name]int64 // what waits, with its stored size
}

func (r *Repo) newStaging() (*staging, error) {
	name, err := os.MkdirTemp(filepath.Join(r.dir, "tmp"), ownPrefix+"import-*")
	if err != nil {
		return nil, fmt.Errorf("making a staging folder: %w", err)
	}
	dir, err := os.Open(name)
	if err == nil {
		err = unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		os.Remove(name)
		return nil, fmt.Errorf("locking staging folder %q: %w", name, err)
	}
	var info unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &info); err != nil {
		dir.Close()
		return nil, fmt.Errorf("looking at staging folder %q: %w", name, err)
	}
	return &staging{repo: r, dir: dir, dev: uint64(info.Dev), sizes: map[object.Name]int64{}}, nil
}

func (s *staging) path(n object.Name) string {
	return s.dir.Name() + "/" + string(n.Checksum) + "." + string(n.Kind)
}

// put stores one object and verifies it on its way. It is safe for concurrent use; a name that
// waits already is fs.ErrExist.
func (s *staging) put(n object.Name, src io.Reader) (size int64, err error) {
	if l, ok := src.(lent); ok {
		if size, err = s.link(n, l.File); !errors.Is(err, errors.ErrUnsupported) {
			return size, err
		}
		if _, err := l.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	f, err := os.OpenFile(s.path(n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, fmt.Errorf("staging object %s.%s: %w", n.Checksum, n.Kind, err)
	}
	count := &countingWriter{w: f}
	err = object.Verify(n, io.TeeReader(src, count))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
		return 0, err // Verify names the object
	}
	s.add(n, count.n)
	return count.n, nil
}

func (s *staging) add(n object.Name, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes[n] = size
}

// lent is an object's file in a repository whose files nobody will write to again.
type lent struct{ *os.File }

// link verifies an object and gives its very file a second name here. Where that cannot be, it is errors.ErrUnsupported: the
// file has more names already, lies on another file system, or this process may not.
func (s *staging) link(n object.Name, f *os.File) (int64, error) {
	var info unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &info); err != nil {
		return 0, fmt.Errorf("staging object %s.%s: %w", n.Checksum, n.Kind, err)
	}
	if info.Nlink != 1 || uint64(info.Dev) != s.dev {
		return 0, errors.ErrUnsupported
	}
	if err := object.Verify(n, f); err != nil {
		return 0, err
	}
	err := f.Chmod(0o644)
	if err == nil { // by its descriptor, so that what was verified is what is linked
		err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), unix.AT_FDCWD, s.path(n), unix.AT_SYMLINK_FOLLOW)
	}
	if err != nil {
		return 0, errors.ErrUnsupported // a copy works, or says what is wrong
	}
	s.add(n, info.Size)
	return info.Size, nil
}

// size of an object that waits.
func (s *staging) size(n object.Name) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, ok := s.sizes[n]
	return size, ok
}

// readMetadata reads a commit, dirtree or dirmeta from here or else from the repository.
func (s *staging) readMetadata(n object.Name) ([]byte, error) {
	if _, ok := s.size(n); ok {
		return readSmall(s.path(n), object.MaxMetadata)
	}
	return s.repo.readMetadata(n)
}

// land makes the objects in only durable and visible, commits last, and returns after a second
// sync. What waits and is not in only stays behind for remove. A commit carries libostree's mark of
// incompleteness until all of it is durable in its place.
func (s *staging) land(ctx context.Context, only map[object.Name]struct{}) error {
	var commits, others []object.Name
	for n := range s.sizes {
		if _, wanted := only[n]; !wanted {
			continue
		}
		if n.Kind == object.KindCommit {
			commits = append(commits, n)
		} else {
			others = append(others, n)
		}
	}
	if len(commits)+len(others) == 0 {
		return nil
	}
	if err := syncFileSystem(s.dir.Name()); err != nil {
		return err
	}
	var marks []change
	for _, c := range commits {
		marks = append(marks, change{partialMark(c.Checksum), []byte{}})
	}
	if err := s.repo.writeFiles(marks); err != nil {
		return fmt.Errorf("marking commits as partial: %w", err)
	}
	if err := s.rename(ctx, others); err != nil {
		return err
	}
	if err := s.rename(ctx, commits); err != nil {
		return err
	}
	if err := syncFileSystem(s.dir.Name()); err != nil {
		return err
	}
	for i := range marks {
		marks[i].data = nil
	}
	return s.repo.writeFiles(marks)
}

// rename moves objects into objects/. One that is there already keeps its inode, which an HTTP
// cache may know; detached metadata is replaced, for it may have grown.
func (s *staging) rename(ctx context.Context, names []object.Name) error {
	for i, n := range names {
		if i%256 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		flags := uint(unix.RENAME_NOREPLACE)
		if n.Kind == object.KindCommitMeta {
			flags = 0
		}
		from, to := s.path(n), s.repo.path(n)
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
		if err == unix.ENOENT {
			if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
				err = unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
			}
		}
		if err == unix.EINVAL { // a file system without RENAME_NOREPLACE
			err = os.Rename(from, to)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("landing object %s.%s: %w", n.Checksum, n.Kind, err)
		}
	}
	return nil
}

// remove deletes what has not landed.
func (s *staging) remove() {
	os.RemoveAll(s.dir.Name())
	s.dir.Close()
}

// sweep removes the temporary files of processes that are gone.
func (r *Repo) sweep() error {
	tmp := filepath.Join(r.dir, "tmp")
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ownPrefix) {
			continue
		}
		name := filepath.Join(tmp, e.Name())
		if e.IsDir() && inUse(name) {
			continue
		}
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("sweeping %q: %w", name, err)
		}
	}
	return nil
}

func inUse(dir string) bool {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	return unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
