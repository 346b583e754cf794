package cli

import (
	"fmt"
	"net"
	"os"
	"strconv"
)

// firstFD is the first file that systemd hands over (sd_listen_fds(3)).
const firstFD = 3

// activated are the sockets that systemd opened for this process; none when it did not.
func activated() ([]net.Listener, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // not for programs that this one starts
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > 64 {
		return nil, nil
	}
	var all []net.Listener
	for fd := firstFD; fd < firstFD+n; fd++ {
		f := os.NewFile(uintptr(fd), "systemd socket")
		l, err := net.FileListener(f)
		_ = f.Close() // the listener has a copy
		if err != nil {
			return nil, fmt.Errorf("taking over socket %d of systemd: %w", fd, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// notify tells systemd how the service is ("READY=1"; sd_notify(3)). Without systemd, or with one
// that does not listen, nothing happens.
func notify(socket, state string) {
	if socket == "" {
		return
	}
	c, err := net.Dial("unixgram", socket) // "@…" is an abstract name to net, too
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state)) // systemd's own timeout is the answer to a lost message
}
