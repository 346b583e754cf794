package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/event"
	"edge/appliance/sheet"
)

const (
	heartbeat  = 15 * time.Second // proxies cut what is silent for longer
	maxStreams = 256
)

// followEvents streams the diary (Server-Sent Events, WHATWG HTML 9.2). Who
// comes again with the last ID it saw misses nothing, or is told that it did.
// With follow=0 the answer ends where the diary does.
func (h *Handler) followEvents(c *gin.Context) error {
	after, follow, err := cursor(c.Request)
	if err != nil {
		return err
	}
	write := writeSSE
	kind := wants(c.Request, textSSE, textPlain)
	if kind == textPlain {
		write = writeEventLine
	}
	if follow && c.Request.Method == http.MethodGet {
		if err := h.beginStream(); err != nil {
			return err
		}
		defer func() { <-h.streams }()
	}
	c.Header("Content-Type", kind+utf8)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	switch {
	case c.Request.Method == http.MethodHead:
		return nil
	case !follow:
		for _, e := range h.o.Events.Since(after) {
			if err := write(c.Writer, e); err != nil {
				return nil // the client went away
			}
		}
		return nil
	}
	h.stream(c.Request.Context(), c.Writer, after, kind, write)
	return nil
}

func cursor(r *http.Request) (after uint64, follow bool, err error) {
	q, err := query(r, "after", "follow")
	if err != nil {
		return 0, false, err
	}
	last := r.Header.Get("Last-Event-ID") // a client that reconnects keeps the URL it began with
	if last == "" {
		last = q.Get("after")
	}
	if last != "" {
		if after, err = strconv.ParseUint(last, 10, 64); err != nil {
			return 0, false, refuse(invalidRequest, fmt.Sprintf("%q is not the ID of an event", last), "")
		}
	}
	follow = true
	if q.Get("follow") != "" {
		follow, err = flag(q, "follow")
	}
	return after, follow, err
}

func (h *Handler) beginStream() error {
	if h.stopping.Err() != nil {
		return refuse(busy, "the server is stopping", "")
	}
	select {
	case h.streams <- struct{}{}:
		return nil
	default:
		return refuse(busy, fmt.Sprintf("%d clients are following already", maxStreams), "")
	}
}

// stream writes events until the client goes or the server stops.
func (h *Handler) stream(ctx context.Context, w gin.ResponseWriter, after uint64, kind string, write func(io.Writer, event.Event) error) {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(h.stopping, cancel)()
	events, done := make(chan event.Event), make(chan struct{})
	go func() {
		defer close(done)
		for e := range h.o.Events.Follow(ctx, after) {
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { cancel(); <-done }()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var err error
	if kind == textSSE {
		_, err = io.WriteString(w, "retry: 2000\n\n")
	}
	for w.Flush(); err == nil; w.Flush() {
		select {
		case e := <-events:
			err = write(w, e)
		case <-beat.C:
			if kind == textSSE {
				_, err = io.WriteString(w, ":\n\n")
			}
		case <-ctx.Done():
			return
		}
	}
}

func writeSSE(w io.Writer, e event.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, data)
	return err
}

// writeEventLine writes an event for a terminal.
func writeEventLine(w io.Writer, e event.Event) error {
	var s sheet.Sheet
	message := e.Message
	if e.Total > 0 {
		message += fmt.Sprintf(" %d/%d", e.Done, e.Total)
	}
	if e.Outcome != "" {
		message += " (" + e.Outcome + ")"
	}
	s.Row(e.Time.UTC().Format("2006-01-02 15:04:05"), fmt.Sprintf("%-17s", e.Kind), fmt.Sprintf("%-18s", e.Subject), message)
	_, err := w.Write(s.Bytes())
	return err
}
