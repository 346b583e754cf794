package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// deepest is how far RemoveAll goes down. It bounds what a user who may write there can cost.
const deepest = 64

// Remove removes files, links and empty folders, in this order, durably. A link is removed and not
// followed; what is gone already is no fault; a folder that is not empty gives fs.ErrExist.
func (r *Root) Remove(names ...string) error {
	dirs := map[string]int{}
	defer func() {
		for _, fd := range dirs {
			unix.Close(fd)
		}
	}()
	for _, name := range names {
		fd, base, err := r.folder(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if _, had := dirs[path.Dir(name)]; had {
			unix.Close(fd)
		} else {
			dirs[path.Dir(name)] = fd
		}
		if err := r.remove(dirs[path.Dir(name)], base, name); err != nil {
			return err
		}
	}
	for name, fd := range dirs {
		if err := r.step("sync", name); err != nil {
			return err
		}
		if err := r.syncDir(fd, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *Root) remove(dir int, base, name string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW); errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return r.fail("stat", name, err)
	}
	op, flags := "unlink", 0
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		op, flags = "rmdir", unix.AT_REMOVEDIR
	}
	if err := r.step(op, name); err != nil {
		return err
	}
	if err := unix.Unlinkat(dir, base, flags); err != nil && !errors.Is(err, unix.ENOENT) {
		return r.fail(op, name, err)
	}
	return nil
}

// RemoveAll removes a folder and everything in it. No link is followed and no other file system is entered.
func (r *Root) RemoveAll(name string) error {
	dir, base, err := r.folder(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return r.fail("stat", name, err)
	}
	if err := r.removeAll(dir, base, name, st.Dev, 0); err != nil {
		return err
	}
	return r.syncDir(dir, path.Dir(name))
}

func (r *Root) removeAll(dir int, base, name string, device uint64, depth int) error {
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOENT) {
		return r.remove(dir, base, name)
	}
	if err != nil {
		return r.fail("open", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return r.fail("stat", name, err)
	}
	if st.Dev != device || depth == deepest {
		return r.fail("rmdir", name, fmt.Errorf("%w: another file system, or too deep", ErrKind))
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return r.fail("read", name, err)
	}
	for _, in := range names {
		if err := r.removeAll(fd, in, path.Join(name, in), device, depth+1); err != nil {
			return err
		}
	}
	return r.remove(dir, base, name)
}

// Leftovers lists the temporary files in a folder that an interrupted write has left. A folder that is not
// there has none.
func (r *Root) Leftovers(dir string) ([]string, error) {
	names, err := r.Names(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var left []string
	for _, name := range names {
		if temporary(name) {
			left = append(left, path.Join(dir, name))
		}
	}
	return left, nil
}

// temporary reports whether name is one that tempName makes.
func temporary(name string) bool {
	i := strings.LastIndex(name, mark)
	if i < 1 || name[0] != '.' {
		return false
	}
	random := name[i+len(mark):]
	return len(random) == 10 && strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
