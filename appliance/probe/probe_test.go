package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pages answers in all the ways that matter.
func pages(elsewhere string) http.Handler {
	mux := http.NewServeMux()
	say := func(path string, status int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	say("/ok", 200, "all is well")
	say("/empty", 204, "")
	say("/broken", 503, "no")
	say("/long", 200, strings.Repeat("x", maxBody)+"needle")
	mux.Handle("/here", http.RedirectHandler("/broken", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(elsewhere, http.StatusMovedPermanently))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/query", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.RawQuery)) })
	return mux
}

func TestOnceHTTP(t *testing.T) {
	var visits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(pages(other.URL))
	defer server.Close()
	t.Setenv("http_proxy", other.URL)
	t.Setenv("HTTP_PROXY", other.URL)
	address := server.Listener.Addr().String()
	for _, tt := range []struct {
		name string
		Target
		want string // in the error; "" means success
	}{
		{"fine", Target{Path: "/ok"}, ""},
		{"any status below 400", Target{Path: "/empty"}, ""},
		{"exact status", Target{Path: "/empty", Status: 204}, ""},
		{"other status", Target{Path: "/ok", Status: 204}, "status 200, want 204"},
		{"broken", Target{Path: "/broken"}, "status 503, want 200 to 399"},
		{"broken is wanted", Target{Path: "/broken", Status: 503}, ""},
		{"missing", Target{Path: "/none"}, "status 404"},
		{"body", Target{Path: "/ok", Body: regexp.MustCompile("^all .* well$")}, ""},
		{"other body", Target{Path: "/ok", Body: regexp.MustCompile("^well")}, `the body does not match "^well"`},
		{"beyond the limit", Target{Path: "/long", Body: regexp.MustCompile("needle")}, "does not match"},
		{"query", Target{Path: "/query?a=1&b=2", Body: regexp.MustCompile("^a=1&b=2$")}, ""},
		{"redirection on this host is followed", Target{Path: "/here"}, "status 503"},
		{"redirection is wanted", Target{Path: "/here", Status: 302}, ""},
		{"redirection to another host is an answer", Target{Path: "/away"}, ""},
		{"redirections without end", Target{Path: "/loop"}, "more than 5 redirections"},
		{"cut off", Target{Path: "/cut"}, "closed without an answer"},
		{"no TLS there", Target{Path: "/ok", TLS: true}, "HTTP response to HTTPS client"},
		{"bad path", Target{Path: "ok"}, "begins with a slash"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.Address = address
			err := Once(t.Context(), tt.Target)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Once(%s) = %v, want %q", tt.Target, err, tt.want)
			}
			if err != nil && strings.ContainsRune(err.Error(), '\n') {
				t.Errorf("the error has several lines: %q", err)
			}
		})
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// silent accepts connections and does with them what it is told.
func silent(t *testing.T, with func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go with(conn.(*net.TCPConn))
		}
	}()
	return l.Addr().String()
}

// free is an address on loopback where nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestOnceTCP(t *testing.T) {
	for _, tt := range []struct{ name, address, want string }{
		{"stays open", silent(t, func(*net.TCPConn) {}), ""},
		{"speaks first", silent(t, func(c *net.TCPConn) { _, _ = c.Write([]byte("220 ready\r\n")) }), ""},
		// what the port forwarder of rootless podman does when nobody listens in the container
		{"accepts and closes", silent(t, func(c *net.TCPConn) { c.Close() }), "closed without an answer"},
		{"closes a little later", silent(t, func(c *net.TCPConn) { time.Sleep(linger / 4); c.Close() }), "closed without an answer"},
		{"resets", silent(t, func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() }), "closed without an answer"},
		{"nobody", free(t), "connection refused"},
		{"no port", "127.0.0.1", "want HOST:PORT"},
		{"port zero", "127.0.0.1:0", "want HOST:PORT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Once(t.Context(), Target{Address: tt.address})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Once = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOnceKeepsToItsContext(t *testing.T) {
	hangs := silent(t, func(*net.TCPConn) {})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	begin := time.Now()
	err := Once(ctx, Target{Address: hangs, Path: "/"})
	if err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("Once = %v", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("Once took %v", took)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	for _, path := range []string{"", "/"} {
		if err := Once(gone, Target{Address: hangs, Path: path}); !errors.Is(err, context.Canceled) {
			t.Errorf("Once with a cancelled context and path %q = %v", path, err)
		}
	}
}
