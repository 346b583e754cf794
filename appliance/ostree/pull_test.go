package ostree

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serveDir serves a repository as any web server does. Where answer reports true it has answered
// the request itself.
func serveDir(t testing.TB, dir string, answer func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	files := http.StripPrefix("/demo/repo", http.FileServer(http.Dir(dir)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if answer == nil || !answer(w, req) {
			files.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/demo/repo/"
}

// pullFast is Pull without pauses, and with little patience if stall is set.
func pullFast(t *testing.T, r *Repo, base string, stall time.Duration, o ImportOptions) (Imported, error) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	src := newHTTPSource(u)
	src.pause = time.Millisecond
	if stall > 0 {
		src.stall = stall
	}
	defer src.client.CloseIdleConnections()
	return r.pull(t.Context(), src, o)
}

func TestPull(t *testing.T) {
	src, dst := newRepo(t, Options{Signer: newSigner(t)}), newRepo(t, Options{})
	one := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	var busy, most atomic.Int32
	base := serveDir(t, src.dir, func(http.ResponseWriter, *http.Request) bool {
		n := busy.Add(1)
		defer busy.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		return false
	})
	var reports []Progress
	got, err := dst.Pull(t.Context(), base, ImportOptions{Hold: "release/0.0.1", Report: func(p Progress) { reports = append(reports, p) }})
	if err != nil || got.Commit != one || got.Ref != "a/b" || got.New != got.Objects {
		t.Fatalf("pulled %+v, %v", got, err)
	}
	checkReports(t, reports, "fetching")
	if v, err := dst.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if counts, err := dst.Signatures(one); err != nil || counts["ed25519"] != 1 {
		t.Errorf("the signature did not come along: %v, %v", counts, err)
	}
	if most.Load() < 2 || most.Load() > inFlight {
		t.Errorf("%d requests at once", most.Load())
	}
	two := writeTree(t, src, smallTree(map[string]string{"usr/bin/git": "new"}), "0.0.2", one, "a/b", "a/c")
	if got, err = dst.Pull(t.Context(), strings.TrimSuffix(base, "/"), ImportOptions{Ref: "a/c", Commit: two}); err != nil || got.New != 5 {
		t.Errorf("pulled %+v, %v; want 5 new objects", got, err)
	}
	if _, err = dst.Pull(t.Context(), base, ImportOptions{}); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "a/b, a/c") {
		t.Errorf("no choice among two refs: %v", err)
	}
}

// Many repositories have no summary, and some no refs that one may read.
func TestPullRefs(t *testing.T) {
	src := newRepo(t, Options{})
	c := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	for _, test := range []struct {
		name, hidden string
		o            ImportOptions
		want         error
	}{
		{"no summary", "/summary", ImportOptions{Ref: "a/b"}, nil},
		{"no summary, no ref wanted", "/summary", ImportOptions{}, ErrMismatch},
		{"no summary, commit wanted", "/summary", ImportOptions{Commit: c}, nil},
		{"no ref files", "/refs/", ImportOptions{Ref: "a/b"}, nil},
		{"neither", "r", ImportOptions{Ref: "a/b"}, ErrMismatch},
		{"unknown ref", "?", ImportOptions{Ref: "a/z"}, ErrMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			base := serveDir(t, src.dir, func(w http.ResponseWriter, req *http.Request) bool {
				path := strings.TrimPrefix(req.URL.Path, "/demo/repo")
				hide := strings.HasPrefix(path, test.hidden) || test.hidden == "r" && !strings.HasPrefix(path, "/objects") && path != "/config"
				if hide {
					w.WriteHeader(http.StatusForbidden) // as object stores say
				}
				return hide
			})
			got, err := pullFast(t, newRepo(t, Options{}), base, 0, test.o)
			if !errors.Is(err, test.want) || err == nil && got.Commit != c {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestPullURL(t *testing.T) {
	r := newRepo(t, Options{})
	for _, base := range []string{"", "repo", "ftp://host/repo", "file:///srv/repo", "http://", "http://user:secret@host:port/", "/srv/repo", "ftp://user:secret@host/"} {
		_, err := r.Pull(t.Context(), base, ImportOptions{})
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("%q: %v; want ErrUnsupported", base, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is told: %v", err)
		}
	}
}

func TestPullRedirectDowngrade(t *testing.T) {
	secure, plain := &http.Request{URL: &url.URL{Scheme: "https"}}, &http.Request{URL: &url.URL{Scheme: "http"}}
	if err := checkRedirect(plain, []*http.Request{secure}); !errors.Is(err, errRedirect) {
		t.Errorf("from https to http: %v", err)
	}
	if err := checkRedirect(secure, []*http.Request{plain}); err != nil {
		t.Errorf("from http to https: %v", err)
	}
}

// A pull that is given up leaves nothing behind and ends at once.
func TestPullEnds(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	base := serveDir(t, src.dir, func(_ http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, ".filez") {
			return false
		}
		once.Do(cancel)
		<-req.Context().Done()
		return true
	})
	start := time.Now()
	if _, err := dst.Pull(ctx, base, ImportOptions{Hold: "release/0.0.1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want it cancelled", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	checkUntouched(t, dst)
}

// The lock is not held by anyone after a failure.
func TestPullGivesLockBack(t *testing.T) {
	src, dst := newRepo(t, Options{}), newRepo(t, Options{})
	c := writeTree(t, src, smallTree(nil), "0.0.1", "", "a/b")
	os.Remove(src.path(fileObject(t, src, c, "usr/bin/git")))
	if _, err := pullFast(t, dst, serveDir(t, src.dir, nil), 0, ImportOptions{}); !errors.Is(err, ErrIncomplete) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	unlock, err := dst.lock(ctx, exclusive)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if left, _ := filepath.Glob(filepath.Join(dst.dir, "tmp", "*-import-*")); len(left) > 0 {
		t.Errorf("left in tmp: %v", left)
	}
}
