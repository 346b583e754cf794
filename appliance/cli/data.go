package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultData is where a server keeps everything when --data does not say otherwise.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/appliance"
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "appliance")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "appliance")
	}
	return "/var/lib/appliance"
}

// lockData makes a data directory this process's own until the file is closed, or the process
// ends in any way. The lock is the kernel's; the file that stays behind means nothing.
func lockData(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, hinted{fmt.Errorf("making the data directory: %w", err), "--data names another directory"}
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, hinted{fmt.Errorf("locking the data directory: %w", err), "--data names another directory"}
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, _ := io.ReadAll(io.LimitReader(f, 20)) // only for the message
		_ = f.Close()
		return nil, hinted{
			fmt.Errorf("the data directory %q is in use by another server, process %s", dir, owned(string(owner))),
			"stop that one, speak to it with the other commands, or name another directory with --data",
		}
	}
	if err == nil {
		err = writePid(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking the data directory %q: %w", dir, err)
	}
	return f, nil
}

func owned(pid string) string {
	if pid = strings.TrimSpace(pid); pid == "" {
		return "unknown"
	}
	return pid
}

func writePid(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}
