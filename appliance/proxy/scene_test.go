package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// scene is a socket that systemd holds, and an application behind it.
type scene struct {
	*testing.T
	held    *os.File // systemd's own end of the socket, which stays when a proxy goes
	address string
	app     net.Listener
	log     safeBuffer
}

type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newScene has an application that handles each connection with serve; nil is one that is not up yet.
func newScene(t *testing.T, serve func(net.Conn)) *scene {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	held, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := &scene{T: t, held: held, address: l.Addr().String(), app: listen(t, "127.0.0.1:0")}
	t.Cleanup(func() { held.Close() })
	if serve == nil {
		s.app.Close()
	} else {
		s.up(s.app, serve)
	}
	return s
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (s *scene) up(l net.Listener, serve func(net.Conn)) {
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // what a busy machine lacks for a moment
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
}

// echo answers each line.
func echo(c net.Conn) {
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if _, err := io.WriteString(c, "echo "+lines.Text()+"\n"); err != nil {
			return
		}
	}
}

func (s *scene) options() Options {
	return Options{Backend: s.app.Addr().String(), Start: 10 * time.Second, Idle: 200 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&s.log, nil))}
}

// socket is what systemd hands over.
func (s *scene) socket() []*net.TCPListener {
	s.Helper()
	l, err := net.FileListener(s.held)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { l.Close() })
	return []*net.TCPListener{l.(*net.TCPListener)}
}

type end struct {
	tally Tally
	err   error
}

// serve starts a proxy; its end comes through the channel.
func (s *scene) serve(ctx context.Context, o Options) <-chan end {
	s.Helper()
	sockets, done := s.socket(), make(chan end, 1)
	go func() {
		tally, err := Serve(ctx, sockets, o)
		done <- end{tally, err}
	}()
	return done
}

func (s *scene) connect() *net.TCPConn {
	s.Helper()
	c, err := net.DialTimeout("tcp", s.address, 5*time.Second)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// ask says a line and returns the answer.
func ask(c net.Conn, line string) (string, error) {
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func (s *scene) await(done <-chan end, within time.Duration) end {
	s.Helper()
	select {
	case e := <-done:
		return e
	case <-time.After(within):
		s.Fatalf("the proxy has not ended within %s; log:\n%s", within, s.log.String())
		return end{}
	}
}
