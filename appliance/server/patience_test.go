package server

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/event"
)

// pipes is a listener within the memory of a test, whose clock is a fake one.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// bubble runs a test against a server on the fake clock.
func bubble(t *testing.T, test func(t *testing.T, s *scene, c *client)) {
	dir := newScene(t).dir
	synctest.Test(t, func(t *testing.T) {
		s := &scene{events: event.NewLog(4), releases: &fakeReleases{}, dir: dir}
		s.Handler = New(Options{Releases: s.releases, Events: s.events, Token: testToken,
			Repositories: func(blueprint.Name) (Repository, error) { return fakeRepo{dir: dir}, nil }})
		server, l := s.HTTPServer(), make(pipes)
		go server.Serve(l)
		here, there := net.Pipe()
		l <- there
		defer func() {
			here.Close()
			close(l)
			s.Shutdown(t.Context())
			server.Shutdown(t.Context())
		}()
		test(t, s, &client{t, here, bufio.NewReader(here)})
	})
}

const upload5 = "PUT /api/v1/releases/demo/0.0.3 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: 5\r\n\r\n"

func TestUploadMayTakeLongAsLongAsItMoves(t *testing.T) {
	bubble(t, func(t *testing.T, s *scene, c *client) {
		begun := time.Now()
		c.send(upload5)
		for range 5 {
			time.Sleep(stallTimeout - time.Second)
			c.send("x")
		}
		if r, _ := c.receive("PUT"); r.StatusCode != 201 || string(s.releases.imported) != "xxxxx" {
			t.Errorf("a slow upload = %d after %v", r.StatusCode, time.Since(begun))
		}
		time.Sleep(idleTimeout - time.Second) // no deadline of the upload is left
		c.send(get("/healthz"))
		if _, body := c.receive("GET"); body != "ok\n" {
			t.Errorf("GET /healthz = %q", body)
		}
	})
}

func TestStalledUploadIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, s *scene, c *client) {
		begun := time.Now()
		c.send(upload5 + "xx")
		r, body := c.receive("PUT")
		if took := time.Since(begun); r.StatusCode != 408 || !strings.Contains(body, "urn:appliance:timeout") || took > stallTimeout+5*time.Second {
			t.Errorf("a stalled upload = %d %s after %v, want 408", r.StatusCode, body, took)
		}
		if _, err := c.ReadByte(); err != io.EOF {
			t.Errorf("the connection gives %v, want EOF", err)
		}
	})
}

// TestBodyNobodyReadsIsNotWaitedFor sends a body to where none belongs.
func TestBodyNobodyReadsIsNotWaitedFor(t *testing.T) {
	for _, raw := range []string{
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
		"PUT /api/v1/releases/demo/0.0.3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		strings.Replace(upload5, "0.0.3", "0.0.3?bad=1", 1),
	} {
		bubble(t, func(t *testing.T, s *scene, c *client) {
			begun := time.Now()
			c.send(raw)
			if _, err := http.ReadResponse(c.Reader, nil); err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, c)
			if took := time.Since(begun); took > 2*stallTimeout {
				t.Errorf("%q is held for %v", raw, took)
			}
		})
	}
}

func TestImportMayGoOnLongAfterTheBody(t *testing.T) {
	bubble(t, func(t *testing.T, s *scene, c *client) {
		s.releases.slow = 10 * stallTimeout
		c.send(upload5 + "xxxxx")
		if r, body := c.receive("PUT"); r.StatusCode != 201 {
			t.Errorf("PUT = %d %s", r.StatusCode, body)
		}
		c.send("POST /api/v1/releases/demo/0.0.2/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: 2\r\n\r\n{}")
		if r, body := c.receive("POST"); r.StatusCode != 200 {
			t.Errorf("POST = %d %s", r.StatusCode, body)
		}
	})
}

func TestDeadConnectionsOfALaneEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		then  string
		limit time.Duration
	}{
		"idle":             {"", idleTimeout},
		"half a header":    {"GET /demo", headerTimeout},
		"idle in net/http": {get("/healthz"), idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scene, c *client) {
				for i := range 3 {
					time.Sleep(time.Duration(i) * 40 * time.Second)
					c.send(get("/demo/repo/" + smallObject))
					if _, body := c.receive("GET"); body != "small content" {
						t.Fatalf("GET = %q", body)
					}
				}
				c.send(tt.then)
				begun := time.Now()
				io.Copy(io.Discard, c)
				if took := time.Since(begun); took > tt.limit || took < tt.limit-6*time.Second {
					t.Errorf("the connection is held for %v, want about %v", took, tt.limit)
				}
			})
		})
	}
}
