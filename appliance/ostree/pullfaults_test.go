package ostree

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edge/appliance/object"
)

func TestPullFaults(t *testing.T) {
	src := newRepo(t, Options{})
	c := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	file := fileObject(t, src, c, "usr/bin/git").Path()
	always := 1 << 30
	for _, test := range []struct {
		name   string
		path   string // of the request that meets the fault
		times  int    // it is met
		answer http.HandlerFunc
		want   error // of several kinds; nil is any
		ok     bool
	}{
		{"404 commit", ".commit", always, status(404), ErrUnknown, false},
		{"404 tree", ".dirtree", always, status(404), ErrIncomplete, false},
		{"404 file", file, always, status(404), ErrIncomplete, false},
		{"404 config", "/config", always, status(404), ErrUnsupported, false},
		{"410 file", file, always, status(410), ErrIncomplete, false},
		{"401", "/config", always, status(401), nil, false},
		{"503 twice", file, 2, status(503), nil, true},
		{"503 for ever", file, always, status(503), nil, false},
		{"429 once", "/config", 1, status(429), nil, true},
		{"connection cut once", ".dirtree", 1, cut, nil, true},
		{"connection cut for ever", ".dirtree", always, cut, nil, false},
		{"truncated once", file, 1, truncated(src.dir), nil, true},
		{"truncated for ever", file, always, truncated(src.dir), nil, false},
		{"stalled once", file, 1, stalled, nil, true},
		{"stalled for ever", file, always, stalled, nil, false},
		{"short with its length", file, always, send([]byte{1, 2, 3}), object.ErrMalformed, false},
		{"corrupt file", file, always, sendFile(src, "usr/lib/group", c), object.ErrCorrupt, false},
		{"corrupt tree", ".dirtree", always, send([]byte("?")), object.ErrCorrupt, false},
		{"page instead of a ref", "/refs/heads/", always, send([]byte("<html>welcome")), object.ErrBadName, false},
		{"page instead of a summary", "/summary", always, send([]byte("<html>welcome")), object.ErrMalformed, false},
		{"page instead of a config", "/config", always, send([]byte("<html>welcome")), ErrUnsupported, false},
		{"bare mode", "/config", always, send([]byte("[core]\nrepo_version=1\nmode=bare-user\n")), ErrUnsupported, false},
		{"huge Content-Length", ".dirtree", always, huge, object.ErrTooLarge, false},
		{"endless body", ".commit", always, endless, object.ErrTooLarge, false},
		{"redirect loop", file, always, redirect(func(r *http.Request) string { return r.URL.Path }), errRedirect, false},
		{"redirect to a file", file, always, redirect(func(*http.Request) string { return "file:///etc/passwd" }), errRedirect, false},
		{"redirect to elsewhere", file, 1, redirect(func(r *http.Request) string { return r.URL.Path + "?again" }), nil, true},
		{"malformed signatures", ".commitmeta", always, send([]byte("?")), object.ErrMalformed, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var met atomic.Int32
			base := serveDir(t, src.dir, func(w http.ResponseWriter, req *http.Request) bool {
				if !strings.Contains(req.URL.Path, test.path) || int(met.Add(1)) > test.times {
					return false
				}
				test.answer(w, req)
				return true
			})
			dst := newRepo(t, Options{})
			o := ImportOptions{Hold: "release/0.0.1"}
			if strings.HasPrefix(test.path, "/refs") {
				o.Ref = "a/b"
			}
			stall := time.Duration(0)
			if strings.HasPrefix(test.name, "stalled") {
				stall = 500 * time.Millisecond
			}
			_, err := pullFast(t, dst, base, stall, o)
			if met.Load() == 0 {
				t.Error("the fault was not met")
			}
			if test.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v; want %v", err, test.want)
			}
			checkUntouched(t, dst)
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func send(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

func sendFile(r *Repo, path string, c object.Checksum) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		sum, _ := r.findFile(c, path)
		data, _ := os.ReadFile(r.path(object.Name{Checksum: sum, Kind: object.KindFile}))
		_, _ = w.Write(data)
	}
}

func redirect(to func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Location", to(req))
		w.WriteHeader(http.StatusFound)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func truncated(dir string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		data, _ := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(req.URL.Path, "/demo/repo")))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)-5])
	}
}

func stalled(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte{0})
	w.(http.Flusher).Flush()
	<-req.Context().Done()
}

func huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(int64(object.MaxMetadata)+1))
	w.WriteHeader(http.StatusOK)
}

func endless(w http.ResponseWriter, req *http.Request) {
	block := make([]byte, 1<<20)
	for req.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}
