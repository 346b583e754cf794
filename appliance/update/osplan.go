package update

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"edge/appliance/profile"
)

// plan is when the device may reboot into what it has staged, and until when that may begin; the zero
// last is without an end, and the zero time of both is never.
func (r *osRun) plan(now time.Time) (at, last time.Time, err error) {
	since := r.state.Since
	if since.IsZero() {
		since = now
	}
	switch {
	case r.Force:
		return now, time.Time{}, nil
	case r.OS.Policy == profile.PolicyNow:
		return since.Add(r.share(r.OS.Delay)), time.Time{}, nil
	case r.OS.Policy == profile.PolicyWindow:
		return r.window(since, now)
	}
	return time.Time{}, time.Time{}, nil
}

// window finds the first window that leaves time to begin. Within it the device waits its share of the
// random delay, but never so long that the window or its grace is over.
func (r *osRun) window(since, now time.Time) (at, last time.Time, err error) {
	w := r.OS.Window
	from := now
	for range 2 {
		begin, end, err := w.Next(from)
		if errors.Is(err, profile.ErrNever) {
			return time.Time{}, time.Time{}, nil
		}
		if err != nil {
			return time.Time{}, time.Time{}, fmt.Errorf("finding the window %q: %w", w, err)
		}
		last = end.Add(-time.Second) // an end is not part of its window
		if grace := begin.Add(r.OS.Grace); r.OS.Grace > 0 && grace.Before(last) {
			last = grace
		}
		if !now.After(last) {
			if begin.Before(since) {
				begin = since // it came while the window was open
			}
			return begin.Add(r.share(min(r.OS.Delay, max(0, last.Sub(begin))))), last, nil
		}
		from = end
	}
	return time.Time{}, time.Time{}, fmt.Errorf("finding the window %q: none after %s leaves time", w, now.Format(time.RFC3339))
}

// share is this device's part of a delay. It follows from the device and the commit, so that another
// run does not draw another one, and the same device is not always the last.
func (r *osRun) share(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte("appliance os delay\n" + r.Device + "\n" + r.state.Commit))
	part := float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
	return time.Duration(part * float64(most)).Truncate(time.Second)
}
