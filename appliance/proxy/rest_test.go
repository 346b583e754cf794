package proxy

import (
	"io"
	"net"
	"testing"
	"time"
)

// A connection that a browser keeps for later keeps nothing up, and is closed in the end; before that,
// it works as long as it is used.
func TestKeptConnection(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	begin, o := time.Now(), s.options()
	o.Idle = time.Second
	done := s.serve(t.Context(), o)
	c := s.connect()
	for i := range 6 {
		if answer, err := ask(c, "again"); err != nil || answer != "echo again" {
			t.Fatalf("request %d: %q, %v", i, answer, err)
		}
		time.Sleep(200 * time.Millisecond) // a fifth of Idle
	}
	if e := s.await(done, 5*time.Second); e.err != nil || e.tally.Connections != 1 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
	if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("ended after %s, while it was in use", took)
	}
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d, %v, want the end", n, err)
	}
}

// So does one on which nothing was ever said.
func TestMuteConnection(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	done := s.serve(t.Context(), s.options())
	s.connect()
	if e := s.await(done, 5*time.Second); e.err != nil || e.tally.Connections != 1 {
		t.Errorf("Serve = %+v, %v", e.tally, e.err)
	}
}

// A request that the application thinks about for long is no idleness.
func TestLongRequest(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(c net.Conn) {
		if _, err := c.Read(make([]byte, 100)); err == nil {
			time.Sleep(1500 * time.Millisecond)
			io.WriteString(c, "at last\n")
		}
	})
	o := s.options()
	o.Idle = time.Second // also until the request is there, when this machine is slow
	done := s.serve(t.Context(), o)
	if answer, err := ask(s.connect(), "think"); err != nil || answer != "at last" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
}

// Nor is an answer that the client does not fetch yet.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than all the buffers on the way
	s := newScene(t, func(c net.Conn) {
		if _, err := c.Read(make([]byte, 100)); err == nil {
			_, _ = c.Write(make([]byte, size))
		}
	})
	o := s.options()
	o.Idle = time.Second // also of the application, when this machine is slow
	done := s.serve(t.Context(), o)
	c := s.connect()
	if _, err := io.WriteString(c, "much\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(o.Idle + o.Idle/2)
	if n, err := io.Copy(io.Discard, c); err != nil || n != size {
		t.Errorf("got %d bytes of %d, %v", n, size, err)
	}
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	s := newScene(t, echo)
	o := s.options()
	o.Hold = true
	done := s.serve(t.Context(), o)
	c := s.connect()
	if _, err := ask(c, "1"); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-done:
		t.Errorf("Serve = %+v while a connection is held", e)
	case <-time.After(3 * o.Idle):
	}
	c.Close()
	if e := s.await(done, 5*time.Second); e.err != nil {
		t.Error(e.err)
	}
}
