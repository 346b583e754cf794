package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a connection of a client and the one to the application that belongs to it.
type pair struct {
	client *net.TCPConn

	mu      sync.Mutex
	backend *net.TCPConn // nil: not yet
	closed  bool
	asked   bool      // the last bytes came from the client
	copying int       // directions in which bytes are on their way
	moved   time.Time // when the last bytes came
}

// begin makes a connection count, and handles it.
func (s *server) begin(ctx context.Context, client *net.TCPConn) {
	p, now := &pair{client: client}, time.Now()
	s.mu.Lock()
	s.open[p] = struct{}{}
	s.moved = now
	s.tally.Connections++
	first := s.tally.Starts == 0 && s.tally.Failures == 0
	if first {
		s.tally.Starts = 1
	}
	s.mu.Unlock()
	s.handlers.Go(func() {
		defer s.end(p)
		if first {
			s.clock(now.Add(-waited(client)))
		}
		if err := s.handle(ctx, p); err != nil && ctx.Err() == nil {
			s.Log.Warn("a connection was closed", "client", client.RemoteAddr().String(), "fault", err)
		}
	})
}

// clock measures the start of the application, from the first request on.
func (s *server) clock(since time.Time) {
	<-s.ready
	took := time.Since(since)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(s.fault, ErrNotReady):
		s.tally.Starts, s.tally.Failures = 0, 1
	case s.fault != nil: // told to end before it was known
		s.tally.Starts = 0
	default:
		s.tally.Last, s.tally.Longest = took, took
	}
}

func (s *server) end(p *pair) {
	p.close()
	s.mu.Lock()
	delete(s.open, p)
	s.moved = time.Now()
	s.mu.Unlock()
	<-s.slots
}

// handle serves one connection until both sides have ended it.
func (s *server) handle(ctx context.Context, p *pair) error {
	<-s.ready // closed too when ctx ends
	if s.fault != nil {
		return s.fault
	}
	backend, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if !p.join(backend) {
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.pump(backend, p.client, true)
	}()
	p.pump(p.client, backend, false)
	<-done
	return nil
}

// dial connects to the application, which may be busy or starting anew.
func (s *server) dial(ctx context.Context) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Start)
	defer cancel()
	var d net.Dialer
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		conn, err := d.DialContext(ctx, "tcp", s.Backend)
		if err == nil {
			return conn.(*net.TCPConn), nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("connecting to %s: %w", s.Backend, err)
		}
	}
}

// pump copies until one side has said all, which the other is told. A fault ends both directions.
func (p *pair) pump(to, from *net.TCPConn, asking bool) {
	err := p.copy(to, from, asking)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		p.close()
	}
}

// copy waits for bytes without holding a buffer for them, notes that they are there, and has the kernel
// move them from one connection to the other.
func (p *pair) copy(to, from *net.TCPConn, asking bool) error {
	for {
		n, err := await(from)
		if n == 0 || err != nil {
			return err
		}
		p.begun(asking)
		_, err = io.Copy(to, io.LimitReader(from, int64(n)))
		p.done()
		if err != nil {
			return err
		}
	}
}

// await is how many bytes have come; 0 is the end of what the other side has to say.
func await(conn *net.TCPConn) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fault error
	err = raw.Read(func(fd uintptr) bool {
		var first [1]byte
		n, _, fault = unix.Recvfrom(int(fd), first[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if fault == nil && n > 0 {
			n, fault = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
			n = max(n, 1)
		}
		return fault != unix.EAGAIN && fault != unix.EINTR
	})
	if err == nil {
		err = fault
	}
	return n, err
}

func (p *pair) begun(asking bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.moved = asking, time.Now()
	p.copying++
}

func (p *pair) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved = time.Now()
	p.copying--
}

// last is when bytes moved last: now while they are on their way, while the application is waited for,
// and while the client waits for its answer.
func (p *pair) last(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.backend == nil || p.copying > 0 || p.asked {
		return now
	}
	return p.moved
}

// join adds the connection to the application, unless the pair is closed already.
func (p *pair) join(backend *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		backend.Close()
		return false
	}
	p.backend, p.moved = backend, time.Now()
	return true
}

func (p *pair) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.client.Close()
	if p.backend != nil {
		p.backend.Close()
	}
}

func (s *server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.open {
		p.close()
	}
}
