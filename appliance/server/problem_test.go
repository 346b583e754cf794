package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

func TestEveryCauseHasItsStatus(t *testing.T) {
	for _, tt := range []struct {
		method string
		err    error
		status int
		name   string
	}{
		{"GET", release.ErrUnknown, 404, "unknown-release"},
		{"GET", release.ErrNoBlueprint, 404, "unknown-blueprint"},
		{"PUT", release.ErrExists, 409, "exists"},
		{"DELETE", release.ErrPublished, 409, "published"},
		{"DELETE", release.ErrPinned, 409, "pinned"},
		{"POST", &release.ChecksError{}, 409, "checks-failed"},
		{"POST", release.ErrBusy, 503, "busy"},
		{"POST", ostree.ErrLocked, 503, "busy"},
		{"PUT", release.ErrSource, 400, "invalid-request"},
		{"POST", ostree.ErrPrecondition, 412, "precondition-failed"},
		{"POST", ostree.ErrNoProgram, 501, "needs-program"},
		{"GET", ostree.ErrUnknown, 404, "not-found"},
		{"GET", blueprint.ErrInvalid, 422, "invalid-name"},
		{"GET", object.ErrBadName, 422, "invalid-name"},
		{"PUT", ostree.ErrArchive, 422, "invalid-archive"},
		{"PUT", ostree.ErrMismatch, 422, "invalid-archive"},
		{"PUT", ostree.ErrIncomplete, 422, "invalid-archive"},
		{"PUT", object.ErrMalformed, 422, "invalid-archive"},
		{"PUT", object.ErrCorrupt, 422, "invalid-archive"},
		{"PUT", object.ErrTooLarge, 422, "invalid-archive"},
		{"PUT", io.ErrUnexpectedEOF, 422, "invalid-archive"},
		{"PUT", &url.Error{Op: "Get", URL: "http://x", Err: errors.New("refused")}, 502, "unreachable"},
		{"PUT", &http.MaxBytesError{Limit: 5}, 413, "too-large"},
		{"PUT", fmt.Errorf("%w: %w", ostree.ErrArchive, &http.MaxBytesError{Limit: 5}), 413, "too-large"},
		{"PUT", fmt.Errorf("%w: %w", ostree.ErrArchive, syscall.ENOSPC), 507, "disk-full"},
		{"POST", syscall.EDQUOT, 507, "disk-full"},
		{"POST", context.Canceled, 503, "busy"},
		{"GET", object.ErrCorrupt, 500, "internal"}, // what we keep is our own fault
		{"POST", object.ErrMalformed, 500, "internal"},
		{"GET", errors.New("whatever"), 500, "internal"},
	} {
		p := problemOf(tt.method, fmt.Errorf("doing a thing: %w", tt.err))
		if p.status != tt.status || p.name != tt.name {
			t.Errorf("problemOf(%s, %v) = %d %s, want %d %s", tt.method, tt.err, p.status, p.name, tt.status, tt.name)
		}
	}
}

func TestChecksTellTheirFindings(t *testing.T) {
	s := newScene(t)
	s.releases.err = &release.ChecksError{Findings: []release.Finding{{Check: "time", Message: "runs backwards"}}}
	w := s.do("POST", "/api/v1/releases/demo/0.0.2/publish", "", withToken...)
	if w.Code != 409 || !strings.Contains(w.Body.String(), `"findings":[{"check":"time","message":"runs backwards"}]`) {
		t.Errorf("publish = %d %s", w.Code, w.Body)
	}
	w = s.do("POST", "/api/v1/releases/demo/0.0.2/publish", "", append(withToken, "Accept", "text/plain")...)
	want := "Publication checks failed: publication checks failed: time: runs backwards\nhint: mend what the findings name, or publish with force\n"
	if w.Body.String() != want {
		t.Errorf("publish as text = %q, want %q", w.Body, want)
	}
}

func TestInnerErrorIsLoggedAndNotTold(t *testing.T) {
	var log bytes.Buffer
	s := newScene(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	s.releases.err = errors.New("disk /dev/sda1 on fire")
	for _, url := range []string{"/api/v1/status", "/api/v1/releases/demo", "/api/v1/blueprints"} {
		log.Reset()
		w := s.do("GET", url, "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "sda1") || !strings.Contains(log.String(), "sda1") {
			t.Errorf("GET %s = %d %s; the log says %s", url, w.Code, w.Body, &log)
		}
	}
}

func TestLogKeepsSecretsOut(t *testing.T) {
	var log bytes.Buffer
	s := newScene(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.do("GET", "/api/v1/status?token=query-secret", "", withToken...)
	s.do("DELETE", "/api/v1/releases/demo/0.0.2", "", "Authorization", "Bearer wrong-secret")
	if l := log.String(); strings.Contains(l, "secret") || strings.Contains(l, testToken) || !strings.Contains(l, "path=/api/v1/status status=200") {
		t.Errorf("log = %s", l)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	s := newScene(t, func(o *Options) {
		o.Repositories = func(blueprint.Name) (Repository, error) { panic("at the disco") }
	})
	if w := s.do("GET", "/demo/repo/summary", ""); w.Code != 500 || strings.Contains(w.Body.String(), "disco") {
		t.Errorf("a panic is answered with %d %s", w.Code, w.Body)
	}
	// The lane meets it too.
	r, err := http.Get("http://" + s.listen(t) + "/demo/repo/" + smallObject)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 500 {
		t.Errorf("a panic is answered with %d", r.StatusCode)
	}
}

func TestBrokenExportBreaksTheConnection(t *testing.T) {
	s := newScene(t)
	w := &failingWriter{httptest.NewRecorder()}
	r := httptest.NewRequest("GET", "/api/v1/releases/demo/0.0.1/archive", nil)
	r.Header.Set(withToken[0], withToken[1])
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("the handler ends with %v, want http.ErrAbortHandler", p)
		}
	}()
	s.ServeHTTP(w, r)
}

type failingWriter struct{ *httptest.ResponseRecorder }

func (failingWriter) Write([]byte) (int, error) { return 0, syscall.EPIPE }
