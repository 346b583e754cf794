package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"edge/appliance/event"
)

// Following says which events Events yields. The zero value yields what the server remembers and
// ends.
type Following struct {
	After  uint64      // the newest event that is known already
	Follow bool        // wait for more, through lost connections, until ctx ends
	Lost   func(error) // told of each lost connection; may be nil
}

const (
	silence    = 45 * time.Second // three heartbeats of the server
	firstPause = 500 * time.Millisecond
	longPause  = 15 * time.Second
)

// Events yields the server's diary. It ends with an error when the first connection fails, when
// the server refuses, or when ctx ends; each event comes once and in order.
func (c *Client) Events(ctx context.Context, f Following) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		after, pause, met := f.After, firstPause, false
		for {
			err := c.stream(ctx, after, f.Follow, func(e event.Event) bool {
				met, after, pause = true, e.ID, firstPause
				return yield(e, nil)
			}, func() { met = true })
			switch {
			case errors.Is(err, errStopped):
				return
			case ctx.Err() != nil:
				yield(event.Event{}, ctx.Err())
				return
			case err == nil && !f.Follow:
				return
			case err != nil && (!f.Follow || !met || final(err)):
				yield(event.Event{}, err)
				return
			}
			if f.Lost != nil {
				f.Lost(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
				pause = min(2*pause, longPause)
			}
		}
	}
}

// errStopped says that the reader wants no more.
var errStopped = errors.New("stopped")

// final reports whether asking again would only bring the same refusal.
func final(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status < 500 && p.Status != http.StatusTooManyRequests
}

// stream reads one connection to its end. A connection on which not even heartbeats come is dead.
func (c *Client) stream(ctx context.Context, after uint64, follow bool, each func(event.Event) bool, met func()) error {
	listening, hangUp := context.WithCancel(ctx)
	defer hangUp()
	call := get("events")
	call.Query = url.Values{}
	if after > 0 {
		call.Header = http.Header{"Last-Event-Id": {strconv.FormatUint(after, 10)}}
		call.Query.Set("after", strconv.FormatUint(after, 10))
	}
	if !follow {
		call.Query.Set("follow", "0")
	}
	resp, err := c.send(listening, call, asSSE)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	met()
	watchdog := time.AfterFunc(silence, hangUp)
	defer watchdog.Stop()
	for e, err := range readEvents(resp.Body, func() { watchdog.Reset(silence) }) {
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return c.explain(ctx, err)
		case !each(e):
			return errStopped
		}
	}
	return nil
}
