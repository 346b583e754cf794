package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/probe"
)

func TestServe(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	o := s.options()
	o.State = filepath.Join(t.TempDir(), "app.proxy.json")
	done := s.serve(t.Context(), o)
	for i := range 3 {
		if answer, err := ask(s.connect(), fmt.Sprint(i)); err != nil || answer != fmt.Sprint("echo ", i) {
			t.Errorf("answer %q, %v", answer, err)
		}
	}
	e := s.await(done, 5*time.Second)
	if e.err != nil || e.tally.Connections != 3 || e.tally.Starts != 1 || e.tally.Last <= 0 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
	e = s.await(s.serve(t.Context(), o), 5*time.Second) // nobody comes
	if e.err != nil || e.tally.Starts != 0 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
	sum, err := ReadTally(o.State)
	if err != nil || sum.Connections != 3 || sum.Starts != 1 || sum.Last <= 0 || sum.Ended.IsZero() {
		t.Errorf("tally %+v, %v", sum, err)
	}
}

// The first request waits until the application serves, however often it says 503 before; the time that
// it had waited in systemd's socket counts too.
func TestSlowApplication(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	o := s.options()
	o.Probe = probe.Target{Path: "/"}
	client := s.connect()
	if _, err := io.WriteString(client, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // systemd starts the proxy
	done := s.serve(t.Context(), o)
	go func() {
		time.Sleep(100 * time.Millisecond)
		l, err := net.Listen("tcp", s.app.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		ready := time.Now().Add(200 * time.Millisecond)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if time.Now().Before(ready) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			io.WriteString(w, "served")
		})}
		t.Cleanup(func() { server.Close() })
		_ = server.Serve(l)
	}()
	answer, err := io.ReadAll(client)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 200") || !strings.HasSuffix(string(answer), "served") {
		t.Errorf("answer %q, %v", answer, err)
	}
	if e := s.await(done, 5*time.Second); e.err != nil || e.tally.Last < 450*time.Millisecond || e.tally.Last > 5*time.Second {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
}

func TestDeadApplication(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	o := s.options()
	o.Start, o.State = 600*time.Millisecond, filepath.Join(t.TempDir(), "tally")
	client := s.connect()
	e := s.await(s.serve(t.Context(), o), 5*time.Second)
	if !errors.Is(e.err, ErrNotReady) || !strings.Contains(e.err.Error(), "refused") || e.tally.Failures != 1 || e.tally.Starts != 0 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
	if answer, err := io.ReadAll(client); len(answer) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the client gets %q, %v, want the end", answer, err)
	}
	if !strings.Contains(s.log.String(), "the application has not become ready") {
		t.Errorf("log %q", s.log.String())
	}
	if sum, err := ReadTally(o.State); err != nil || sum.Failures != 1 {
		t.Errorf("tally %+v, %v", sum, err)
	}
}

// An application that dies later on costs the connections of its time, not the proxy.
func TestApplicationGoes(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	o := s.options()
	o.Start = 400 * time.Millisecond
	done := s.serve(t.Context(), o)
	if answer, err := ask(s.connect(), "1"); err != nil || answer != "echo 1" {
		t.Errorf("answer %q, %v", answer, err)
	}
	s.app.Close()
	if answer, err := ask(s.connect(), "2"); err == nil {
		t.Errorf("answer %q from nobody", answer)
	}
	if !strings.Contains(s.log.String(), "a connection was closed") {
		t.Errorf("log %q", s.log.String())
	}
	s.up(listen(t, s.app.Addr().String()), echo)
	if answer, err := ask(s.connect(), "3"); err != nil || answer != "echo 3" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
}

func TestHalfClose(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(c net.Conn) {
		all, _ := io.ReadAll(c)
		fmt.Fprintf(c, "%d bytes", len(all))
	})
	done := s.serve(t.Context(), s.options())
	c := s.connect()
	if _, err := c.Write(make([]byte, 3<<20)); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(c); err != nil || string(answer) != "3145728 bytes" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
}

func TestThousandConnections(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	o := s.options()
	o.Most, o.Hold = 100, true
	done := s.serve(t.Context(), o)
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			c, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			if answer, err := ask(c, fmt.Sprint(i)); err != nil || answer != fmt.Sprint("echo ", i) {
				t.Errorf("answer %q, %v", answer, err)
			}
		})
	}
	all.Wait()
	if e := s.await(done, 10*time.Second); e.err != nil || e.tally.Connections != 1000 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
}

// Clients that come at the very moment at which the proxy ends are served by the next one.
func TestNothingIsLostAtTheEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	o := s.options()
	o.Idle, o.Hold = 12*time.Millisecond, true // however slow this machine is, an open connection counts
	ctx, cancel := context.WithCancel(t.Context())
	runs, ended := 0, make(chan struct{})
	go func() { // systemd starts one after the other
		defer close(ended)
		for ctx.Err() == nil {
			sockets := s.socket()
			if _, err := Serve(ctx, sockets, o); err != nil {
				t.Error(err)
			}
			sockets[0].Close()
			runs++
		}
	}()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		c := s.connect()
		if answer, err := ask(c, fmt.Sprint(i)); err != nil || answer != fmt.Sprint("echo ", i) {
			t.Errorf("request %d: %q, %v", i, answer, err)
		}
		c.Close()
		time.Sleep(time.Duration(8+random.IntN(12)) * time.Millisecond)
	}
	cancel()
	<-ended
	if runs < 5 {
		t.Errorf("only %d runs", runs)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	ctx, cancel := context.WithCancel(t.Context())
	o := s.options()
	o.Idle = time.Hour
	done := s.serve(ctx, o)
	c := s.connect()
	if _, err := ask(c, "1"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
	if _, err := ask(c, "2"); err == nil {
		t.Error("the connection outlives the proxy")
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	if _, err := Serve(t.Context(), nil, s.options()); !errors.Is(err, ErrNoSocket) {
		t.Errorf("error = %v, want ErrNoSocket", err)
	}
	if _, err := Serve(t.Context(), s.socket(), Options{Backend: "nowhere"}); err == nil {
		t.Error("a backend without a port is accepted")
	}
}
