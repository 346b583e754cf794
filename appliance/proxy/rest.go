package proxy

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// rested is for how long nothing has moved; with Hold an open connection is as good as one that moves.
//
// A connection is taken to carry one request after the other, as HTTP/1.1 does: after an answer it is
// at rest. What carries several at a time (HTTP/2) or speaks when it likes (WebSocket) and is silent for
// Idle in the middle of something needs Hold.
func (s *server) rested(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.open {
		last := now
		if !s.Hold {
			last = p.last(now)
		}
		if last.After(s.moved) {
			s.moved = last
		}
	}
	return now.Sub(s.moved)
}

// waited is for how long a connection that was just taken had been waiting with its request, while
// systemd started the proxy.
func waited(client *net.TCPConn) time.Duration {
	const most = time.Hour // what is more was not waiting for us
	raw, err := client.SyscallConn()
	if err != nil {
		return 0
	}
	var info *unix.TCPInfo
	if control := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); control != nil || err != nil {
		return 0
	}
	return min(time.Duration(info.Last_data_recv)*time.Millisecond, most)
}
