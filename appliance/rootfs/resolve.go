package rootfs

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// longestTrail is how many links one path may lead through, as in the kernel.
const longestTrail = 40

// haveOpenat2 finds out whether the kernel resolves paths within a root. Filters of containers answer EPERM
// to system calls that they do not know.
func haveOpenat2(fd int) bool {
	got, err := unix.Openat2(fd, ".", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT})
	if err == nil {
		unix.Close(got)
	}
	return !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM)
}

// openat opens an absolute name within the root. O_NOFOLLOW among flags is about the last part of it alone.
func (r *Root) openat(name string, flags int, mode uint32) (int, error) {
	if r.walk {
		return r.openWalking(name, flags, mode)
	}
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Mode: uint64(mode), Resolve: r.resolve}
	for range 100 {
		// EAGAIN says that something was renamed while ".." was passed.
		fd, err := unix.Openat2(r.fd, inside(name), &how)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
	return -1, unix.EAGAIN
}

// inside is name as a path that is relative to the root.
func inside(name string) string {
	if rest := strings.TrimPrefix(name, "/"); rest != "" {
		return rest
	}
	return "."
}

// openWalking is openat2 for kernels without it: it goes one part at a time and keeps every folder that it
// has come through, so that ".." leads where it came from and never above the root.
func (r *Root) openWalking(name string, flags int, mode uint32) (int, error) {
	w := walker{trail: []int{r.fd}}
	defer w.done()
	todo := parts(name)
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		if part == ".." {
			w.back()
			continue
		}
		target, err := readlinkat(w.here(), part)
		last := len(todo) == 0
		switch {
		case err == nil && last && flags&unix.O_NOFOLLOW != 0:
			return unix.Openat(w.here(), part, flags|unix.O_CLOEXEC, mode)
		case err == nil && r.resolve&unix.RESOLVE_NO_SYMLINKS != 0:
			return -1, unix.ELOOP
		case err == nil:
			if links++; links > longestTrail {
				return -1, unix.ELOOP
			}
			if path.IsAbs(target) {
				w.top()
			}
			todo = append(parts(target), todo...)
		case last:
			return unix.Openat(w.here(), part, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
		default:
			if err := w.enter(part); err != nil {
				return -1, err
			}
		}
	}
	return unix.Openat(w.here(), ".", flags|unix.O_CLOEXEC, mode)
}

// walker is the way from the root to where a walk is.
type walker struct{ trail []int }

func (w *walker) here() int { return w.trail[len(w.trail)-1] }

func (w *walker) enter(part string) error {
	fd, err := unix.Openat(w.here(), part, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		w.trail = append(w.trail, fd)
	}
	return err
}

func (w *walker) back() {
	if n := len(w.trail); n > 1 {
		unix.Close(w.trail[n-1])
		w.trail = w.trail[:n-1]
	}
}

func (w *walker) top() {
	for len(w.trail) > 1 {
		w.back()
	}
}

func (w *walker) done() { w.top() }

func parts(name string) []string {
	var all []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			all = append(all, part)
		}
	}
	return all
}

// folder opens the folder that name lies in. The caller closes it.
func (r *Root) folder(name string) (fd int, base string, err error) {
	if !clean(name) || name == "/" {
		return -1, "", fmt.Errorf("%q: %w", name, ErrName)
	}
	dir := path.Dir(name)
	fd, err = r.openat(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, "", r.fail("open", dir, err)
	}
	if err := r.mine(fd, dir); err != nil {
		unix.Close(fd)
		return -1, "", err
	}
	return fd, path.Base(name), nil
}

// readlinkat is EINVAL for what is no link.
func readlinkat(dir int, name string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, buffer)
	if err != nil {
		return "", err
	}
	return string(buffer[:n]), nil
}
