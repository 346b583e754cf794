package rootfs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Attr is how a file is to be.
type Attr struct {
	Mode     fs.FileMode // permissions; they are set whatever the umask is
	UID, GID uint32      // set only by root; in a Home always the user's
}

// mark is in the name of every temporary file: ".NAME.appliance-RANDOM". Sweep knows them by it.
const mark = ".appliance-"

// Write makes name a regular file of this content and Attr, at once and durably. A link of that name is
// replaced, not followed. The folder must be there. What is right already is not written.
func (r *Root) Write(name string, data []byte, a Attr) (changed bool, err error) {
	return r.one(func(b *Batch) error { return b.Write(name, data, a) })
}

// Symlink makes name a link to target, at once and durably. The folder must be there. What is right already
// is not written.
func (r *Root) Symlink(name, target string) (changed bool, err error) {
	return r.one(func(b *Batch) error { return b.Symlink(name, target) })
}

func (r *Root) one(add func(*Batch) error) (changed bool, err error) {
	b := r.Batch()
	defer b.Close()
	if err := add(b); err != nil {
		return false, err
	}
	return len(b.staged) > 0, b.Commit()
}

// Write adds what Root.Write does.
func (b *Batch) Write(name string, data []byte, a Attr) error {
	dir, base, err := b.r.folder(name)
	if err != nil {
		return err
	}
	if right, err := b.r.holds(dir, base, name, data, a); right || err != nil {
		unix.Close(dir)
		return err
	}
	return b.file(dir, base, name, a, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// Copy adds a file with the content of src, whatever is at name now. Where the disk can share the content
// between the two files, it does.
func (b *Batch) Copy(name string, src *os.File, a Attr) error {
	dir, base, err := b.r.folder(name)
	if err != nil {
		return err
	}
	return b.file(dir, base, name, a, func(f *os.File) error {
		if unix.IoctlFileClone(int(f.Fd()), int(src.Fd())) == nil {
			return nil
		}
		info, err := src.Stat()
		if err != nil {
			return err
		}
		_, err = io.Copy(f, io.NewSectionReader(src, 0, info.Size()))
		return err
	})
}

// file writes a temporary file beside name. It owns dir from here on.
func (b *Batch) file(dir int, base, name string, a Attr, fill func(*os.File) error) error {
	r := b.r
	temp := tempName(base)
	if err := r.step("create", name); err != nil {
		unix.Close(dir)
		return err
	}
	fd, err := unix.Openat(dir, temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		unix.Close(dir)
		return r.fail("create", name, err)
	}
	f := os.NewFile(uintptr(fd), temp)
	return b.stage(staged{dir, name, base, temp, f}, func() error {
		if err := r.step("write", name); err != nil {
			return err
		}
		if err := fill(f); err != nil {
			return r.fail("write", name, cause(err))
		}
		return r.dress(fd, name, a)
	})
}

// dress gives an opened file its owner and its mode, in this order because chown takes setuid away.
func (r *Root) dress(fd int, name string, a Attr) error {
	a = r.own(a)
	if privileged() {
		if err := r.step("chown", name); err != nil {
			return err
		}
		if err := unix.Fchown(fd, int(a.UID), int(a.GID)); err != nil {
			return r.fail("chown", name, err)
		}
	}
	if err := r.step("chmod", name); err != nil {
		return err
	}
	if err := unix.Fchmod(fd, uint32(a.Mode.Perm())); err != nil {
		return r.fail("chmod", name, err)
	}
	return nil
}

// own is a with the owner that everything here has, if there is one.
func (r *Root) own(a Attr) Attr {
	if r.owner != nil {
		a.UID, a.GID = r.owner.uid, r.owner.gid
	}
	return a
}

// fits reports whether something has the permissions and, where that can be changed, the owner of a.
func (r *Root) fits(i Info, a Attr) bool {
	a = r.own(a)
	special := fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	return i.Mode.Perm() == a.Mode.Perm() && i.Mode&special == 0 && (!privileged() || i.UID == a.UID && i.GID == a.GID)
}

// Symlink adds what Root.Symlink does.
func (b *Batch) Symlink(name, target string) error {
	r := b.r
	dir, base, err := r.folder(name)
	if err != nil {
		return err
	}
	if had, err := readlinkat(dir, base); err == nil && had == target {
		unix.Close(dir)
		return nil
	}
	if err := r.step("symlink", name); err != nil {
		unix.Close(dir)
		return err
	}
	temp := tempName(base)
	if err := unix.Symlinkat(target, dir, temp); err != nil {
		unix.Close(dir)
		return r.fail("symlink", name, err)
	}
	return b.stage(staged{dir: dir, name: name, base: base, temp: temp}, func() error {
		if r.owner == nil || !privileged() {
			return nil
		}
		return r.giveLink(dir, temp, name)
	})
}

// giveLink gives a link that was just made to the user of a Home. The user may have put something else in
// its place meanwhile: only our own link is given away.
func (r *Root) giveLink(dir int, temp, name string) error {
	fd, err := unix.Openat(dir, temp, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return r.fail("open", name, err)
	}
	defer unix.Close(fd)
	i, err := r.fstat(fd, name)
	if err != nil {
		return err
	}
	if i.Mode.Type() != fs.ModeSymlink || i.UID != uint32(os.Geteuid()) || i.Links != 1 {
		return fmt.Errorf("%w: %q was exchanged while it was written", ErrUnsafe, path.Join(r.path, name))
	}
	if err := r.step("chown", name); err != nil {
		return err
	}
	if err := unix.Fchownat(fd, "", int(r.owner.uid), int(r.owner.gid), unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return r.fail("chown", name, err)
	}
	return nil
}

// cause is err without the name of a temporary file, which tells a reader nothing.
func cause(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func tempName(base string) string {
	// The name of a file has at most 255 bytes.
	if len(base) > 200 {
		base = base[:200]
	}
	return "." + base + mark + strings.ToLower(rand.Text()[:10])
}
