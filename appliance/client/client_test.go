package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"edge/appliance/app"
	"edge/appliance/blueprint"
	"edge/appliance/release"
)

const token = "s3cret-t0ken"

var first = blueprint.ID{Blueprint: "demo", Version: "0.0.1"}
var second = blueprint.ID{Blueprint: "demo", Version: "0.0.2"}

func serve(t *testing.T, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Options{Server: s.URL + "/", Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c, s.URL
}

func TestNew(t *testing.T) {
	for _, tt := range []struct{ server, token, want, fault string }{
		{"http://h:1", "", "http://h:1", ""},
		{"h:8080", "", "http://h:8080", ""},
		{"https://h/base/", "", "https://h/base", ""},
		{"[::1]:80", "", "http://[::1]:80", ""},
		{"", "", "", "want http://HOST:PORT"},
		{"ftp://h", "", "", "want http://HOST:PORT"},
		{"http://h?x=1", "", "", "want http://HOST:PORT"},
		{"http://h:port", "", "", "want http://HOST:PORT"},
		{"http://u:pw@h", "", "", "may carry no password"},
		{"http://h", "two words", "", "reading the token"},
		{"http://h", "line\n", "", "reading the token"},
	} {
		c, err := New(Options{Server: tt.server, Token: tt.token})
		if tt.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("New(%q) error = %v, want %q", tt.server, err, tt.fault)
			} else if strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "words") {
				t.Errorf("error tells a secret: %v", err)
			}
			continue
		}
		if err != nil || c.Server() != tt.want {
			t.Errorf("New(%q) = %v, %v, want %q", tt.server, c, err, tt.want)
		}
	}
}

// Each call is one line: what a method sends.
func TestCalls(t *testing.T) {
	var got string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s%s", r.Method, r.RequestURI, r.Header.Get("If-Match"), body)
		if r.Header.Get("Authorization") != "Bearer "+token {
			got = "no token: " + got
		}
		if r.Method == "DELETE" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, "null")
	})
	for _, tt := range []struct {
		want string
		send func(context.Context) error
	}{
		{"GET /api/v1/status ", func(ctx context.Context) error { _, err := c.Status(ctx); return err }},
		{"GET /api/v1/blueprints ", func(ctx context.Context) error { _, err := c.Blueprints(ctx); return err }},
		{"GET /api/v1/blueprints/demo ", func(ctx context.Context) error { _, err := c.Blueprint(ctx, "demo"); return err }},
		{"GET /api/v1/releases ", func(ctx context.Context) error { _, err := c.Releases(ctx, ""); return err }},
		{"GET /api/v1/releases/a%2Fb ", func(ctx context.Context) error { _, err := c.Releases(ctx, "a/b"); return err }},
		{"GET /api/v1/releases/demo/0.0.1 ", func(ctx context.Context) error { _, err := c.Release(ctx, first); return err }},
		{"GET /api/v1/releases/demo/0.0.1/packages ", func(ctx context.Context) error { _, err := c.Packages(ctx, first); return err }},
		{"GET /api/v1/releases/demo/0.0.2/diff?from=0.0.1 ", func(ctx context.Context) error { _, err := c.Diff(ctx, first, second); return err }},
		{"PUT /api/v1/releases/demo/0.0.1?ref=a%2Fb&stamp=1 bytes", func(ctx context.Context) error {
			_, err := c.Import(ctx, first, Upload{Reader: strings.NewReader("bytes"), Size: 5}, release.ImportOptions{Ref: "a/b", Stamp: true})
			return err
		}},
		{"PUT /api/v1/releases/demo/0.0.1 bytes", func(ctx context.Context) error {
			_, err := c.Import(ctx, first, Upload{Reader: strings.NewReader("bytes"), Size: -1}, release.ImportOptions{})
			return err
		}},
		{`PUT /api/v1/releases/demo/0.0.1 {"from":"file:///r"}`, func(ctx context.Context) error {
			_, err := c.Pull(ctx, first, "file:///r", release.ImportOptions{})
			return err
		}},
		{`POST /api/v1/releases/demo/0.0.1/publish {}`, func(ctx context.Context) error { _, err := c.Publish(ctx, first, release.PublishOptions{}); return err }},
		{`POST /api/v1/releases/demo/0.0.1/publish "c0ffee"{"force":true,"stamp":true,"ref":"r"}`, func(ctx context.Context) error {
			_, err := c.Publish(ctx, first, release.PublishOptions{IfMatch: "c0ffee", Force: true, Stamp: true, Ref: "r"})
			return err
		}},
		{`POST /api/v1/releases/demo/0.0.1/publish *{}`, func(ctx context.Context) error {
			_, err := c.Publish(ctx, first, release.PublishOptions{IfMatch: AnyCommit})
			return err
		}},
		{"PUT /api/v1/releases/demo/0.0.1/pin ", func(ctx context.Context) error { _, err := c.Pin(ctx, first, true); return err }},
		{"DELETE /api/v1/releases/demo/0.0.1/pin ", func(ctx context.Context) error { _, err := c.Pin(ctx, first, false); return err }},
		{`POST /api/v1/releases/demo/0.0.1/sign {"key":"AB12"}`, func(ctx context.Context) error { _, err := c.Sign(ctx, first, "AB12"); return err }},
		{"DELETE /api/v1/releases/demo/0.0.1 ", func(ctx context.Context) error { return c.Delete(ctx, first) }},
		{`POST /api/v1/releases/demo/prune {"keep":3,"older_than":"720h0m0s","dry_run":true}`, func(ctx context.Context) error {
			_, err := c.Prune(ctx, "demo", release.PruneOptions{Keep: 3, OlderThan: 720 * time.Hour, DryRun: true})
			return err
		}},
		{"POST /api/v1/releases/demo/verify ", func(ctx context.Context) error { _, err := c.Verify(ctx, "demo"); return err }},
		{"GET /api/v1/releases/demo/deltas ", func(ctx context.Context) error { _, err := c.Deltas(ctx, "demo"); return err }},
		{`POST /api/v1/releases/demo/0.0.2/delta {"from":"0.0.1"}`, func(ctx context.Context) error { _, err := c.MakeDelta(ctx, "0.0.1", second); return err }},
		{"DELETE /api/v1/releases/demo/0.0.2/delta?from=0.0.1 ", func(ctx context.Context) error { return c.WithdrawDelta(ctx, "0.0.1", second) }},

		{"GET /api/v1/apps ", func(ctx context.Context) error { _, err := c.Apps(ctx); return err }},
		{"GET /api/v1/apps/2048/tags ", func(ctx context.Context) error { _, err := c.Tags(ctx, "2048", false); return err }},
		{"GET /api/v1/apps/a%2Fb/tags?all=1 ", func(ctx context.Context) error { _, err := c.Tags(ctx, "a/b", true); return err }},
		{"GET /api/v1/apps/2048/history ", func(ctx context.Context) error { _, err := c.Moves(ctx, "2048"); return err }},
		{`POST /api/v1/apps/2048/retag {"from":"v2","to":""}`, func(ctx context.Context) error { _, err := c.Retag(ctx, "2048", app.Retagging{From: "v2"}); return err }},
		{`POST /api/v1/apps/2048/retag {"from":"v2","to":"prod","expect":"sha256:1","dry_run":true}`, func(ctx context.Context) error {
			_, err := c.Retag(ctx, "2048", app.Retagging{From: "v2", To: "prod", Expect: "sha256:1", DryRun: true})
			return err
		}},
		{`POST /api/v1/apps/2048/undo {}`, func(ctx context.Context) error { _, err := c.Undo(ctx, "2048", "", false); return err }},
		{`POST /api/v1/apps/2048/undo {"to":"beta","dry_run":true}`, func(ctx context.Context) error { _, err := c.Undo(ctx, "2048", "beta", true); return err }},
		{`POST /api/v1/apps/2048/mirror {}`, func(ctx context.Context) error { _, err := c.Mirror(ctx, "2048"); return err }},
	} {
		if err := tt.send(t.Context()); err != nil || got != tt.want {
			t.Errorf("sent %s, %v, want %s", got, err, tt.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, kind, body string
		status           int
		text, json       string // what the two ways of asking give
		fault            string
	}{
		{name: "table", kind: "text/plain; charset=utf-8", body: "VERSION\n0.0.1\n", status: 200, text: "VERSION\n0.0.1\n", fault: `it is "text/plain"`},
		{name: "json", kind: "application/json", body: `{"a":1}`, status: 200, json: `{"a":1}`, fault: `it is "application/json"`},
		{name: "a web page", kind: "text/html", body: "<html>", status: 200, fault: "is that an appliance server?"},
		{name: "no content", status: 204},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			text, errText := c.Text(t.Context(), ToStatus())
			raw, errJSON := c.JSON(t.Context(), ToStatus())
			if text != tt.text || string(raw) != tt.json {
				t.Errorf("Text = %q, JSON = %q, want %q and %q", text, raw, tt.text, tt.json)
			}
			if err := errors.Join(errText, errJSON); tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("error = %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	for _, tt := range []struct {
		name, kind, body string
		status           int
		want             Problem
		text             string
	}{
		{"problem", "application/problem+json", `{"type":"urn:appliance:checks-failed","title":"Checks failed","status":409,"detail":"publishing \"demo@0.0.2\": checks failed",
			"hint":"--force publishes nevertheless","findings":[{"check":"time","message":"older than what is published"}]}`, 409,
			Problem{Type: "urn:appliance:checks-failed", Title: "Checks failed", Status: 409, Hint: "--force publishes nevertheless"},
			"publishing \"demo@0.0.2\": checks failed\n  time: older than what is published"},
		{"two lines", "text/plain", "Unknown release: no release \"demo@9.9.9\"\nhint: list them\n", 404,
			Problem{Title: "Unknown release", Status: 404, Hint: "list them"}, `no release "demo@9.9.9"`},
		{"a proxy's page", "text/html", "<h1>Bad Gateway</h1>", 502, Problem{Title: "Bad Gateway", Status: 502}, `it answers "502 Bad Gateway"`},
		{"empty", "", "", 500, Problem{Title: "Internal Server Error", Status: 500}, `it answers "500 Internal Server Error"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := c.Text(t.Context(), ToStatus())
			var p *Problem
			if !errors.As(err, &p) {
				t.Fatalf("error = %v", err)
			}
			if p.Type != tt.want.Type || p.Title != tt.want.Title || p.Status != tt.want.Status || p.Hint != tt.want.Hint || !strings.Contains(p.Error(), tt.text) {
				t.Errorf("problem = %+v, %q", p, p.Error())
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	c, err := New(Options{Server: s.URL, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Releases(t.Context(), "demo")
	var e *UnreachableError
	if !errors.As(err, &e) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("error = %v", err)
	}
	if want := "reaching the server " + s.URL + ": connection refused"; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
	if !strings.Contains(e.Hint(), "APPLIANCE_SERVER") {
		t.Errorf("hint = %q", e.Hint())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error after cancel = %v", err)
	}
}

// The token must not leave the server it was given for.
func TestRedirects(t *testing.T) {
	var stranger atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stranger.Add(1) }))
	defer other.Close()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/status":
			http.Redirect(w, r, other.URL+"/steal", http.StatusTemporaryRedirect)
		case "/api/v1/blueprints":
			http.Redirect(w, r, "/api/v1/releases", http.StatusFound)
		case "/api/v1/releases":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "[]")
		default:
			http.Redirect(w, r, "/api/v1/releases", http.StatusTemporaryRedirect)
		}
	})
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "another one, "+other.URL) {
		t.Errorf("redirect to a stranger: %v", err)
	}
	if _, err := c.Blueprints(t.Context()); err != nil {
		t.Errorf("redirect within the server: %v", err)
	}
	if err := c.Delete(t.Context(), first); err == nil || !strings.Contains(err.Error(), "redirects to") {
		t.Errorf("redirect of a write: %v", err)
	}
	if stranger.Load() != 0 {
		t.Error("a stranger was asked")
	}
}

func TestRefusedUploadSendsNothing(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(Problem{Title: "Unauthorized", Detail: "wrong token"})
	})
	var sent int64
	_, err := c.Import(t.Context(), first, Upload{Reader: strings.NewReader(strings.Repeat("x", 1<<20)), Size: 1 << 20,
		Progress: func(done int64) { sent = done }}, release.ImportOptions{})
	var p *Problem
	if !errors.As(err, &p) || p.Status != 401 {
		t.Errorf("error = %v", err)
	}
	if sent != 0 {
		t.Errorf("%d bytes were sent after a refusal", sent)
	}
}

func TestUploadProgressAndArchive(t *testing.T) {
	content := strings.Repeat("0123456789", 10_000)
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			body, _ := io.ReadAll(r.Body)
			if r.ContentLength != int64(len(content)) || string(body) != content || r.Header.Get("Content-Type") != "application/x-tar" {
				http.Error(w, "wrong", 400)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"blueprint":"demo","version":"0.0.1"}`)
			return
		}
		w.Header().Set("Content-Type", "application/x-tar")
		if r.URL.Path == "/api/v1/releases/demo/0.0.2/archive" {
			w.Header().Set("Content-Length", "999999")
		}
		_, _ = io.WriteString(w, content)
	})
	var sent int64
	r, err := c.Import(t.Context(), first, Upload{Reader: strings.NewReader(content), Size: int64(len(content)),
		Progress: func(done int64) { sent = done }}, release.ImportOptions{})
	if err != nil || r.Version != "0.0.1" || sent != int64(len(content)) {
		t.Errorf("Import = %+v, %v, sent %d", r, err, sent)
	}
	var got strings.Builder
	if n, err := c.Archive(t.Context(), first, &got, nil); err != nil || n != int64(len(content)) || got.String() != content {
		t.Errorf("Archive = %d, %v", n, err)
	}
	if _, err := c.Archive(t.Context(), second, io.Discard, nil); err == nil {
		t.Error("a cut archive is no error")
	}
}

// Giving up does not wait for a pipe into which nobody writes.
func TestCancelUpload(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	silent, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	done := make(chan error, 1)
	go func() {
		_, err := c.Import(ctx, first, Upload{Reader: silent, Size: -1}, release.ImportOptions{})
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the upload did not end")
	}
}

// A reader that fails is the error, and not what it does to the connection.
func TestUploadReaderFails(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	broken := io.MultiReader(strings.NewReader("bytes"), iotest.ErrReader(errors.New("the disk is gone")))
	_, err := c.Import(t.Context(), first, Upload{Reader: broken, Size: 1 << 20}, release.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("error = %v", err)
	}
}
