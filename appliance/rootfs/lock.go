package rootfs

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Lock takes a folder for this process alone and returns the function that gives it back; it waits until
// ctx ends. The lock is on the folder itself and leaves nothing behind.
func (r *Root) Lock(ctx context.Context, dir string) (unlock func(), err error) {
	fd, err := r.openat(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, r.fail("lock", dir, err)
	}
	f := os.NewFile(uintptr(fd), dir)
	// Asked for again and again, because nothing but a signal would end a wait in the kernel when ctx does.
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, r.fail("lock", dir, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, r.fail("lock", dir, ctx.Err())
		case <-time.After(pause):
		}
	}
}
