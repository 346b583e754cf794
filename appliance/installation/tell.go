package installation

import (
	"context"
	"fmt"
	"time"

	"edge/appliance/event"
)

// MaxLog is how many bytes of log a failed installation may send.
const MaxLog = 64 << 10

// ParseStep wants a step that an installation tells.
func ParseStep(s string) (Step, error) {
	for _, step := range []Step{Fetched, Installing, Installed, Failed} {
		if s == string(step) {
			return step, nil
		}
	}
	return "", fmt.Errorf("%w: there is no step %.40q", ErrUnknown, s)
}

// Tell writes down what an installation says of itself: that it fetched its kickstart from a medium, that it
// begins, has ended or failed, then with the last of its logs. It may while the link is valid, and for six
// hours after a fetch.
func (b *Book) Tell(ctx context.Context, secret string, step Step, log []byte, from string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, err := b.secretOf(secret)
	if err != nil {
		return err
	}
	e, now := b.entries[at], b.o.Now().UTC()
	if e.Revoked || now.After(e.until()) || e.Told >= maxTold*e.Uses {
		return fmt.Errorf("telling how an installation goes: %w", ErrGone)
	}
	message := fmt.Sprintf("installation %s of %s", e.ID, e.Blueprint)
	if step == Failed && len(log) > 0 {
		log = log[:min(len(log), MaxLog)]
		if err := b.write(b.logFile(e.ID), log); err != nil {
			return fmt.Errorf("keeping the log of installation %s: %w", e.ID, err)
		}
		e.LogSize = len(log)
		message += "; its log: appliance kickstart log " + e.ID
	}
	e.step(Past{now, step, from})
	e.Told++
	if err := b.change(at, e); err != nil {
		return fmt.Errorf("telling how installation %s goes: %w", e.ID, err)
	}
	kind := "device." + string(step)
	if step == Failed {
		kind = "device.install-failed" // the fleet has failures of its own
	}
	return b.o.Events.Record(ctx, event.Event{Kind: kind, Subject: e.subject(), Message: message})
}

// until is when an installation has nothing to tell any more.
func (e entry) until() time.Time {
	if last := e.Last.Add(tellWindow); last.After(e.Expires) {
		return last
	}
	return e.Expires
}
