package release

import (
	"time"

	"edge/appliance/event"
	"edge/appliance/ostree"
)

// pace is the time between two progress events of one operation, unless a new stage begins.
const pace = 200 * time.Millisecond

// progress returns a report that tells the diary, not more often than a person can read.
func (p *Publisher) progress(kind, subject string) func(ostree.Progress) {
	var last time.Time
	var stage string
	return func(at ostree.Progress) {
		now := time.Now()
		if at.Stage == stage && now.Sub(last) < pace {
			return
		}
		last, stage = now, at.Stage
		p.o.Events.Append(event.Event{
			Kind: kind, Subject: subject, Message: at.Stage + " " + at.Unit, Done: int(at.Done), Total: int(at.Total),
		})
	}
}
