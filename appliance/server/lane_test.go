package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// client speaks HTTP on one connection.
type client struct {
	t *testing.T
	net.Conn
	*bufio.Reader
}

func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) Read(b []byte) (int, error) { return c.Reader.Read(b) }

func (c *client) send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, raw); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) receive(method string) (*http.Response, string) {
	c.t.Helper()
	r, err := http.ReadResponse(c.Reader, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("reading the response: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("reading the body: %v", err)
	}
	return r, string(body)
}

func get(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: builder\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// TestConnectionGoesBackAndForth has every kind of request on one
// connection: a lane takes it, and gives it back, without the client noticing.
func TestConnectionGoesBackAndForth(t *testing.T) {
	s := newScene(t)
	c := dial(t, s.listen(t))
	object := "/demo/repo/" + smallObject
	for i, tt := range []struct {
		raw, method string
		status      int
		want        string
	}{
		{get(object), "GET", 200, "small content"},
		{get(object), "GET", 200, "small content"},
		{get("/demo/repo/"+largeObject, "User-Agent: ostree", "accept: */*"), "GET", 200, s.content[largeObject]},
		{get("/demo/repo/" + exactObject), "GET", 200, s.content[exactObject]},
		{get("/demo/repo/" + emptyObject), "GET", 200, ""},
		{get(object, "Range: bytes=6-"), "GET", 206, "content"},
		{get(object), "GET", 200, "small content"},
		{get(object, "If-None-Match: \"small.filez\""), "GET", 304, ""},
		{get(object, "X-Unknown: 1"), "GET", 200, "small content"},
		{get(object + "?x=1"), "GET", 200, "small content"},
		{get(object), "GET", 200, "small content"},
		{get("/demo/repo/objects/ab/none.filez"), "GET", 404, "not-found"},
		{get(object), "GET", 200, "small content"},
		{"HEAD " + object + " HTTP/1.1\r\nHost: builder\r\n\r\n", "HEAD", 200, ""},
		{get("/demo/repo/summary"), "GET", 200, "a summary"},
		{get(object), "GET", 200, "small content"},
		{"POST /api/v1/releases/demo/0.0.2/publish HTTP/1.1\r\nHost: builder\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: 2\r\n\r\n{}", "POST", 200, `"changed":true`},
		{get(object), "GET", 200, "small content"},
		{"GET " + object + " HTTP/1.1\r\n\r\n", "GET", 400, "Host"},
	} {
		c.send(tt.raw)
		r, body := c.receive(tt.method)
		if r.StatusCode != tt.status || !strings.Contains(body, tt.want) || tt.want == "" && body != "" {
			t.Fatalf("%d: %q = %d with %d bytes, want %d", i, tt.raw, r.StatusCode, len(body), tt.status)
		}
	}
}

func TestLaneSaysWhatNetHTTPSays(t *testing.T) {
	s := newScene(t)
	c := dial(t, s.listen(t))
	for _, path := range []string{smallObject, largeObject, emptyObject, commitObject} {
		c.send(get("/demo/repo/" + path))
		fast, fastBody := c.receive("GET")
		c.send(get("/demo/repo/"+path, "X-Slow: please"))
		slow, slowBody := c.receive("GET")
		fast.Header.Del("Date")
		slow.Header.Del("Date")
		if a, b := fmt.Sprint(fast.Header, fast.ContentLength), fmt.Sprint(slow.Header, slow.ContentLength); a != b || fastBody != slowBody || fastBody != s.content[path] {
			t.Errorf("%s by the lane: %s, and else: %s", path, a, b)
		}
	}
}

func TestPipelinedRequestsAreAllAnswered(t *testing.T) {
	s := newScene(t)
	address := s.listen(t)
	object, summary := get("/demo/repo/"+smallObject), get("/demo/repo/summary")
	for name, raw := range map[string]string{
		"objects":               strings.Repeat(object, 40),
		"objects, then another": strings.Repeat(object, 5) + summary + strings.Repeat(object, 34),
		"alternating":           strings.Repeat(object+summary, 20),
		"more than a buffer":    strings.Repeat(get("/demo/repo/"+smallObject, "User-Agent: "+strings.Repeat("x", 1000)), 40),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, address)
			go c.send(raw)
			for i := range 40 {
				if r, body := c.receive("GET"); r.StatusCode != 200 || body != "small content" && body != "a summary" {
					t.Fatalf("response %d = %d %q", i, r.StatusCode, body)
				}
			}
		})
	}
}

func TestRequestsInPieces(t *testing.T) {
	s := newScene(t)
	c := dial(t, s.listen(t))
	for range 3 {
		for piece := range strings.SplitSeq(strings.ReplaceAll(get("/demo/repo/"+smallObject), "e", "e|"), "|") {
			c.send(piece)
			time.Sleep(time.Millisecond)
		}
		if r, body := c.receive("GET"); r.StatusCode != 200 || body != "small content" {
			t.Fatalf("a request in pieces = %d %q", r.StatusCode, body)
		}
	}
}

func TestHeaderBeyondLimitIsRefused(t *testing.T) {
	c := dial(t, newScene(t).listen(t))
	c.send(get("/demo/repo/" + smallObject))
	c.receive("GET")
	go c.send(get("/demo/repo/"+smallObject, "User-Agent: "+strings.Repeat("x", 200<<10)))
	r, err := http.ReadResponse(c.Reader, nil)
	if err != nil || r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("200 KiB of header = %v, %v, want 431", r, err)
	}
}

func TestHTTP10AndCloseEndTheConnection(t *testing.T) {
	address := newScene(t).listen(t)
	for _, raw := range []string{"GET /demo/repo/" + smallObject + " HTTP/1.0\r\n\r\n", get("/demo/repo/"+smallObject, "Connection: close")} {
		c := dial(t, address)
		c.send(get("/demo/repo/" + smallObject))
		c.receive("GET")
		c.send(raw)
		if _, body := c.receive("GET"); body != "small content" {
			t.Errorf("%q = %q", raw, body)
		}
		if _, err := c.ReadByte(); err != io.EOF {
			t.Errorf("after %q the connection gives %v, want EOF", raw, err)
		}
	}
}

func TestObjectsNeverWaitForShutdown(t *testing.T) {
	s := newScene(t)
	c := dial(t, s.listen(t))
	c.send(get("/demo/repo/" + smallObject))
	c.receive("GET")
	back := dial(t, c.RemoteAddr().String()) // idle in the inner server
	back.send(get("/demo/repo/" + smallObject))
	back.receive("GET")
	back.send(get("/demo/repo/summary"))
	back.receive("GET")
	partial := dial(t, c.RemoteAddr().String())
	partial.send(get("/demo/repo/" + smallObject))
	partial.receive("GET")
	partial.send("GET /demo")
	time.Sleep(20 * time.Millisecond)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("Shutdown took %v", took)
	}
	for _, c := range []*client{c, back, partial} {
		if _, err := c.ReadByte(); err == nil {
			t.Error("a connection is open after Shutdown")
		}
	}
}

func TestShutdownLetsAResponseFinish(t *testing.T) {
	const size = 20 << 20 // more than buffers take
	s := newScene(t)
	if err := os.Truncate(filepath.Join(s.dir, largeObject), size); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.listen(t))
	c.send(get("/demo/repo/" + largeObject))
	time.Sleep(50 * time.Millisecond)
	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	time.Sleep(50 * time.Millisecond)
	if r, body := c.receive("GET"); r.StatusCode != 200 || len(body) != size {
		t.Errorf("a response under way ends after %d bytes", len(body))
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if _, err := c.ReadByte(); err != io.EOF {
		t.Errorf("after Shutdown the connection gives %v, want EOF", err)
	}
}

func TestShutdownCutsOffWhoDoesNotRead(t *testing.T) {
	s := newScene(t)
	c := dial(t, s.listen(t))
	c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	c.send(strings.Repeat(get("/demo/repo/"+largeObject), 40))
	time.Sleep(100 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err != context.DeadlineExceeded {
		t.Errorf("Shutdown = %v, want context.DeadlineExceeded", err)
	}
}

func TestScanRequest(t *testing.T) {
	const ok = "GET /a/repo/objects/b HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, tt := range []struct {
		raw  string
		want verdict
	}{
		{ok, simple},
		{ok + "GET", simple},
		{"", partial},
		{ok[:len(ok)-1], partial},
		{ok[:10], partial},
		{strings.Replace(ok, "Host: x", "HOST:x", 1), simple},
		{strings.Replace(ok, "Host: x", "Host: [::1]:80\r\nUser-Agent: a b\r\nAccept: */*\r\nConnection: Keep-Alive", 1), simple},
		{strings.Replace(ok, "Host: x\r\n", "", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nHost: y", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host:", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x/y", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host : x", 1), foreign},
		{strings.Replace(ok, "Host: x", " Host: x", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\n folded", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nContent-Length: 0", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nTransfer-Encoding: chunked", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nRange: bytes=0-", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nConnection: close", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nAccept: a\x00b", 1), foreign},
		{strings.Replace(ok, "Host: x", "Host: x\r\nAccept: a\rb", 1), foreign},
		{strings.ReplaceAll(ok, "\r\n", "\n"), foreign},
		{strings.Replace(ok, "x\r\n", "x\n", 1), foreign},
		{strings.Replace(ok, "GET", "get", 1), foreign},
		{strings.Replace(ok, "GET", "HEAD", 1), foreign},
		{strings.Replace(ok, "1.1", "1.0", 1), foreign},
		{strings.Replace(ok, "/b", "/%62", 1), foreign},
		{strings.Replace(ok, "/b", "/b?c", 1), foreign},
		{strings.Replace(ok, "/a", "http://x/a", 1), foreign},
		{strings.Replace(ok, " HTTP", "  HTTP", 1), foreign},
		{"\r\n" + ok, foreign},
		{"GET /" + strings.Repeat("a", longestHeader), foreign},
		{"GET /" + strings.Repeat("a", 100), partial},
	} {
		if _, _, got := scanRequest([]byte(tt.raw)); got != tt.want {
			t.Errorf("scanRequest(%q) = %d, want %d", tt.raw, got, tt.want)
		}
	}
}

// FuzzScanRequest holds the lane to net/http: what it takes for a simple
// request must be the same request, of the same length, there.
func FuzzScanRequest(f *testing.F) {
	f.Add([]byte("GET /a/repo/objects/b HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\nGET"))
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nAccept:\t \r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path, n, v := scanRequest(raw)
		if v != simple {
			return
		}
		in := bytes.NewReader(raw)
		buffered := bufio.NewReaderSize(in, 16)
		r, err := http.ReadRequest(buffered)
		if err != nil {
			t.Fatalf("%q is simple, but net/http says: %v", raw, err)
		}
		if took := len(raw) - in.Len() - buffered.Buffered(); took != n {
			t.Errorf("%q has %d bytes, but %d for net/http", raw, n, took)
		}
		if r.URL.Path != string(path) || !isSimple(r) {
			t.Errorf("%q is %+v for net/http", raw, r)
		}
	})
}
