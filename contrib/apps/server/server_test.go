package main

import (
	"bufio"
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

// start serves a small site and returns its address and a function that ends it as SIGTERM does.
func start(t *testing.T) (address string, stop func()) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index.html": "<p>page</p>", "index.txt": "page\n", "style.css": "p {}", "game.js": "1", "icon.svg": "<svg/>",
		"sub/a b.txt": "blank\n", "only/index.html": "<p>only</p>", "data": "\x00",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := &server{site: pages, conns: map[net.Conn]bool{}}, make(chan struct{})
	go func() {
		defer close(ended)
		s.serve(l)
		s.shutdown(time.Second)
	}()
	stop = func() {
		_ = l.Close()
		<-ended
	}
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequests(t *testing.T) {
	const host = "Host: x\r\n"
	address, _ := start(t)
	for _, c := range []struct {
		name, request, status string
		want, not             string // in the head or the content, headers lower case
		ends                  bool   // the connection ends with the answer
	}{
		{name: "page", request: "GET / HTTP/1.1\r\n" + host + "Accept: text/html,*/*;q=0.8\r\n\r\n", status: "200 OK", want: "<p>page</p>"},
		{name: "page's type", request: "GET /index.html HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-type: text/html; charset=utf-8"},
		{name: "curl", request: "GET / HTTP/1.1\r\n" + host + "Accept: */*\r\n\r\n", status: "200 OK", want: "\r\n\r\npage\n", not: "<p>"},
		{name: "curl varies", request: "GET / HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "vary: accept\r\n"},
		{name: "page only", request: "GET /only/ HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "<p>only</p>", not: "vary"},
		{name: "css", request: "GET /style.css HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-type: text/css; charset=utf-8\r\n"},
		{name: "js", request: "GET /game.js HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-type: text/javascript; charset=utf-8\r\n"},
		{name: "svg", request: "GET /icon.svg HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-type: image/svg+xml\r\n"},
		{name: "unknown type", request: "GET /data HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-type: application/octet-stream\r\n"},
		{name: "escapes", request: "GET /sub/a%20b.txt?x=1 HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "blank\n"},
		{name: "absolute target", request: "GET http://x/style.css HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "p {}"},
		{name: "head", request: "HEAD / HTTP/1.1\r\n" + host + "\r\n", status: "200 OK", want: "content-length: 5\r\n", not: "\r\n\r\npage"},
		{name: "lines without CR", request: "GET /data HTTP/1.1\nHost: x\n\n", status: "200 OK"},
		{name: "empty line before", request: "\r\nGET /data HTTP/1.1\r\n" + host + "\r\n", status: "200 OK"},
		{name: "close", request: "GET / HTTP/1.1\r\n" + host + "Connection: x, Close\r\n\r\n", status: "200 OK", want: "connection: close\r\n", ends: true},
		{name: "HTTP/1.0", request: "GET / HTTP/1.0\r\n\r\n", status: "200 OK", ends: true},
		{name: "not there", request: "GET /nothing HTTP/1.1\r\n" + host + "\r\n", status: "404 Not Found", want: "content-length: 14\r\n"},
		{name: "folder without slash", request: "GET /sub HTTP/1.1\r\n" + host + "\r\n", status: "404 Not Found"},
		{name: "dots", request: "GET /../../etc/passwd HTTP/1.1\r\n" + host + "\r\n", status: "404 Not Found"},
		{name: "escaped dots", request: "GET /%2e%2e/%2E%2E/etc/passwd HTTP/1.1\r\n" + host + "\r\n", status: "404 Not Found"},
		{name: "post", request: "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", status: "405 Method Not Allowed", want: "allow: get, head\r\n", ends: true},
		{name: "get with content", request: "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: "400 Bad Request", ends: true},
		{name: "no host", request: "GET / HTTP/1.1\r\n\r\n", status: "400 Bad Request", ends: true},
		{name: "two hosts", request: "GET / HTTP/1.1\r\n" + host + host + "\r\n", status: "400 Bad Request", ends: true},
		{name: "folded field", request: "GET / HTTP/1.1\r\n" + host + " more\r\n\r\n", status: "400 Bad Request", ends: true},
		{name: "blank before colon", request: "GET / HTTP/1.1\r\nHost : x\r\n\r\n", status: "400 Bad Request", ends: true},
		{name: "bad escape", request: "GET /%2 HTTP/1.1\r\n" + host + "\r\n", status: "400 Bad Request", ends: true},
		{name: "NUL", request: "GET /\x00 HTTP/1.1\r\n" + host + "\r\n", status: "400 Bad Request", ends: true},
		{name: "asterisk", request: "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", status: "400 Bad Request", ends: true},
		{name: "HTTP/0.9", request: "GET /\r\n\r\n", status: "400 Bad Request", ends: true},
		{name: "HTTP/2", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: "505 HTTP Version Not Supported", ends: true},
		{name: "TLS", request: "\x16\x03\x01\x00\x05hello\n", status: "400 Bad Request", ends: true},
		{name: "long line", request: "GET /" + strings.Repeat("a", largestHead) + " HTTP/1.1\r\n" + host + "\r\n", status: "431 Request Header Fields Too Large", ends: true},
		{name: "long head", request: "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: "+strings.Repeat("a", 500)+"\r\n", 20) + "\r\n", status: "431 Request Header Fields Too Large", ends: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, ended := exchange(t, address, c.request)
			head, content, _ := strings.Cut(answer, "\r\n\r\n")
			first, _, _ := strings.Cut(head, "\r\n")
			all := strings.ToLower(head) + "\r\n\r\n" + content
			if first != "HTTP/1.1 "+c.status {
				t.Errorf("answered %q, want status %q", first, c.status)
			}
			if !strings.Contains(all, c.want) || c.not != "" && strings.Contains(all, c.not) {
				t.Errorf("answered %q, want %q and not %q", all, c.want, c.not)
			}
			if ended != c.ends {
				t.Errorf("the connection ended: %v, want %v", ended, c.ends)
			}
		})
	}
}

// exchange sends one request and then another that closes, to see whether the connection lived on.
func exchange(t *testing.T, address, request string) (answer string, ended bool) {
	t.Helper()
	const second = "HEAD /data HTTP/1.1\r\nHost: second\r\nConnection: close\r\n\r\n"
	c := dial(t, address)
	if _, err := io.WriteString(c, request+second); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("reading the answer: %v, after %q", err, all)
	}
	if at := strings.LastIndex(string(all), "HTTP/1.1 "); at > 0 {
		return string(all[:at]), false
	}
	return string(all), true
}

// The standard client agrees: connections live on, entity tags are honoured.
func TestClient(t *testing.T) {
	address, _ := start(t)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: 10 * time.Second}
	for n := range 50 {
		answer, err := client.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || string(content) != "page\n" {
			t.Fatalf("request %d: %s, %q, %v", n, answer.Status, content, err)
		}
		_ = answer.Body.Close()
		again, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		again.Header.Set("If-None-Match", `"other", W/`+answer.Header.Get("ETag"))
		answer, err = client.Do(again)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusNotModified {
			t.Fatalf("a known entity tag got %s", answer.Status)
		}
		_ = answer.Body.Close()
	}
}

func TestStop(t *testing.T) {
	address, stop := start(t)
	idle, begun := dial(t, address), dial(t, address)
	if _, err := io.WriteString(idle, "GET /data HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(idle)
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(begun, "GET /data HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // begun is read from
	stopped := make(chan time.Duration)
	go func() {
		began := time.Now()
		stop()
		stopped <- time.Since(began)
	}()
	if _, err := answers.ReadByte(); err != io.EOF {
		t.Errorf("an idle connection ended with %v, want EOF", err)
	}
	if _, err := io.WriteString(begun, "Host: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err = http.ReadResponse(bufio.NewReader(begun), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("a request under way got %v, %v", answer, err)
	}
	if d := <-stopped; d > 900*time.Millisecond {
		t.Errorf("stopping took %v", d)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Error("the stopped server still takes connections")
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args, port string
		want       options
		fault      string
	}{
		{want: options{listen: ":8080", site: "/site"}},
		{port: "8081", want: options{listen: ":8081", site: "/site"}},
		{args: "-listen 127.0.0.1:1 --site=here", port: "8081", want: options{listen: "127.0.0.1:1", site: "here"}},
		{args: "mute", want: options{listen: ":8080", site: "/site", mute: true}},
		{args: "-listen", fault: "-listen is no flag with a value"},
		{args: "-verbose=1", fault: "-verbose is unknown"},
		{args: "mute now", fault: "mute is unknown"},
	} {
		got, err := parse(strings.Fields(c.args), c.port)
		if c.fault != "" {
			if err == nil || err.Error() != c.fault {
				t.Errorf("parse(%q) = %v, want %q", c.args, err, c.fault)
			}
		} else if err != nil || got != c.want {
			t.Errorf("parse(%q, %q) = %+v, %v, want %+v", c.args, c.port, got, err, c.want)
		}
	}
}

func TestListen(t *testing.T) {
	for _, address := range []string{":0", "127.0.0.1:0"} {
		l, err := listen(address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		_ = l.Close()
	}
	for _, address := range []string{"", ":", ":http", ":65536", "localhost:80", "127.0.0.1"} {
		if l, err := listen(address); err == nil {
			t.Errorf("%q is listened on at %v", address, l.Addr())
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	empty := t.TempDir()
	for dir, want := range map[string]string{empty: "no files", filepath.Join(empty, "none"): "no such file"} {
		if _, err := load(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", dir)) {
			t.Errorf("load(%q) = %v, want %q and the folder", dir, err, want)
		}
	}
}

// A request head is bytes of strangers: reading it neither panics nor takes more than its limit.
func FuzzRead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	f.Add("HEAD http://x/%41?q HTTP/1.0\nAccept: text/html\nContent-Length: 1\n\n")
	f.Add("\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		source := strings.NewReader(text)
		q, err := read(bufio.NewReaderSize(source, largestHead))
		if err == nil && (!strings.HasPrefix(q.path, "/") || q.method == "" || strings.Contains(q.method, " ")) {
			t.Errorf("read %+v", q)
		}
		if taken := len(text) - source.Len(); taken > 3*largestHead {
			t.Errorf("%d bytes were taken", taken)
		}
	})
}
