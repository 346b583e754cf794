package fleet

import (
	"context"
	"fmt"
	"time"

	"edge/appliance/event"
	"edge/appliance/report"
)

// bucket limits how often a device may write: burst reports at once, one each interval in the long run.
type bucket struct {
	level float64
	at    time.Time
}

const (
	burst    = 5
	interval = 5 * time.Second
)

// take returns how long to wait when the bucket is empty. A clock that was set back shuts nobody out.
func (b *bucket) take(now time.Time) time.Duration {
	if b.at.IsZero() {
		b.level = burst
	} else {
		b.level = min(burst, b.level+float64(max(now.Sub(b.at), 0))/float64(interval))
	}
	b.at = now
	if b.level < 1 {
		return time.Duration((1 - b.level) * float64(interval))
	}
	b.level--
	return 0
}

// Report takes a signed status of the device with an ID in. It must be signed with the key of that device
// and newer than its last one; only then does it count for how often the device has reported, so that
// nobody else can use that up.
func (f *Fleet) Report(ctx context.Context, id string, signed []byte) error {
	err := f.report(ctx, id, signed)
	if err != nil {
		return fmt.Errorf("taking the report of device %.16q: %w", id, err)
	}
	return nil
}

func (f *Fleet) report(ctx context.Context, id string, signed []byte) error {
	f.mu.RLock()
	d := f.devices[id]
	f.mu.RUnlock()
	if d == nil {
		return ErrUnknown
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.removed {
		return ErrUnknown
	}
	s, err := report.Open(signed, d.member.Key)
	if err != nil {
		return err
	}
	if s.Serial <= d.serial {
		return fmt.Errorf("%w: its serial is %d, and %d was there before", ErrStale, s.Serial, d.serial)
	}
	now := f.o.Now().UTC()
	if wait := d.bucket.take(now); wait > 0 {
		return &TooSoonError{wait}
	}
	a, err := f.account(id)
	if err != nil {
		a = account{} // a damaged disk; what comes now is whole again
	}
	changes := transitions(a.Status, &s, now)
	a = account{Contact: now, Status: &s, History: append(a.History, changes...)}
	if n := len(a.History); n > maxHistory {
		a.History = a.History[n-maxHistory:]
	}
	if err := f.writeJSON(f.file(id, statusSuffix), a, false); err != nil {
		return err
	}
	d.take(a)
	for _, c := range changes {
		f.o.Events.Append(event.Event{Kind: c.Kind, Subject: s.Name + "/" + id, Message: c.Message, Actor: event.Actor(ctx)})
	}
	return nil
}
