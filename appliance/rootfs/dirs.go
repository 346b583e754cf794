package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Real is the name of a path without links in it, as far as they are in the root; what is not there yet
// counts as what it is called. It is for comparing names; between it and what is done next, links may change.
func (r *Root) Real(name string) (string, error) {
	if !clean(name) {
		return "", fmt.Errorf("resolving %q: %w", name, ErrName)
	}
	at, todo := "/", parts(name)
	for links := 0; len(todo) > 0; {
		next := path.Join(at, todo[0])
		todo = todo[1:]
		i, err := r.Lstat(next)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if i.Target == "" {
			at = next // also for "..", which path.Join has taken away
			continue
		}
		if links++; links > longestTrail {
			return "", r.fail("resolve", name, unix.ELOOP)
		}
		if path.IsAbs(i.Target) {
			at = "/"
		}
		todo = append(parts(i.Target), todo...)
	}
	return at, nil
}

// Missing lists those folders on the way to the folder name, itself included, that are not there; the
// outermost one first. Something else that is in the way is ErrKind, and so is a link that leads nowhere:
// Real finds where it should.
func (r *Root) Missing(name string) ([]string, error) {
	if !clean(name) {
		return nil, fmt.Errorf("looking for folder %q: %w", name, ErrName)
	}
	var missing []string
	for ; name != "/"; name = path.Dir(name) {
		i, err := r.Stat(name)
		switch {
		case err == nil && i.Mode.IsDir():
			return missing, r.belongs(i.UID, name)
		case err == nil || errors.Is(err, unix.ENOTDIR):
			return nil, r.fail("mkdir", name, fmt.Errorf("%w: it is no folder", ErrKind))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		if _, err := r.Lstat(name); err == nil {
			return nil, r.fail("mkdir", name, fmt.Errorf("%w: it is a link that leads nowhere", ErrKind))
		}
		missing = append([]string{name}, missing...)
	}
	return missing, nil
}

// ReadOnly reports whether name, or the nearest folder above it that is there, is on a file system that
// cannot be written.
func (r *Root) ReadOnly(name string) bool {
	for ; ; name = path.Dir(name) {
		fd, err := r.openat(name, unix.O_PATH, 0)
		if err != nil && name != "/" {
			continue
		}
		if err != nil {
			return false
		}
		defer unix.Close(fd)
		var st unix.Statfs_t
		return unix.Fstatfs(fd, &st) == nil && st.Flags&unix.ST_RDONLY != 0
	}
}

// MkdirAll makes a folder with Attr a, and with the same Attr those that are missing on the way to it, and
// returns what it made, durably. A folder that is there is left as it is.
func (r *Root) MkdirAll(name string, a Attr) (made []string, err error) {
	missing, err := r.Missing(name)
	if err != nil {
		return nil, err
	}
	for _, dir := range missing {
		if err := r.Mkdir(dir, a); err != nil {
			return made, err
		}
		made = append(made, dir)
	}
	return made, nil
}

// Mkdir makes one folder, at once with its Attr, and durably. One that is there is left as it is.
func (r *Root) Mkdir(name string, a Attr) error {
	b := r.Batch()
	defer b.Close()
	if err := b.Mkdir(name, a); err != nil {
		return err
	}
	return b.Commit()
}

// Mkdir makes a folder as Root.Mkdir does. It is there at once, for what is added next may be in it, and
// becomes durable with the batch.
func (b *Batch) Mkdir(name string, a Attr) error {
	r := b.r
	dir, base, err := r.folder(name)
	if err != nil {
		return err
	}
	if i, err := r.Stat(name); err == nil && i.Mode.IsDir() {
		unix.Close(dir)
		return nil
	}
	b.dirs = append(b.dirs, parent{dir, path.Dir(name)})
	temp := tempName(base)
	if err := r.step("mkdir", name); err != nil {
		return err
	}
	if err := unix.Mkdirat(dir, temp, 0o700); err != nil {
		return r.fail("mkdir", name, err)
	}
	if err := r.nameFolder(dir, temp, base, name, a); err != nil {
		if r.step("rmdir", name) == nil {
			_ = unix.Unlinkat(dir, temp, unix.AT_REMOVEDIR) // swept by the next run if it stays
		}
		return err
	}
	return nil
}

// nameFolder gives a folder that was just made its owner, its mode and then its name.
func (r *Root) nameFolder(dir int, temp, base, name string, a Attr) error {
	fd, err := unix.Openat(dir, temp, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return r.fail("open", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if err := r.fresh(f, name); err != nil {
		return err
	}
	if err := r.dress(fd, name, a); err != nil {
		return err
	}
	if err := r.step("rename", name); err != nil {
		return err
	}
	err = unix.Renameat2(dir, temp, dir, base, unix.RENAME_NOREPLACE)
	switch {
	case errors.Is(err, unix.EEXIST):
		return r.fail("mkdir", name, fmt.Errorf("%w: it is no folder", ErrKind))
	case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS): // not every file system can refuse to replace
		err = unix.Renameat(dir, temp, dir, base)
	}
	if err != nil {
		return r.fail("rename", name, err)
	}
	return nil
}

// fresh refuses a folder that the user of a Home has put in the place of the one just made: only an empty
// one of our own is given away.
func (r *Root) fresh(f *os.File, name string) error {
	if r.owner == nil {
		return nil
	}
	i, err := r.fstat(int(f.Fd()), name)
	if err != nil {
		return err
	}
	some, _ := f.Readdirnames(1)
	if i.UID != uint32(os.Geteuid()) || len(some) > 0 {
		return fmt.Errorf("%w: %q was exchanged while it was made", ErrUnsafe, path.Join(r.path, name))
	}
	return nil
}

// Adjust gives a folder that is there the owner and the permissions of a.
func (r *Root) Adjust(name string, a Attr) (changed bool, err error) {
	fd, err := r.openat(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return false, r.fail("open", name, err)
	}
	defer unix.Close(fd)
	i, err := r.fstat(fd, name)
	if err != nil || r.fits(i, a) {
		return false, err
	}
	if err := r.dress(fd, name, a); err != nil {
		return false, err
	}
	return true, r.syncDir(fd, name)
}

// Fits reports whether something that is there has the permissions and the owner of a, as far as this
// process can change them.
func (r *Root) Fits(i Info, a Attr) bool { return r.fits(i, a) }
