package main

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of a connection, so that slow or idle clients cannot hold it.
const (
	idleFor    = 60 * time.Second // between two requests
	headWithin = 10 * time.Second // from the first byte of a request to its last
	sendWithin = 30 * time.Second
	mostConns  = 256
)

// server answers connections until its listener is closed.
type server struct {
	site site

	wait     sync.WaitGroup
	mu       sync.Mutex
	stopping bool
	conns    map[net.Conn]bool // value: a request is being answered
}

// serve returns when the listener is closed.
func (s *server) serve(l net.Listener) {
	places := make(chan struct{}, mostConns)
	for {
		places <- struct{}{}
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: it passes
			<-places
			time.Sleep(50 * time.Millisecond)
			continue
		}
		s.wait.Go(func() {
			defer func() { <-places }()
			s.answer(c)
		})
	}
}

// shutdown lets answers finish for at most d; idle connections end at once.
func (s *server) shutdown(d time.Duration) {
	s.mu.Lock()
	s.stopping = true
	for c, busy := range s.conns {
		if !busy {
			_ = c.SetReadDeadline(time.Now())
		}
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(d):
	}
}

// mark notes whether c is busy and sets the deadline for reading from it. It reports false where the
// connection has to end because the server does.
func (s *server) mark(c net.Conn, busy bool, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping && !busy {
		return false
	}
	s.conns[c] = busy
	return c.SetReadDeadline(time.Now().Add(d)) == nil
}

// answer serves the requests of one connection.
func (s *server) answer(c net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	r := bufio.NewReaderSize(c, largestHead)
	for s.mark(c, false, idleFor) {
		if _, err := r.Peek(1); err != nil || !s.mark(c, true, headWithin) {
			return
		}
		q, err := read(r)
		var refused refusal
		if err != nil && !errors.As(err, &refused) {
			return
		}
		if refused != "" {
			q.last = true
		}
		if !s.send(c, q, refused) || q.last {
			linger(c)
			return
		}
	}
}

// linger takes in what the client still sends, for a moment: closing with unread bytes would make
// the kernel reset the connection, and the client might never see the answer.
func linger(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok || tcp.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(500*time.Millisecond)) != nil {
		return
	}
	scrap := make([]byte, 4096)
	for total := 0; total < 64<<10; {
		n, err := c.Read(scrap)
		if err != nil {
			return
		}
		total += n
	}
}

// send writes the answer to q, or the refusal of it. It reports whether all of it was written.
func (s *server) send(c net.Conn, q request, refused refusal) bool {
	status, f, varies := s.choose(q, refused)
	var b strings.Builder
	b.WriteString("HTTP/1.1 " + status + "\r\nDate: " + time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n")
	if status != unchanged {
		b.WriteString("Content-Type: " + f.kind + "\r\nContent-Length: " + strconv.Itoa(len(f.data)) + "\r\n" +
			"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'self'\r\n")
	}
	if f.etag != "" { // no-cache: the next version of the site is seen at the next visit
		b.WriteString("ETag: " + f.etag + "\r\nCache-Control: no-cache\r\n")
	}
	if varies {
		b.WriteString("Vary: Accept\r\n")
	}
	if status == notAllowed {
		b.WriteString("Allow: GET, HEAD\r\n")
	}
	if q.last {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	parts := net.Buffers{[]byte(b.String())}
	if q.method != "HEAD" && status != unchanged {
		parts = append(parts, f.data)
	}
	if c.SetWriteDeadline(time.Now().Add(sendWithin)) != nil {
		return false
	}
	_, err := parts.WriteTo(c)
	return err == nil
}

const (
	unchanged  = "304 Not Modified"
	notAllowed = "405 Method Not Allowed"
)

// choose decides the status and the content of the answer.
func (s *server) choose(q request, refused refusal) (status string, f file, varies bool) {
	if refused != "" {
		return string(refused), text(string(refused)), false
	}
	if q.method != "GET" && q.method != "HEAD" {
		return notAllowed, text(notAllowed), false
	}
	if q.content {
		return string(badRequest), text(string(badRequest)), false
	}
	f, varies, ok := s.site.find(q.path, q.html)
	switch {
	case !ok:
		return "404 Not Found", text("404 Not Found"), false
	case matches(q.match, f.etag):
		return unchanged, f, varies
	}
	return "200 OK", f, varies
}

func text(line string) file { return file{data: []byte(line + "\n"), kind: kind(".txt")} }

// matches reads If-None-Match: a list of entity tags, or *.
func matches(list, etag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}
