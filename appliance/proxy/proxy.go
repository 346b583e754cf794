// Package proxy answers for an application that is scaled to zero. systemd holds its socket and starts
// the proxy together with the application when somebody connects; the proxy keeps what comes in until
// the application serves, hands bytes back and forth, and ends when nothing has moved for a while, so
// that systemd ends the application too.
//
// It knows no application and no container, only an address and how to see that it serves; and nothing
// of HTTP but for that.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"edge/appliance/probe"
)

// ErrNotReady is the cause when the application does not become ready in time.
var ErrNotReady = errors.New("the application has not become ready")

// Options say what is served.
type Options struct {
	Backend string        // HOST:PORT of the application
	Probe   probe.Target  // shows that it serves; without Address: that of Backend
	Start   time.Duration // that it may take to become ready, and to take a connection later on; 0: 1 min
	Idle    time.Duration // after which Serve returns when nothing moves; 0: 10 s
	Most    int           // connections at a time, further ones wait; 0: 256
	State   string        // file in which the Tally adds up; "": none
	Log     *slog.Logger  // nil: nobody

	// Hold lets every open connection keep the application up, as systemd-socket-proxyd does. Otherwise
	// a connection on which a request was answered and nothing has moved for Idle, such as one that a
	// browser keeps for the next time, does not count and is closed in the end.
	Hold bool

	Notify string // NOTIFY_SOCKET of systemd; "": none
}

func (o Options) complete() (Options, error) {
	if o.Start <= 0 {
		o.Start = time.Minute
	}
	if o.Idle <= 0 {
		o.Idle = 10 * time.Second
	}
	if o.Most <= 0 {
		o.Most = 256
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Probe.Address == "" {
		o.Probe.Address = o.Backend
	}
	if _, _, err := net.SplitHostPort(o.Backend); err != nil {
		return o, fmt.Errorf("backend %q, want HOST:PORT: %w", o.Backend, err)
	}
	return o, nil
}

// server is a running proxy.
type server struct {
	Options
	slots chan struct{} // one for each connection
	ready chan struct{} // closed when it is known whether the application serves
	fault error         // then: why it does not

	loops, handlers sync.WaitGroup

	mu    sync.Mutex
	open  map[*pair]struct{}
	moved time.Time // when the last connection was opened or closed, or bytes moved
	tally Tally
}

// Serve hands connections on until nothing has moved for Idle, ctx ends, or the application does not
// become ready, which is ErrNotReady. No connection is lost when it returns for idleness: it takes none
// any more before it looks for the last time, and those that come later wait in systemd's socket. The
// Tally is that of this run.
func Serve(ctx context.Context, listeners []*net.TCPListener, o Options) (Tally, error) {
	o, err := o.complete()
	if err != nil {
		return Tally{}, fmt.Errorf("serving for an application at rest: %w", err)
	}
	if len(listeners) == 0 {
		return Tally{}, fmt.Errorf("serving for an application at rest: %w", ErrNoSocket)
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{
		Options: o, open: map[*pair]struct{}{}, moved: time.Now(),
		slots: make(chan struct{}, o.Most), ready: make(chan struct{}),
	}
	go s.wake(within)
	notify(o.Notify, "READY=1", o.Log)
	for idle := false; !idle; {
		stop := make(chan struct{})
		for _, l := range listeners {
			s.loops.Go(func() { s.accept(within, l, stop) })
		}
		err = s.watch(ctx)
		close(stop)
		for _, l := range listeners {
			_ = l.SetDeadline(time.Unix(1, 0)) // accept returns; what is queued stays queued
		}
		s.loops.Wait()
		if idle = err != nil || s.rested(time.Now()) >= o.Idle; !idle {
			for _, l := range listeners {
				_ = l.SetDeadline(time.Time{})
			}
		}
	}
	notify(o.Notify, "STOPPING=1", o.Log)
	cancel()
	s.closeAll()
	s.handlers.Wait()
	<-s.ready
	if o.State != "" {
		if fault := save(o.State, s.tally); fault != nil { // a full disk is no reason to fail
			s.Log.Warn("what was counted is lost", "fault", fault)
		}
	}
	if ctx.Err() != nil {
		return s.tally, nil // told to end
	}
	return s.tally, err
}

// wake waits for the application, and tells all who wait for it too.
func (s *server) wake(ctx context.Context) {
	defer close(s.ready)
	within, cancel := context.WithTimeout(ctx, s.Start)
	defer cancel()
	err := probe.Wait(within, s.Probe, 0)
	if err != nil && ctx.Err() == nil {
		s.fault = fmt.Errorf("%w within %s: %w", ErrNotReady, s.Start, err)
		s.Log.Error("the application has not become ready", "backend", s.Backend, "after", s.Start, "fault", err)
		return
	}
	s.fault = err
}

// watch returns nil when nothing has moved for Idle, or why to end at once.
func (s *server) watch(ctx context.Context) error {
	look := time.NewTicker(max(s.Idle/4, 10*time.Millisecond))
	defer look.Stop()
	ready := s.ready
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ready:
			if s.fault != nil {
				return s.fault
			}
			ready = nil // it stays so
		case now := <-look.C:
			if s.rested(now) >= s.Idle {
				return nil
			}
		}
	}
}

// accept takes connections until stop. A connection that was taken is among the open ones before it
// returns.
func (s *server) accept(ctx context.Context, l *net.TCPListener, stop <-chan struct{}) {
	for {
		select {
		case s.slots <- struct{}{}:
		case <-stop:
			return
		}
		client, err := l.AcceptTCP()
		if err == nil {
			s.begin(ctx, client)
			continue
		}
		<-s.slots
		select {
		case <-stop:
			return
		default:
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		s.Log.Warn("a connection could not be taken", "fault", err)
		select { // out of file descriptors, most likely
		case <-time.After(50 * time.Millisecond):
		case <-stop:
			return
		}
	}
}
