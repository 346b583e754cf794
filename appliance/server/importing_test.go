package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

func gzipped(s string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	io.WriteString(w, s)
	w.Close()
	return out.String()
}

func TestImportHandsTheArchiveOn(t *testing.T) {
	big := strings.Repeat("a tar of more than the first look takes ", 10_000)
	for _, tt := range []struct {
		name, encoding, body string
		want                 string // what the importer reads; it knows gzip and zstd
	}{
		{"plain", "", "a tar", "a tar"},
		{"identity", "identity", "a tar", "a tar"},
		{"a compressed file", "", gzipped("a tar"), gzipped("a tar")},
		{"compressed on the way", "gzip", gzipped("a tar"), gzipped("a tar")},
		{"compressed on the way, large", "GZIP", gzipped(big), gzipped(big)},
		{"compressed twice", "gzip", gzipped(gzipped(big)), gzipped(big)},
		{"zstd within gzip", "x-gzip", gzipped("\x28\xb5\x2f\xfd..."), "\x28\xb5\x2f\xfd..."},
		{"zstd", "zstd", "\x28\xb5\x2f\xfd...", "\x28\xb5\x2f\xfd..."},
		{"nothing", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			w := s.do("PUT", "/api/v1/releases/demo/0.0.3", tt.body, append(withToken, "Content-Encoding", tt.encoding)...)
			if w.Code != 201 || string(s.releases.imported) != tt.want {
				t.Errorf("PUT = %d, the importer reads %d bytes, want %d", w.Code, len(s.releases.imported), len(tt.want))
			}
		})
	}
}

func TestOptionsReachTheRoomBelow(t *testing.T) {
	for _, tt := range []struct {
		method, url, body string
		headers           []string
		call              string
		want              any
	}{
		{"PUT", "0.0.3?ref=a/b&stamp=1", "x", nil, "import demo@0.0.3", release.ImportOptions{Ref: "a/b", Stamp: true}},
		{"PUT", "0.0.3", `{"from":"file:///srv/repo","ref":"a/b"}`, []string{"Content-Type", "application/json; charset=utf-8"}, "pull demo@0.0.3 file:///srv/repo", release.ImportOptions{Ref: "a/b"}},
		{"POST", "0.0.2/publish", `{"force":true,"stamp":true,"ref":"c"}`, nil, "publish demo@0.0.2", release.PublishOptions{Force: true, Stamp: true, Ref: "c"}},
		{"POST", "0.0.2/publish", "", []string{"If-Match", string(sumC)}, "publish demo@0.0.2", release.PublishOptions{IfMatch: sumC}},
		{"POST", "0.0.2/publish", "", []string{"If-Match", `"` + string(sumC) + `"`}, "publish demo@0.0.2", release.PublishOptions{IfMatch: sumC}},
		{"POST", "0.0.2/publish", "", []string{"If-Match", "*"}, "publish demo@0.0.2", release.PublishOptions{IfMatch: sumA}},
		{"POST", "0.0.2/publish", "", []string{"If-None-Match", "*"}, "publish demo@0.0.2", release.PublishOptions{IfMatch: ostree.NoCommit}},
		{"POST", "prune", `{"keep":3,"older_than":"30d","dry_run":true}`, nil, "prune demo", release.PruneOptions{Keep: 3, OlderThan: 720 * time.Hour, DryRun: true}},
		{"POST", "0.0.2/sign", `{"key":"ABCD","home":"/srv/gpg"}`, nil, "sign demo@0.0.2 ABCD /srv/gpg", nil},
		{"POST", "0.0.2/delta", "", nil, "delta demo@ demo@0.0.2", nil},
		{"DELETE", "0.0.2/delta?from=0.0.1", "", nil, "withdraw demo@0.0.1 demo@0.0.2", nil},
		{"DELETE", "0.0.2/pin", "", nil, "pin demo@0.0.2 false", nil},
	} {
		s := newScene(t)
		w := s.do(tt.method, "/api/v1/releases/demo/"+tt.url, tt.body, append(tt.headers, withToken...)...)
		calls := s.releases.calls
		if w.Code >= 300 || len(calls) == 0 || calls[len(calls)-1] != tt.call || s.releases.options != tt.want {
			t.Errorf("%s %s %s = %d %s: calls %q with %+v, want %q with %+v", tt.method, tt.url, tt.body, w.Code, w.Body, calls, s.releases.options, tt.call, tt.want)
		}
	}
}

func TestUploadsAreLimited(t *testing.T) {
	s := newScene(t, func(o *Options) { o.MaxUpload = 10 })
	for _, length := range []int64{11, -1} { // announced, and found out
		r, err := http.NewRequest("PUT", "http://"+s.listen(t)+"/api/v1/releases/demo/0.0.3", strings.NewReader(strings.Repeat("x", 11)))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set(withToken[0], withToken[1])
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 413 {
			t.Errorf("11 bytes = %d, want 413", answer.StatusCode)
		}
	}
}

// TestUploadIsNotReadForAWrongToken is what "Expect: 100-continue" is for.
func TestUploadIsNotReadForAWrongToken(t *testing.T) {
	s := newScene(t)
	address := s.listen(t)
	for _, token := range []string{"", "Authorization: Bearer wrong\r\n"} {
		c := dial(t, address)
		c.send("PUT /api/v1/releases/demo/0.0.3 HTTP/1.1\r\nHost: x\r\n" + token + "Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n")
		r, err := http.ReadResponse(c.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 401 || r.Header.Get("Connection") != "close" && !r.Close {
			t.Errorf("PUT with %q = %d, close %t; want 401 and no 100 before it", token, r.StatusCode, r.Close)
		}
	}
	if len(s.releases.calls) > 0 {
		t.Errorf("calls %q", s.releases.calls)
	}
	c := dial(t, address)
	c.send("PUT /api/v1/releases/demo/0.0.3 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testToken + "\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if line, _ := c.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Errorf("with the token: %q, want 100", line)
	}
	c.ReadString('\n')
	c.send("a tar")
	if r, _ := c.receive("PUT"); r.StatusCode != 201 {
		t.Errorf("PUT = %d, want 201", r.StatusCode)
	}
}

func TestBrokenUploadIsRefused(t *testing.T) {
	s := newScene(t)
	for want, err := range map[int]error{422: object.ErrCorrupt, 408: os.ErrDeadlineExceeded, 507: errors.Join(ostree.ErrArchive, syscall.ENOSPC)} {
		s.releases.err = err
		if w := s.do("PUT", "/api/v1/releases/demo/0.0.3", "x", withToken...); w.Code != want {
			t.Errorf("an import that ends with %v = %d, want %d", err, w.Code, want)
		}
	}
	if _, err := decoded(iotest.ErrReader(errors.New("line cut")), "gzip"); err == nil {
		t.Error("a body that cannot be read is decoded")
	}
}
