package server

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/event"
)

func TestReplay(t *testing.T) {
	s := newScene(t)
	for range 20 { // 16 are kept
		s.events.Append(event.Event{Kind: "release.pinned", Subject: "demo@0.0.1", Message: "by <hand>"})
	}
	last := s.events.Last()
	id := func(back uint64) string { return fmt.Sprint(last - back) }
	for _, tt := range []struct {
		name, url     string
		headers       []string
		status, count int // of events
		want, wantNot string
	}{
		{"all", "?follow=0", nil, 200, 17, "id: " + id(16) + "\nevent: gap\ndata: {", "retry"},
		{"after a point", "?follow=0&after=" + id(2), nil, 200, 2, "id: " + id(1) + "\nevent: release.pinned\ndata: {\"id\":" + id(1), "gap"},
		{"after a point, by header", "?follow=false", []string{"Last-Event-ID", id(1)}, 200, 1, "id: " + id(0), "gap"},
		{"the header is newer than the URL", "?follow=0&after=" + id(9), []string{"Last-Event-ID", id(1)}, 200, 1, "", ""},
		{"nothing new", "?follow=0&after=" + id(0), nil, 200, 0, "", "id:"},
		{"after an earlier process", "?follow=0&after=42", nil, 200, 17, "event: gap", ""},
		{"as text", "?follow=0&after=" + id(1), []string{"Accept", "text/plain"}, 200, 0, "  release.pinned     demo@0.0.1          by <hand>\n", "id:"},
		{"after rubbish", "?follow=0&after=x", nil, 400, 0, "not the ID of an event", ""},
		{"after a rubbish header", "?follow=0", []string{"Last-Event-ID", "-1"}, 400, 0, "", ""},
		{"follow rubbish", "?follow=maybe", nil, 400, 0, "", ""},
		{"unknown parameter", "?folow=0", nil, 400, 0, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.do("GET", "/api/v1/events"+tt.url, "", tt.headers...)
			body := w.Body.String()
			if w.Code != tt.status || strings.Count(body, "id: ") != tt.count || !strings.Contains(body, tt.want) || (tt.wantNot != "" && strings.Contains(body, tt.wantNot)) {
				t.Errorf("GET events%s = %d, want %d with %d events and %q without %q:\n%s", tt.url, w.Code, tt.status, tt.count, tt.want, tt.wantNot, body)
			}
		})
	}
}

// TestStream follows over a real connection and ends by Shutdown.
func TestStream(t *testing.T) {
	s := newScene(t)
	first := s.events.Append(event.Event{Kind: "release.imported", Subject: "demo@0.0.1"})
	c := dial(t, s.listen(t))
	c.send(get("/api/v1/events", "Accept: text/event-stream"))
	next := func(want string) {
		t.Helper()
		for {
			line, err := c.ReadString('\n')
			if err != nil {
				t.Fatalf("waiting for %q: %v", want, err)
			}
			if strings.Contains(line, want) {
				return
			}
		}
	}
	next("X-Accel-Buffering: no")
	next(fmt.Sprintf("id: %d", first.ID))
	second := s.events.Append(event.Event{Kind: "release.published", Subject: "demo@0.0.1"})
	next(fmt.Sprintf("id: %d", second.ID))
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	next("0\r\n") // the last chunk
	if took := time.Since(begun); took > time.Second {
		t.Errorf("the stream ended %v after Shutdown", took)
	}
	if w := s.do("GET", "/api/v1/events", ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a stream after Shutdown = %d, want 503", w.Code)
	}
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{events: event.NewLog(4), releases: &fakeReleases{}}
		s.Handler = New(Options{Releases: s.releases, Events: s.events})
		ctx, cancel := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", nil))
		}()
		time.Sleep(3*heartbeat + time.Second)
		s.events.Append(event.Event{Kind: "release.pinned"})
		synctest.Wait()
		cancel()
		<-done
		if got, beats := w.Body.String(), strings.Count(w.Body.String(), ":\n\n"); beats != 3 || !strings.HasPrefix(got, "retry: 2000\n\n:\n\n") || !strings.Contains(got, "event: release.pinned") {
			t.Errorf("%d heartbeats in %q, want 3", beats, got)
		}
		s.Shutdown(t.Context())
	})
}

func TestStreamsAreLimited(t *testing.T) {
	s := newScene(t)
	for range maxStreams {
		s.streams <- struct{}{}
	}
	if w := s.do("GET", "/api/v1/events", ""); w.Code != 503 {
		t.Errorf("one stream too many = %d, want 503", w.Code)
	}
	if w := s.do("GET", "/api/v1/events?follow=0", ""); w.Code != 200 {
		t.Errorf("a replay = %d, want 200", w.Code)
	}
	for range maxStreams {
		<-s.streams
	}
}

func TestProgressAsText(t *testing.T) {
	var out strings.Builder
	b := bufio.NewWriter(&out)
	writeEventLine(b, event.Event{Time: noon, Kind: "release.importing", Subject: "demo@0.0.1", Message: "reading\x1b[2J", Done: 5, Total: 300, Outcome: "refused"})
	b.Flush()
	if got, want := out.String(), "2023-03-01 12:00:00  release.importing  demo@0.0.1          reading?[2J 5/300 (refused)\n"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}
