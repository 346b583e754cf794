package proxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrNoSocket is the cause when systemd has handed over no socket.
var ErrNoSocket = errors.New("no socket was handed over")

const (
	firstSocket = 3 // as sd_listen_fds(3) has it
	mostSockets = 16
)

// Listeners takes over the sockets that systemd has handed to this process, as sd_listen_fds(3) says:
// LISTEN_PID is this process, and LISTEN_FDS of them begin with file descriptor 3. getenv is os.Getenv.
// ErrNoSocket is the cause when there are none.
func Listeners(getenv func(string) string, pid int) ([]*net.TCPListener, error) {
	n, err := handed(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES"), pid)
	if err != nil {
		return nil, fmt.Errorf("taking over sockets: %w", err)
	}
	var list []*net.TCPListener
	for fd := firstSocket; fd < firstSocket+n; fd++ {
		l, err := takeOver(fd)
		if err != nil {
			for _, l := range list {
				l.Close()
			}
			return nil, fmt.Errorf("taking over socket %d: %w", fd, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// handed reads how many sockets there are. The numbers are those that systemd writes: no sign, no
// space, no leading zero.
func handed(forPID, count, names string, pid int) (int, error) {
	const cure = `start it through its unit, "systemctl --user start container-NAME-proxy.socket"`
	if forPID == "" && count == "" {
		return 0, fmt.Errorf("%w: LISTEN_FDS is not set; %s", ErrNoSocket, cure)
	}
	if forPID != strconv.Itoa(pid) {
		return 0, fmt.Errorf("%w: LISTEN_PID is %.20q, and this is process %d; %s", ErrNoSocket, forPID, pid, cure)
	}
	n, err := strconv.Atoi(count)
	if err != nil || strconv.Itoa(n) != count || n < 1 || n > mostSockets {
		return 0, fmt.Errorf("%w: LISTEN_FDS is %.20q, want a number from 1 to %d", ErrNoSocket, count, mostSockets)
	}
	if names != "" && strings.Count(names, ":") != n-1 {
		return 0, fmt.Errorf("%w: LISTEN_FDNAMES is %.80q, want %d names", ErrNoSocket, names, n)
	}
	return n, nil
}

// takeOver makes a listener of a file descriptor. systemd keeps the socket itself: closing the listener
// refuses nobody.
func takeOver(fd int) (*net.TCPListener, error) {
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return nil, err
	}
	if listening != 1 {
		return nil, errors.New("it does not listen; its unit needs ListenStream= and Accept=no")
	}
	unix.CloseOnExec(fd)
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close() // the listener has its own
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("it is of kind %s, want tcp", l.Addr().Network())
	}
	return tcp, nil
}
