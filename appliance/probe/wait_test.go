package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What becomes ready late is noticed within the 100 ms that a warm start may lose. On a busy machine one
// of three attempts must show it.
func TestWaitNoticesAtOnce(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/"} {
		late := time.Hour
		for try := 0; try < 3 && late > 100*time.Millisecond; try++ {
			late = min(late, lateness(t, path))
		}
		if late > 100*time.Millisecond {
			t.Errorf("with path %q it was noticed after %v", path, late)
		}
	}
}

// lateness is how long after a server listens Wait returns.
func lateness(t *testing.T, path string) time.Duration {
	t.Helper()
	address, ready := free(t), make(chan time.Time, 1)
	time.AfterFunc(600*time.Millisecond, func() {
		defer close(ready)
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { l.Close() })
		go func() { _ = http.Serve(l, http.NotFoundHandler()) }()
		ready <- time.Now()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := Wait(ctx, Target{Address: address, Path: path, Status: status(path)}, 0); err != nil {
		t.Fatal(err)
	}
	return time.Since(<-ready)
}

func status(path string) int {
	if path == "" {
		return 0
	}
	return http.StatusNotFound
}

func TestWaitTellsTheLastReason(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 2 {
			<-r.Context().Done() // hangs, so that the end comes in the middle of an attempt
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for _, tt := range []struct{ name, address, want string }{
		{"refused", free(t), "connection refused"},
		{"hangs at last", server.Listener.Addr().String(), "status 503, want 200 to 399"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			err := Wait(ctx, Target{Address: tt.address, Path: "/"}, 0)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Wait = %v, want %q", err, tt.want)
			}
		})
	}
}

// A starting server may take a request and forget it: the next attempt must not wait for the first.
func TestWaitAsksAgainWhenARequestIsLost(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	if err := Wait(t.Context(), Target{Address: server.Listener.Addr().String(), Path: "/"}, 0); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestWaitRefusesWhatCannotBeAsked(t *testing.T) {
	if err := Wait(t.Context(), Target{Address: "nowhere"}, 0); err == nil || !strings.Contains(err.Error(), "want HOST:PORT") {
		t.Errorf("Wait = %v", err)
	}
}
