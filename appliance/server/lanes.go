package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// lanes is every connection that has left net/http, and the way back.
type lanes struct {
	serve func() *http.Server // for what comes back

	mu     sync.Mutex
	open   map[*lane]struct{}
	closed bool
	ran    sync.WaitGroup // lanes, and inner's accept loop

	inner *http.Server // made when the first one comes back
	back  chan net.Conn
	ended chan struct{} // closed by shutdown
}

func newLanes(serve func() *http.Server) *lanes {
	return &lanes{serve: serve, open: map[*lane]struct{}{}, back: make(chan net.Conn), ended: make(chan struct{})}
}

// enter reports whether l may run.
func (s *lanes) enter(l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[l] = struct{}{}
	s.ran.Add(1)
	return true
}

// leave ends l: its connection is closed, or goes back to net/http with what it has read.
func (s *lanes) leave(l *lane, goesBack bool) {
	s.mu.Lock()
	delete(s.open, l)
	goesBack = goesBack && !s.closed
	if goesBack && s.inner == nil {
		s.inner = s.serve()
		s.ran.Go(func() { s.inner.Serve(s) }) // ends with Accept
	}
	s.mu.Unlock()
	defer s.ran.Done()
	if !goesBack {
		l.conn.Close()
		return
	}
	l.conn.SetDeadline(time.Time{})
	select {
	case s.back <- &returned{Conn: l.conn, unread: l.in}:
	case <-s.ended:
		l.conn.Close()
	}
}

// shutdown wakes lanes that wait and lets those that send finish.
func (s *lanes) shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ended)
	}
	inner := s.inner
	for l := range s.open {
		l.conn.SetReadDeadline(time.Now())
	}
	s.mu.Unlock()
	var err error
	if inner != nil {
		err = inner.Shutdown(ctx)
	}
	done := make(chan struct{})
	go func() { s.ran.Wait(); close(done) }()
	select {
	case <-done:
		return err
	case <-ctx.Done():
	}
	s.mu.Lock()
	for l := range s.open {
		l.conn.Close()
	}
	s.mu.Unlock()
	if inner != nil {
		inner.Close()
	}
	<-done
	return ctx.Err()
}

// Accept, Close and Addr make lanes the listener of the inner server.
func (s *lanes) Accept() (net.Conn, error) {
	select {
	case c := <-s.back:
		return c, nil
	case <-s.ended:
		return nil, http.ErrServerClosed
	}
}
func (s *lanes) Close() error   { return nil }
func (s *lanes) Addr() net.Addr { return &net.TCPAddr{} }

// returned is a connection that comes back: what a lane has read comes first.
type returned struct {
	net.Conn
	unread []byte
}

func (c *returned) Read(b []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(b, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// ReadFrom lets files go out by sendfile.
func (c *returned) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// reclaim undoes what returned did to a connection that leaves net/http again.
func reclaim(conn net.Conn, unread []byte) (net.Conn, []byte) {
	if c, ok := conn.(*returned); ok {
		return c.Conn, append(unread, c.unread...)
	}
	return conn, unread
}
