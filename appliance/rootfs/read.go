package rootfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Info is what something below a root is.
type Info struct {
	Mode     fs.FileMode // type and permissions
	UID, GID uint32
	Size     int64
	Changed  time.Time // of its content
	Links    uint64    // names that it has
	Target   string    // of a link
}

// Read returns the content of a regular file of at most limit bytes. Links are followed within the root; in
// a Home there are none.
func (r *Root) Read(name string, limit int64) ([]byte, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return r.slurp(f, name, limit)
}

// slurp reads at most limit bytes.
func (r *Root) slurp(f io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, r.fail("read", name, err)
	}
	if int64(len(data)) > limit {
		return nil, r.fail("read", name, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit))
	}
	return data, nil
}

// Open opens a regular file for reading. Links are followed within the root. A pipe or a device does not
// make it wait: it is ErrKind.
func (r *Root) Open(name string) (*os.File, error) {
	if !clean(name) {
		return nil, fmt.Errorf("opening %q: %w", name, ErrName)
	}
	fd, err := r.openat(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, r.fail("open", name, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		if err == nil {
			err = fmt.Errorf("%w: it is no regular file", ErrKind)
		}
		return nil, r.fail("open", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Stat tells what name is, after links within the root.
func (r *Root) Stat(name string) (Info, error) { return r.stat(name, 0) }

// Lstat tells what name is; a link is not followed.
func (r *Root) Lstat(name string) (Info, error) { return r.stat(name, unix.O_NOFOLLOW) }

func (r *Root) stat(name string, flags int) (Info, error) {
	if !clean(name) {
		return Info{}, fmt.Errorf("looking at %q: %w", name, ErrName)
	}
	fd, err := r.openat(name, unix.O_PATH|flags, 0)
	if err != nil {
		return Info{}, r.fail("stat", name, err)
	}
	defer unix.Close(fd)
	return r.fstat(fd, name)
}

func (r *Root) fstat(fd int, name string) (Info, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Info{}, r.fail("stat", name, err)
	}
	i := Info{
		Mode: mode(st.Mode), UID: st.Uid, GID: st.Gid, Size: st.Size, Links: uint64(st.Nlink),
		Changed: time.Unix(st.Mtim.Unix()),
	}
	if i.Mode.Type() == fs.ModeSymlink {
		target, err := readlinkat(fd, "")
		if err != nil {
			return Info{}, r.fail("readlink", name, err)
		}
		i.Target = target
	}
	return i, nil
}

// mode is the mode of a system call as package fs writes it.
func mode(m uint32) fs.FileMode {
	out := fs.FileMode(m & 0o777)
	for bit, is := range map[uint32]fs.FileMode{unix.S_ISUID: fs.ModeSetuid, unix.S_ISGID: fs.ModeSetgid, unix.S_ISVTX: fs.ModeSticky} {
		if m&bit != 0 {
			out |= is
		}
	}
	switch m & unix.S_IFMT {
	case unix.S_IFREG:
		return out
	case unix.S_IFDIR:
		return out | fs.ModeDir
	case unix.S_IFLNK:
		return out | fs.ModeSymlink
	default:
		return out | fs.ModeIrregular
	}
}

// Exists reports whether something is at name, after links. What cannot be told is taken for absent.
func (r *Root) Exists(name string) bool {
	_, err := r.Stat(name)
	return err == nil
}

// Names lists a folder, sorted.
func (r *Root) Names(name string) ([]string, error) {
	if !clean(name) {
		return nil, fmt.Errorf("listing %q: %w", name, ErrName)
	}
	fd, err := r.openat(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, r.fail("open", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, r.fail("read", name, err)
	}
	slices.Sort(names)
	return names, nil
}

// Holds reports whether name is a regular file, not a link, with exactly this content and Attr.
func (r *Root) Holds(name string, data []byte, a Attr) (bool, error) {
	dir, base, err := r.folder(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(dir)
	return r.holds(dir, base, name, data, a)
}

func (r *Root) holds(dir int, base, name string, data []byte, a Attr) (bool, error) {
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
		return false, nil // nothing, a link, a socket
	}
	if err != nil {
		return false, r.fail("open", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	i, err := r.fstat(fd, name)
	if err != nil || !i.Mode.IsRegular() || i.Size != int64(len(data)) || !r.fits(i, a) {
		return false, err
	}
	had, err := r.slurp(f, name, int64(len(data)))
	if errors.Is(err, ErrTooLarge) {
		return false, nil // it has just grown
	}
	return err == nil && bytes.Equal(had, data), err
}
