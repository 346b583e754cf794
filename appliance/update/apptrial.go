package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edge/appliance/podman"
	"edge/appliance/quarantine"
	"edge/appliance/report"
)

// errGoingDown is the cause when the user's systemd stops its units: then nothing can be said of an image.
var errGoingDown = errors.New("the device is going down; the next run goes on")

// maxTries is how many runs may be cut off in the middle of one trial. An image that takes the whole
// device down would never be judged otherwise.
const maxTries = 3

// begin opens a trial. Until its journal is written, nothing has changed but a spare name for the old image,
// which keeps it from being pruned.
func (c *candidate) begin(ctx context.Context, from, to Pin) (AppResult, error) {
	if err := c.room(); err != nil {
		_ = c.Session.Drop(ctx, to.ID) // it may be what took the space
		return AppResult{}, err
	}
	if err := c.Session.Tag(ctx, from.ID, c.previous()); err != nil {
		return AppResult{}, err
	}
	c.state.Trial = &Trial{Step: StepTry, From: from, To: to, Begun: time.Now().UTC(), Tries: 1, Failed: c.failures(to.Digest)}
	if err := c.save(); err != nil {
		return AppResult{}, err
	}
	return c.try(ctx)
}

// previous is the local name of the image before the present one.
func (c *candidate) previous() string { return "localhost/appliance/" + c.app.Unit + ":previous" }

// resume finishes what a run before this one began. Not done means that the run goes on as usual.
func (c *candidate) resume(ctx context.Context) (r AppResult, done bool, err error) {
	t := c.state.Trial
	switch t.Step {
	case StepPull:
		// The pull may have moved the tag, and a boot may have started what it points at. With both back where
		// they belong, the usual way finds out what to do.
		if err := c.Session.Tag(ctx, t.From.ID, c.ref.String()); err != nil {
			return AppResult{}, true, err
		}
		now, err := c.Session.Container(ctx, c.app.Container())
		if err == nil && now.Running && now.Image != t.From.ID {
			err = c.run(ctx, t.From.ID, true)
		}
		if err != nil && !errors.Is(err, podman.ErrNoContainer) {
			return AppResult{}, true, err
		}
		c.state.Trial = nil
		return AppResult{}, false, c.save()
	case StepTry:
		c.Tell(c.app.Name, "going on with an update that was interrupted")
		if t.Tries >= maxTries {
			r, err = c.back(ctx, fmt.Errorf("interrupted %d times while it was tried", t.Tries))
			return r, true, err
		}
		t.Tries++
		if err := c.save(); err != nil {
			return AppResult{}, true, err
		}
		r, err = c.try(ctx)
		return r, true, err
	}
	c.Tell(c.app.Name, "going back after an update that was interrupted")
	r, err = c.back(ctx, errors.New(t.Reason))
	return r, true, err
}

// try runs the new image and judges it. Each step may be done again.
func (c *candidate) try(ctx context.Context) (AppResult, error) {
	t := c.state.Trial
	c.Tell(c.app.Name, "trying "+t.To.Digest)
	fault := c.Session.Tag(ctx, t.To.ID, c.ref.String())
	if fault == nil {
		fault = c.prove(ctx, t.To.ID)
	}
	if fault == nil {
		return c.keep(ctx)
	}
	if err := c.undecided(ctx); err != nil {
		return AppResult{}, err
	}
	return c.back(ctx, fault)
}

// undecided says why a failure cannot be held against an image.
func (c *candidate) undecided(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.Session.Stopping(ctx) {
		return errGoingDown
	}
	return nil
}

// keep closes a trial that went well.
func (c *candidate) keep(ctx context.Context) (AppResult, error) {
	t, older, now := *c.state.Trial, c.state.Previous, time.Now().UTC()
	c.state.Digest, c.state.ID, c.state.Since = t.To.Digest, t.To.ID, now
	c.state.Previous, c.state.Trial = &t.From, nil
	c.state.Update = &report.Update{Time: now, From: t.From.Digest, To: t.To.Digest, Outcome: string(Updated)}
	if err := c.save(); err != nil {
		return AppResult{}, err
	}
	r := AppResult{Did: Updated, From: t.From.Digest, To: t.To.Digest}
	if _, err := c.bad.Clear(t.To.Digest); err != nil && !errors.Is(err, quarantine.ErrNothing) {
		r.Reason = podman.Reason(err)
	}
	if older != nil && older.ID != t.To.ID && older.ID != t.From.ID {
		// Room for the next one. What cannot be removed now costs disk and nothing else.
		_ = c.Session.Drop(ctx, older.ID)
	}
	return r, nil
}

// back closes a trial that went wrong: first the memory, so that nothing is tried twice however this ends,
// then the old image.
func (c *candidate) back(ctx context.Context, fault error) (AppResult, error) {
	t := c.state.Trial
	c.Tell(c.app.Name, "going back to "+t.From.Digest+": "+podman.Reason(fault))
	t.Step, t.Reason = StepBack, podman.Reason(fault)
	saved := c.save() // a full disk must not keep the app down
	remembered := c.remember(t)
	broken := c.restore(ctx, t)
	if broken != nil {
		if err := c.undecided(ctx); err != nil {
			return AppResult{}, err
		}
	}
	u := report.Update{Time: time.Now().UTC(), From: t.From.Digest, To: t.To.Digest, Outcome: string(RolledBack), Reason: t.Reason}
	if broken != nil {
		u.Outcome = string(Failed)
		u.Reason = podman.Reason(fmt.Errorf("%s; and the old image does not serve: %s", t.Reason, podman.Reason(broken)))
	}
	r := AppResult{Did: Did(u.Outcome), From: u.From, To: u.To, Reason: u.Reason}
	bad := t.To.ID
	c.state.Update, c.state.Trial = &u, nil
	if err := errors.Join(saved, remembered, c.save()); err != nil {
		return AppResult{}, fmt.Errorf("%s: %w", r.Reason, err)
	}
	_ = c.Session.Drop(ctx, bad) // see keep
	return r, nil
}

// remember puts the image into quarantine, once for each trial.
func (c *candidate) remember(t *Trial) error {
	if c.failures(t.To.Digest) > t.Failed {
		return nil // an earlier run got as far as this
	}
	return c.bad.Add(report.Bad{Kind: quarantine.App, What: t.To.Digest, Name: c.app.Name, Since: time.Now().UTC().Truncate(time.Second), Reason: t.Reason})
}

// failures is how often an image is known to have failed.
func (c *candidate) failures(digest string) int {
	list, _ := c.bad.List() // what cannot be read remembers nothing
	for _, b := range list {
		if b.What == digest {
			return b.Times
		}
	}
	return 0
}

// restore makes the old image serve again.
func (c *candidate) restore(ctx context.Context, t *Trial) error {
	if err := c.Session.Tag(ctx, t.From.ID, c.ref.String()); err != nil {
		return err
	}
	if p := c.state.Previous; p != nil {
		_ = c.Session.Tag(ctx, p.ID, c.previous()) // where it was before the trial
	}
	return c.revive(ctx, t.From.ID)
}
