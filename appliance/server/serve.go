package server

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"edge/appliance/event"
	"edge/appliance/sheet"
)

// The faces of the server, as metrics and the log call them.
const (
	faceAPI   = "api"
	faceRepo  = "repo"
	faceUI    = "ui"
	faceImage = "registry"
	faceOther = "other"
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start, taken := time.Now(), false
	rec := &recorder{ResponseWriter: w}
	w.Header()["X-Content-Type-Options"] = nosniff
	defer func() {
		if taken {
			return // the lane keeps its own books
		}
		broken := h.contain(rec, r, recover())
		h.requested(rec, r, time.Since(start))
		if broken {
			panic(http.ErrAbortHandler)
		}
	}()
	image := faceOf(r.URL.Path) == faceImage
	if !image {
		if taken = h.takeOver(w, r); taken {
			return
		}
	}
	if r.ContentLength != 0 {
		allowBody(w, bodyTimeout)
	}
	r = r.WithContext(event.WithActor(r.Context(), actor(r)))
	if image {
		h.serveRegistry(rec, r)
		return
	}
	if name, rest, ok := splitRepo(r.URL.Path); ok {
		if err := h.serveRepo(rec, r, name, rest); err != nil {
			h.fail(rec, r, err)
		}
		return
	}
	h.gin.ServeHTTP(rec, r)
}

// contain turns a panic into a 500. It reports true when the answer has
// begun, and so the connection must be cut: half an answer must not look like
// a whole one.
func (h *Handler) contain(rec *recorder, r *http.Request, p any) (broken bool) {
	if p == nil || p == http.ErrAbortHandler {
		return p != nil
	}
	h.o.Log.LogAttrs(r.Context(), slog.LevelError, "request panicked", slog.String("method", r.Method),
		slog.String("path", loggedPath(r.URL.Path)), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	if rec.status != 0 {
		return true
	}
	h.fail(rec, r, fmt.Errorf("panic: %v", p))
	return false
}

// requested keeps the books of one request. The path goes into the log
// without its query, and no header does: that is where secrets travel.
func (h *Handler) requested(rec *recorder, r *http.Request, took time.Duration) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	face := faceOf(r.URL.Path)
	h.metrics.request(face, r.Method, rec.status, rec.bytes, took)
	level := slog.LevelInfo
	if rec.status < 400 && frequent(face, r) {
		level = slog.LevelDebug
	}
	h.logRequest(r, level, rec.status, rec.bytes, took)
}

// frequent are requests that come by the thousand and tell nobody anything.
func frequent(face string, r *http.Request) bool {
	switch face {
	case faceRepo:
		return strings.Contains(r.URL.Path, "/repo/objects/")
	case faceImage:
		return r.Method == http.MethodGet || r.Method == http.MethodHead
	}
	return face == faceOther
}

func (h *Handler) logRequest(r *http.Request, level slog.Level, status int, bytes int64, took time.Duration) {
	h.o.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", status), slog.Int64("bytes", bytes), slog.Duration("duration", took), slog.String("remote", r.RemoteAddr))
}

// sent keeps the books of one response of a lane.
func (h *Handler) sent(path string, s sending, took time.Duration, conn net.Conn) {
	h.metrics.object(s.size, took)
	if s.commit != "" {
		h.pulled(s.blueprint, s.commit)
	}
	if h.o.Log.Enabled(h.stopping, slog.LevelDebug) {
		h.o.Log.LogAttrs(h.stopping, slog.LevelDebug, "request", slog.String("method", http.MethodGet), slog.String("path", path),
			slog.Int("status", http.StatusOK), slog.Int64("bytes", s.size), slog.Duration("duration", took), slog.String("remote", conn.RemoteAddr().String()))
	}
}

func faceOf(path string) string {
	switch _, _, repo := splitRepo(path); {
	case strings.HasPrefix(path, "/api/"):
		return faceAPI
	case path == "/v2" || strings.HasPrefix(path, "/v2/"):
		return faceImage
	case repo || strings.HasSuffix(path, "/ed25519.pub"):
		return faceRepo
	case path == "/" || strings.HasPrefix(path, "/ui/"):
		return faceUI
	}
	return faceOther
}

// actor is who acts, as far as the request tells: an address and a program.
func actor(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	agent := sheet.Clean(r.UserAgent())
	if len(agent) > 100 {
		agent = strings.ToValidUTF8(agent[:100], "") + "…"
	}
	return strings.TrimSpace(host + " " + agent)
}
