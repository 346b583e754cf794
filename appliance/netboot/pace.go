package netboot

import (
	"sync"
	"time"
)

// How much is answered. Firmware asks at 0, 4, 12 and 28 seconds, so a rack that is switched on at once is answered
// within half a minute, and nobody can fill the network or the diary with forged requests.
const (
	pause     = 500 * time.Millisecond // before one machine has the same answer again
	perSecond = 5                      // of all together,
	burst     = 50                     // after a silence
	maxSeen   = 1024                   // answers that are remembered
)

// pace decides whether there is time for one more answer. It is safe for concurrent use.
type pace struct {
	now func() time.Time

	mu   sync.Mutex
	left float64 // answers
	last time.Time
	seen map[answered]time.Time
}

// answered is what one machine was answered.
type answered struct {
	mac  MAC
	kind byte
}

func newPace(now func() time.Time) *pace {
	return &pace{now: now, left: burst, last: now(), seen: map[answered]time.Time{}}
}

func (p *pace) admit(m MAC, kind byte) bool {
	a := answered{m, kind}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.left = min(burst, p.left+now.Sub(p.last).Seconds()*perSecond)
	p.last = now
	if before, known := p.seen[a]; p.left < 1 || known && now.Sub(before) < pause {
		return false
	}
	if len(p.seen) >= maxSeen {
		clear(p.seen)
	}
	p.left--
	p.seen[a] = now
	return true
}
