package health

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"edge/appliance/report"
)

const (
	shortPause = 50 * time.Millisecond // between two looks, at first
	longPause  = 2 * time.Second       // and later
	lastLook   = 10 * time.Second      // at what may excuse a failure
)

// watched is a check under way.
type watched struct {
	check
	err  error // why it is not well; nil when it is
	took time.Duration
}

// examine makes checks and gives them up to factor times their deadlines.
func (d Device) examine(ctx context.Context, checks []check, factor int) []report.Result {
	begin := time.Now()
	all := make([]*watched, len(checks))
	for i, c := range checks {
		c.deadline *= time.Duration(factor)
		all[i] = &watched{check: c}
	}
	whole, cancel := context.WithTimeout(ctx, d.Profile.Health.Deadline*time.Duration(factor))
	defer cancel()
	each(all, func(w *watched) {
		within, cancel := context.WithTimeout(whole, w.deadline)
		defer cancel()
		w.wait(within, begin)
	})
	d.settle(ctx, whole, all, begin)
	excused, stop := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer stop()
	results := make([]report.Result, len(all))
	each(all, func(w *watched) { w.excused(excused, d.Profile.Health.Always) })
	for i, w := range all {
		results[i] = report.Result{Name: w.name, Required: w.required, OK: w.err == nil, Reason: reason(w.err), Took: w.took}
	}
	return results
}

// each does something with all checks side by side.
func each(all []*watched, do func(*watched)) {
	var g sync.WaitGroup
	for _, w := range all {
		g.Go(func() { do(w) })
	}
	g.Wait()
}

// wait looks until the check is well, or ctx ends, or nothing can heal it. Where ctx ends in the middle
// of a look, what was wrong before says more.
func (w *watched) wait(ctx context.Context, begin time.Time) {
	from := time.Now()
	defer func() { w.took = time.Since(begin) }()
	for {
		err := w.look(ctx)
		if ctx.Err() == nil || w.err == nil || err == nil {
			w.err = err
		}
		var hopeless final
		if err == nil || errors.As(err, &hopeless) || !rest(ctx, pause(time.Since(from))) {
			return
		}
	}
}

// pause grows with the time that was waited already.
func pause(waited time.Duration) time.Duration {
	return min(max(waited/10, shortPause), longPause)
}

// rest waits for d; false when ctx ends before.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// settle sees that what is well stays so for Health.Settle: a container that is started again and again is
// well between two falls. What fails meanwhile has until the end of all checks to recover, and then all
// begin to count anew.
func (d Device) settle(ctx, whole context.Context, all []*watched, begin time.Time) {
	window := d.Profile.Health.Settle
	for window > 0 && worthy(all) {
		fallen := hold(ctx, all, window)
		if len(fallen) == 0 {
			return
		}
		if whole.Err() == nil {
			each(fallen, func(w *watched) { w.wait(whole, begin) })
		}
		for _, w := range fallen {
			if w.err != nil {
				w.err = fmt.Errorf("it did not stay well: %w", w.err)
			}
		}
	}
}

// worthy reports whether a window makes sense: nothing required has failed, and something can be looked at
// a second time.
func worthy(all []*watched) bool {
	some := false
	for _, w := range all {
		if w.err != nil && w.required {
			return false
		}
		some = some || w.err == nil && w.again != nil
	}
	return some
}

// hold looks again and again for the length of the window and returns the required checks that fell.
func hold(ctx context.Context, all []*watched, window time.Duration) (fallen []*watched) {
	var steady []*watched
	for _, w := range all {
		if w.err == nil && w.again != nil {
			steady = append(steady, w)
		}
	}
	end, pace := time.Now().Add(window), min(max(window/10, shortPause), longPause)
	for {
		left := time.Until(end)
		if !rest(ctx, max(min(pace, left), 0)) {
			return nil
		}
		each(steady, func(w *watched) {
			within, cancel := context.WithTimeout(ctx, oneRequest)
			defer cancel()
			if err := w.again(within); err != nil && ctx.Err() == nil {
				w.err = err
			}
		})
		for _, w := range steady {
			if w.err != nil && w.required {
				fallen = append(fallen, w)
			}
		}
		if len(fallen) > 0 || left <= pace {
			return fallen
		}
	}
}

// excused makes a wanted check of one that failed for a reason no deployment is to blame for, unless always
// asks for hardness.
func (w *watched) excused(ctx context.Context, always bool) {
	if w.err == nil || w.excuse == nil || always {
		return
	}
	if excuse := w.excuse(ctx); excuse != nil {
		w.err, w.required = excuse, false
	}
}
