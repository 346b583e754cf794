// Package rootfs reads and changes files below a root folder as a program that lives there would see them:
// an absolute link in it leads to a place in it, and nothing leads out of it. What it writes is there whole
// and durably or not at all, and what is right already is not touched.
//
// It does not know what the files mean, and it sets no SELinux labels.
package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

var (
	// ErrName is the cause when a name is not a clean absolute path.
	ErrName = errors.New("not a clean absolute path")
	// ErrUnsafe is the cause when a path below a folder of a user leads through a link, or through a
	// folder of somebody else.
	ErrUnsafe = errors.New("unsafe path")
	// ErrTooLarge is the cause when a file is larger than its reader allows.
	ErrTooLarge = errors.New("file is too large")
	// ErrKind is the cause when something else is where a file, a link or a folder was expected.
	ErrKind = errors.New("something else is in the way")
)

// Options are what Open can be told.
type Options struct {
	// Fault, where it is set, is called before each step that changes the disk, with the name of the step
	// (mkdir, create, write, chmod, chown, sync, symlink, rename, unlink, rmdir) and the path below the
	// root. An error from it ends the operation as an error of the disk would.
	Fault func(op, path string) error
}

// Root is a folder that is taken for "/". Names are absolute and clean: "/etc/fstab". It may be used from
// several goroutines.
//
// Owners are set and compared when the process is root, who alone may give files away. For anybody else
// everything belongs to whoever runs the program.
type Root struct {
	path    string // as it was opened, for messages
	fd      int
	resolve uint64 // how paths lead on, for openat2
	fault   func(op, path string) error
	owner   *owner // of a folder of a user: who everything below belongs to
	walk    bool   // openat2 is not there: the kernel is older than 5.6, or a filter forbids it
}

type owner struct{ uid, gid uint32 }

// Open takes the folder dir for a root. Links that lead to dir itself are followed.
func Open(dir string, o Options) (*Root, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the root: %w", &os.PathError{Op: "open", Path: dir, Err: err})
	}
	r := &Root{path: path.Clean(dir), fd: fd, resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS, fault: o.Fault}
	r.walk = !haveOpenat2(fd)
	return r, nil
}

// Path is the folder that was opened.
func (r *Root) Path() string { return r.path }

// Close gives the folder back.
func (r *Root) Close() error { return unix.Close(r.fd) }

// Home is a root at dir, a folder of the user uid, for changes there by somebody mightier. The user can put
// anything there at any time, so that below it no link is followed and no folder of another user is entered,
// which gives ErrUnsafe; and all that is made belongs to the user, whatever its Attr says.
func (r *Root) Home(dir string, uid, gid uint32) (*Root, error) {
	if !clean(dir) {
		return nil, fmt.Errorf("opening the folder %q: %w", dir, ErrName)
	}
	fd, err := r.openat(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of user %d: %w", uid, r.fail("open", dir, err))
	}
	h := &Root{
		path: path.Join(r.path, dir), fd: fd, fault: r.fault, walk: r.walk, owner: &owner{uid, gid},
		resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	if err := h.mine(fd, "/"); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// mine refuses an opened folder that does not belong to the user whose home this is.
func (r *Root) mine(fd int, name string) error {
	if r.owner == nil || !privileged() {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return r.fail("stat", name, err)
	}
	return r.belongs(st.Uid, name)
}

// belongs refuses what has another user than the one whose home this is.
func (r *Root) belongs(uid uint32, name string) error {
	if r.owner != nil && privileged() && uid != r.owner.uid {
		return fmt.Errorf("%w: %q belongs to user %d, not to %d", ErrUnsafe, path.Join(r.path, name), uid, r.owner.uid)
	}
	return nil
}

// step asks Fault whether a change may be made.
func (r *Root) step(op, name string) error {
	if r.fault == nil {
		return nil
	}
	if err := r.fault(op, name); err != nil {
		return r.fail(op, name, err)
	}
	return nil
}

// fail tells a path as it is outside of the root.
func (r *Root) fail(op, name string, err error) error {
	if r.owner != nil && (errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EXDEV)) {
		return fmt.Errorf("%w: %q leads through a link", ErrUnsafe, path.Join(r.path, name))
	}
	return &os.PathError{Op: op, Path: path.Join(r.path, name), Err: err}
}

func privileged() bool { return os.Geteuid() == 0 }

// clean reports whether name is absolute and written in the one way that cannot be misread.
func clean(name string) bool {
	return strings.HasPrefix(name, "/") && path.Clean(name) == name && !strings.ContainsRune(name, 0)
}
