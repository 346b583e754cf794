// Package event keeps the appliance's diary: an ordered, bounded log that
// any number of readers may follow from any point.
//
// A reader owns its own cursor, so a slow reader delays nobody. One that
// falls further behind than the log remembers sees a Gap event and goes on.
// The audit file beside it keeps every mutation for good. The package does
// not know what the events mean.
package event

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// Event is one line of the diary.
type Event struct {
	ID      uint64    `json:"id"`
	Time    time.Time `json:"time"`
	Kind    string    `json:"kind"`    // "release.imported", "release.published", …
	Subject string    `json:"subject"` // NAME@VERSION or NAME
	Message string    `json:"message"`
	Done    int       `json:"done,omitempty"`
	Total   int       `json:"total,omitempty"`
	Actor   string    `json:"actor,omitempty"`   // who did it; Record takes it from the context
	Outcome string    `json:"outcome,omitempty"` // "" means done; otherwise what stopped it
}

// Gap is the kind of the event that stands for events forgotten before the
// reader came for them. Its ID is the one before the oldest that is left.
const Gap = "gap"

// Log is a bounded, in-memory diary. The zero value is not usable; see NewLog.
type Log struct {
	mu    sync.Mutex
	keep  int
	ring  []Event // grows to keep, then wraps
	start int     // index in ring of the oldest event
	base  uint64  // the ID before the first of this process
	last  uint64
	grown chan struct{} // nil, or closed and dropped at the next Append
	now   func() time.Time

	audit audit
}

// NewLog returns a Log that remembers the newest keep events, at least one.
// IDs go up by one from the time of the call in microseconds since 1970, and
// so above those of every earlier process that wrote less than a million
// events a second.
func NewLog(keep int) *Log { return newLog(keep, time.Now) }

func newLog(keep int, now func() time.Time) *Log {
	base := uint64(now().UnixMicro()) - 1
	return &Log{keep: max(keep, 1), base: base, last: base, now: now}
}

// Append writes e at the end of the log, giving it an ID and a time.
func (l *Log) Append(e Event) Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID, e.Time = l.last, l.now().UTC()
	if len(l.ring) < l.keep {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.start] = e
		l.start = (l.start + 1) % l.keep
	}
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return e
}

// Last is the newest ID given; before the first Append it is the one before
// that event's. A reader that starts from it sees only what is new.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// batch is how many events Follow copies at a time: what a reader that
// stands still can hold.
const batch = 64

// Follow yields every event after the given ID and then waits for more,
// until ctx ends or the caller breaks. After 0 yields all that is remembered.
// An ID that this log has forgotten or never gave, such as one of an earlier
// process, yields a Gap first and then all that is remembered.
func (l *Log) Follow(ctx context.Context, after uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			events, grown := l.after(after, batch)
			for _, e := range events {
				if ctx.Err() != nil || !yield(e) {
					return
				}
				after = e.ID
			}
			if grown == nil {
				continue // there was more than a batch
			}
			select {
			case <-ctx.Done():
				return
			case <-grown:
			}
		}
	}
}

// Since is what Follow would yield now without waiting.
func (l *Log) Since(after uint64) []Event {
	events, _ := l.after(after, l.keep)
	return events
}

// after returns at most limit events, not counting a Gap, and when they are
// all there is, a channel that closes once there are more.
func (l *Log) after(cursor uint64, limit int) ([]Event, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []Event
	before := l.last - uint64(len(l.ring)) // the ID before the oldest that is left
	if l.lost(cursor, before) {
		events = append(events, Event{ID: before, Time: l.now().UTC(), Kind: Gap,
			Message: "earlier events are forgotten; read the present state anew"})
	}
	if cursor < before || cursor > l.last {
		cursor = before
	}
	n := min(int(l.last-cursor), limit)
	from := (l.start + int(cursor-before)) % max(len(l.ring), 1)
	head := min(n, len(l.ring)-from)
	events = append(slices.Grow(events, n), l.ring[from:from+head]...)
	events = append(events, l.ring[:n-head]...)
	if cursor+uint64(n) < l.last {
		return events, nil
	}
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return events, l.grown
}

// lost reports whether a reader at cursor has missed anything: a cursor of 0
// asks for what there is, so it has only when this process forgot.
func (l *Log) lost(cursor, before uint64) bool {
	if cursor == 0 {
		return before > l.base
	}
	return cursor < before || cursor > l.last
}
