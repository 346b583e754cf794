package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"edge/appliance/event"
)

func TestReadEvents(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"one", "id: 7\nevent: release.imported\ndata: {\"id\":7,\"kind\":\"release.imported\"}\n\n", "7 release.imported"},
		{"no space, CR", "id:7\r\ndata:{\"kind\":\"a\"}\r\n\r\n", "7 a"},
		{"two lines of data", "id: 1\ndata: {\"kind\":\ndata: \"a\"}\n\n", "1 a"},
		{"heartbeat between", ": alive\n\nid: 1\ndata: {\"kind\":\"a\"}\n\n: alive\n\nid: 2\ndata: {\"kind\":\"b\"}\n\n", "1 a, 2 b"},
		{"cut off", "id: 1\ndata: {\"kind\":\"a\"}\n\nid: 2\ndata: {\"kind\":\"b\"}\n", "1 a"},
		{"unknown fields", "retry: 3\nhello\nid: 1\ndata: {\"kind\":\"a\"}\n\n", "1 a"},
		{"no JSON", "id: 4\ndata: nonsense\n\n", `error reading event "4"`},
		{"endless line", "data: " + strings.Repeat("x", 2*maxLine), "error bufio.Scanner: token too long"},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for e, err := range readEvents(strings.NewReader(tt.in), func() {}) {
				switch {
				case errors.Is(err, io.EOF):
				case err != nil:
					got = append(got, "error "+err.Error())
				default:
					got = append(got, fmt.Sprint(e.ID, " ", e.Kind))
				}
			}
			if s := strings.Join(got, ", "); s != tt.want && (tt.want == "" || !strings.HasPrefix(s, tt.want)) {
				t.Errorf("readEvents = %q, want %q", s, tt.want)
			}
		})
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add("id: 7\nevent: x\ndata: {\"id\":7}\n\n: c\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		ends := 0
		for _, err := range readEvents(strings.NewReader(in), func() {}) {
			if err != nil {
				ends++
			}
		}
		if ends != 1 {
			t.Errorf("%d ends", ends)
		}
	})
}

// A lost connection is taken up where it broke: no event is missed, none comes twice.
func TestEventsReconnect(t *testing.T) {
	var connection atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		n := connection.Add(1)
		if want := []string{"", "", "2"}[n]; r.Header.Get("Last-Event-ID") != want {
			t.Errorf("connection %d: Last-Event-ID = %q, want %q", n, r.Header.Get("Last-Event-ID"), want)
		}
		for i := range 2 {
			id := 2*int(n) - 1 + i
			_, _ = fmt.Fprintf(w, "id: %d\ndata: {\"id\":%d}\n\n", id, id)
		}
		if n == 2 {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}))
	defer s.Close()
	c, err := New(Options{Server: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []uint64
	lost := 0
	for e, err := range c.Events(ctx, Following{Follow: true, Lost: func(error) { lost++ }}) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.ID); e.ID == 4 {
			cancel()
		}
	}
	if fmt.Sprint(got) != "[1 2 3 4]" || lost != 1 {
		t.Errorf("events = %v, lost %d, want 1 to 4 with one loss", got, lost)
	}
}

func TestEventsEnd(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("follow") != "0" {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "Unauthorized: a token is needed\n")
			return
		}
		if r.URL.Query().Get("after") != "41" {
			t.Errorf("query = %q", r.URL.RawQuery)
		}
		_, _ = io.WriteString(w, "id: 42\ndata: {\"id\":42}\n\n")
	})
	var got []event.Event
	for e, err := range c.Events(t.Context(), Following{After: 41}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 1 || got[0].ID != 42 {
		t.Errorf("events = %v", got)
	}
	n := 0
	for _, err := range c.Events(t.Context(), Following{Follow: true}) {
		var p *Problem
		if n++; !errors.As(err, &p) || p.Status != 401 {
			t.Errorf("refused stream: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("a refusal was asked again: %d", n)
	}
}
