package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLocked reports that somebody else kept the repository's lock for longer than its config allows.
var ErrLocked = errors.New("repository is locked")

type lockKind int

const (
	shared    lockKind = iota // writing objects, refs and the summary
	exclusive                 // removing objects
)

// lock takes libostree's lock on the repository and returns the function that gives it back. It
// waits until ctx ends or core.lock-timeout-secs are over.
//
// It is an open-file-description lock on .lock, as libostree takes since 2017; flock(2) and these
// do not see each other. Each call opens the file anew, so that goroutines exclude each other as
// processes do. A holder must not ask again for the exclusive lock: it would wait for itself.
func (r *Repo) lock(ctx context.Context, kind lockKind) (unlock func(), err error) {
	return lockDir(ctx, r.dir, r.config, kind)
}

func lockDir(ctx context.Context, dir string, c config, kind lockKind) (unlock func(), err error) {
	if !c.Locking {
		return func() {}, nil
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", dir, err)
	}
	want := unix.Flock_t{Type: unix.F_RDLCK, Whence: unix.SEEK_SET}
	if kind == exclusive {
		want.Type = unix.F_WRLCK
	}
	if err := waitLock(ctx, f, want, c.LockTimeout); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %q: %w", dir, err)
	}
	return func() { f.Close() }, nil // closing the description releases it
}

// waitLock asks again and again instead of blocking in the kernel, because nothing but a signal
// would end F_OFD_SETLKW when ctx does.
func waitLock(ctx context.Context, f *os.File, want unix.Flock_t, timeout time.Duration) error {
	var expired <-chan time.Time
	if timeout >= 0 {
		expired = time.After(timeout)
	}
	for pause := time.Millisecond; ; pause = min(pause*2, 50*time.Millisecond) {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &want)
		if err == nil || err != unix.EAGAIN && err != unix.EACCES && err != unix.EINTR {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-expired:
			return fmt.Errorf("%w: another program kept its .lock for %s; see who with `lslocks`", ErrLocked, timeout)
		case <-time.After(pause):
		}
	}
}
