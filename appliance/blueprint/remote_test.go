package blueprint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// host serves a repository as a host of git does.
func host(t *testing.T, r *Repository) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.URL.Path == "/moved/info/refs":
			http.Redirect(w, req, "/x.git/info/refs?"+req.URL.RawQuery, http.StatusFound)
		case req.URL.Path == "/x.git/info/refs":
			r.Advertise(UploadPack, w)
		case req.URL.Path == "/x.git/"+UploadPack:
			body, _ := io.ReadAll(req.Body)
			// This host makes no shallow clones; real ones, that do, are asked by the test with peers.
			(&packp.ShallowUpdate{Shallows: []plumbing.Hash{r.now().tip}}).Encode(w)
			r.Send(strings.NewReader(strings.Replace(string(body), "000ddeepen 1\n", "", 1)), w)
		default:
			http.NotFound(w, req)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRemote(t *testing.T) {
	theirs, ours := newTest(t), newTest(t)
	push(t, theirs, demo, PushOptions{})
	push(t, theirs, "name = 'other'\nversion = '1.0.0'\n", PushOptions{})
	for _, path := range []string{"/x.git", "/moved"} {
		remote, err := NewRemote(ours, RemoteOptions{URL: strings.Replace(host(t, theirs).URL, "//", "//user:S3cret@", 1) + path, Branch: "main"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := remote.Fetch(t.Context())
		if err != nil || s.Commit != Hash(theirs.now().tip.String()) || strings.Contains(s.URL, "S3cret") || path == "/x.git" && len(s.Taken) != 2 {
			t.Errorf("%+v, %v", s, err)
		}
		if s, err = remote.Fetch(t.Context()); err != nil || len(s.Taken)+len(s.Refused) != 0 {
			t.Errorf("looked again: %+v, %v", s, err)
		}
		push(t, theirs, "name = 'other'\n# changed for "+path+"\n", PushOptions{})
		if s, err = remote.Fetch(t.Context()); err != nil || len(s.Taken) != 1 {
			t.Errorf("something new: %+v, %v", s, err)
		}
	}
	if s, err := ours.Show(t.Context(), "other", ""); err != nil || !strings.Contains(s.Text, "/moved") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRemoteIsNotReadable(t *testing.T) {
	ours := newTest(t)
	for path, want := range map[string]string{"/none": "404", "/x.git": "has no refs/heads/absent"} {
		remote, err := NewRemote(ours, RemoteOptions{URL: strings.Replace(host(t, newTest(t)).URL, "//", "//user:S3cret@", 1) + path, Branch: "absent"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := remote.Fetch(t.Context())
		if !errors.Is(err, ErrRemote) || !strings.Contains(s.Error, want) || strings.Contains(err.Error()+s.Error, "S3cret") {
			t.Errorf("%s: %+v, %v", path, s, err)
		}
	}
	dead, err := NewRemote(ours, RemoteOptions{URL: "http://user:S3cret@127.0.0.1:1/x.git"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dead.Fetch(t.Context()); !errors.Is(err, ErrRemote) || strings.Contains(err.Error(), "S3cret") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "ssh://x/y", "git@host:x", "http://", "http://x/?a=b", "file:///etc"} {
		if _, err := ParseRemote(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestRemoteIsFullOfFaults keeps what is told of them, to everybody and in the diary, within bounds.
func TestRemoteIsFullOfFaults(t *testing.T) {
	theirs := newTest(t)
	bad := content{plumbing.BlobObject, []byte(strings.Repeat("a = 1\nb = 2\n", 1000))}
	entries := map[string]plumbing.Hash{}
	for i := range 2 * maxRefused {
		entries[fmt.Sprintf("bad%d.toml", i)] = bad.hash()
	}
	if _, _, err := theirs.commit(t.Context(), theirs.now(), entries, "", "bad", bad); err != nil {
		t.Fatal(err)
	}
	remote, err := NewRemote(newTest(t), RemoteOptions{URL: host(t, theirs).URL + "/x.git"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := remote.Fetch(t.Context())
	if size := len(strings.Join(s.Refused, "")); err != nil || len(s.Refused) != maxRefused || size > maxRefused*maxRefusal {
		t.Errorf("%d refusals of %d bytes, %v", len(s.Refused), size, err)
	}
}

func TestFollowEnds(t *testing.T) {
	theirs, ours := newTest(t), newTest(t)
	push(t, theirs, demo, PushOptions{})
	remote, err := NewRemote(ours, RemoteOptions{URL: host(t, theirs).URL + "/x.git", Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { remote.Follow(ctx); close(done) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := ours.Show(t.Context(), "demo", ""); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is taken")
		}
	}
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}

// A real host: git http-backend, with merges, folders, plain passwords and files of all kinds.
func TestRemoteOfGit(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	root := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", root, "-c", "user.name=a", "-c", "user.email=b", "-c", "init.defaultBranch=trunk"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	run("init", "-q")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		run("add", ".")
		run("commit", "-qm", name)
	}
	write("edge/blue/demo.toml", demo)
	write("edge/blue/broken.toml", "name = 'broken'\nx = 1\n")
	write("edge/blue/Makefile", "all:\n")
	run("checkout", "-qb", "side")
	write("edge/blue/side.toml", "name = 'side'\n")
	run("checkout", "-q", "trunk")
	write("top.toml", "name = 'top'\n")
	run("merge", "-q", "--no-edit", "side")
	s := gitBackend(t, root)
	ours := newTest(t)
	remote, err := NewRemote(ours, RemoteOptions{URL: s.URL + "/.git", Folder: "edge/blue"})
	if err != nil {
		t.Fatal(err)
	}
	state, err := remote.Fetch(t.Context())
	if err != nil || strings.Join(state.Taken, " ") != "demo@0.0.1 side@0.0.1" || len(state.Refused) != 1 || !strings.Contains(state.Refused[0], "broken.toml:2:1") {
		t.Errorf("%+v, %v", state, err)
	}
	if text, _ := everything(t, ours); strings.Contains(text, "R3dh4t1!") {
		t.Error("a password is kept")
	}
}

// gitBackend runs "git http-backend" for each request, as Apache would.
func gitBackend(t *testing.T, root string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		cmd := exec.Command("git", "http-backend")
		cmd.Env = append(os.Environ(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1", "PATH_INFO="+req.URL.Path, "QUERY_STRING="+req.URL.RawQuery,
			"REQUEST_METHOD="+req.Method, "CONTENT_TYPE="+req.Header.Get("Content-Type"), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
		cmd.Stdin = req.Body
		out, err := cmd.Output()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, body, _ := strings.Cut(string(out), "\r\n\r\n")
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}
