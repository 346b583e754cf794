package server

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"edge/appliance/blueprint"
	"edge/appliance/object"
)

const (
	headRoom  = 512      // for a response header in front of a small body
	smallBody = 64 << 10 // what is sent in one write with its header
)

// parcel is a response in the making: the header ends where the body begins,
// at headRoom. Its last byte shows that a file is not small.
type parcel [headRoom + smallBody + 1]byte

var parcels = sync.Pool{New: func() any { return new(parcel) }}

// sending is one immutable file of a repository that is ready to be sent.
type sending struct {
	blueprint blueprint.Name
	etag      string
	commit    object.Checksum // set when a pull begins with it
	size      int64
	parcel    *parcel  // a small file's whole content, or
	file      *os.File // a large one
}

func (s *sending) close() {
	if s.parcel != nil {
		parcels.Put(s.parcel)
	}
	if s.file != nil {
		s.file.Close()
	}
}

// prepare finds the object at an URL's path and reads it, if it is small. ok
// is false for whatever is not simply there; the ordinary way tells why.
func (h *Handler) prepare(path string) (s sending, ok bool) {
	name, rest, ok := splitRepo(path)
	if !ok || !strings.HasPrefix(rest, "objects/") || strings.HasSuffix(rest, "/") || !plain(rest) {
		return sending{}, false
	}
	repo, err := h.repository(name)
	if err != nil {
		return sending{}, false
	}
	served, err := repo.Lookup(rest)
	if err != nil || served.File == "" || !served.Immutable || len(served.ETag) > 100 {
		return sending{}, false
	}
	s = sending{blueprint: blueprint.Name(name), etag: served.ETag, commit: served.Commit}
	return s, s.open(served.File) == nil
}

// open reads a small file with as few system calls as there can be.
func (s *sending) open(name string) error {
	fd, err := retry(func() (int, error) {
		return unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return err
	}
	p := parcels.Get().(*parcel)
	n, err := retry(func() (int, error) { return unix.Pread(fd, p[headRoom:], 0) })
	if err == nil && n <= smallBody {
		s.parcel, s.size = p, int64(n)
		return unix.Close(fd)
	}
	parcels.Put(p)
	f := os.NewFile(uintptr(fd), name)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = unix.EINVAL
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.file, s.size = f, info.Size()
	return nil
}

// body of a large file, exactly as long as announced.
func (s *sending) body() io.Reader { return io.LimitReader(s.file, s.size) }

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
