package update

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"edge/appliance/command"
	"edge/appliance/podman"
	"edge/appliance/profile"
)

// PrepullOptions says what Prepull fetches.
type PrepullOptions struct {
	Profile  profile.Profile
	Session  *podman.Session        // of the profile's user
	Deadline time.Duration          // for all of it; 0: until ctx ends
	Tell     func(app, what string) // hears what is under way, from several goroutines; nil: nobody
}

const (
	prepullAtOnce = 3
	firstBackoff  = 2 * time.Second
	mostBackoff   = 2 * time.Minute
)

// Prepull fetches the image of every app that has none, and does not let go before it is there: a device
// may be installed long before its network works. Waits between attempts grow, and vary, so that a whole
// site that was switched on together does not ask together. The error names what is still missing.
func Prepull(ctx context.Context, o PrepullOptions) ([]AppResult, error) {
	if o.Tell == nil {
		o.Tell = func(string, string) {}
	}
	within := ctx
	if o.Deadline > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, o.Deadline)
		defer cancel()
	}
	results := make([]AppResult, len(o.Profile.Apps))
	faults := make([]error, len(results))
	var group errgroup.Group
	group.SetLimit(prepullAtOnce)
	for i, a := range o.Profile.Apps {
		group.Go(func() error {
			results[i], faults[i] = o.fetch(within, a)
			return nil
		})
	}
	_ = group.Wait() // faults has them
	return results, errors.Join(faults...)
}

// fetch pulls one image until it is here.
func (o PrepullOptions) fetch(ctx context.Context, a profile.App) (AppResult, error) {
	r := AppResult{App: a.Name, Unit: a.Unit, Did: Current}
	var fault error
	for n := 0; ; n++ {
		here, err := o.Session.Exists(ctx, a.Image)
		if here {
			return r, nil
		}
		if err == nil {
			r.Did = Pulled
			o.Tell(a.Name, "pulling "+a.Image)
			var image podman.Image
			if image, err = o.Session.Pull(ctx, a.Image); err == nil {
				r.To = image.Digest
				return r, nil
			}
		}
		if errors.Is(err, command.ErrNotFound) {
			r.Did, r.Reason = Failed, podman.Reason(err)
			return r, err // which no waiting mends
		}
		if ctx.Err() == nil {
			fault = err // the last one that was the registry's and not the clock's
		}
		wait := backoff(n)
		if fault != nil && ctx.Err() == nil {
			o.Tell(a.Name, fmt.Sprintf("%s; again in %v", podman.Reason(fault), wait.Round(100*time.Millisecond)))
		}
		if stop := pause(ctx, wait); stop != nil {
			if fault == nil {
				fault = stop
			}
			r.Did, r.Reason = Unreachable, podman.Reason(fault)
			return r, fmt.Errorf("pulling %q for app %q, %d attempts: %w", a.Image, a.Name, n+1, errors.Join(stop, fault))
		}
	}
}

// backoff is how long to wait after attempt n, from 0: twice as long each time, and between half and all of it.
func backoff(n int) time.Duration {
	d := mostBackoff
	if n < 10 { // before the shift could overflow
		d = min(firstBackoff<<n, mostBackoff)
	}
	return d/2 + rand.N(d/2)
}
