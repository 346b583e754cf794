package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edge/appliance/podman"
)

const (
	probePause  = 250 * time.Millisecond // while an app becomes ready
	settlePause = time.Second            // while it must stay so
	lastChances = 3                      // probes that may fail at the end of the settling, one after the other
	startSpare  = time.Minute            // for a unit's job, beyond what the app is given to start
	idleSpare   = 5 * time.Second        // for a cold app, beyond its idle time, to fall asleep

	// podman tells systemd that a container is up through a process that ends at once. A systemd that is slow to read, on
	// a busy device, cannot tell any more whose word that was, and the unit fails with the result "protocol", whatever the
	// image. So often such a start is asked for again. Source: "Cannot find unit for notify message" in systemd's manager.c.
	unheard       = "protocol"
	unheardStarts = 2
)

// prove runs an image, and says why it cannot be kept: it does not start, does not serve, or does not stay.
func (c *candidate) prove(ctx context.Context, id string) error {
	if err := c.run(ctx, id, true); err != nil {
		return err
	}
	first, err := c.serving(ctx, id)
	if err != nil {
		return err
	}
	return c.settle(ctx, first)
}

// revive runs the image that served before.
func (c *candidate) revive(ctx context.Context, id string) error {
	if err := c.run(ctx, id, false); err != nil {
		return err
	}
	_, err := c.serving(ctx, id)
	return err
}

// run makes the unit run an image, which the followed tag names already. One that runs it is left alone.
func (c *candidate) run(ctx context.Context, id string, gently bool) error {
	if c.runs(ctx, id) {
		return nil
	}
	begun := time.Now()
	service, job := c.app.Service(), c.app.Service()
	if c.app.Cold {
		// The proxy needs the backend, and so brings it up together with itself. Started alone the backend
		// would be stopped at once, as nobody needs it.
		job = c.app.ProxyService()
		if err := c.sleep(ctx, gently); err != nil {
			return err
		}
	} else {
		_ = c.Session.Forgive(ctx, service) // fails where there is nothing to forgive
	}
	within, cancel := context.WithTimeout(ctx, c.start()+c.app.Stop+startSpare)
	defer cancel()
	for again := unheardStarts; ; again-- {
		err := c.launch(within, job)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if within.Err() != nil {
			return fmt.Errorf("%s did not start in time", service)
		}
		u, unknown := c.Session.Unit(ctx, service)
		if unknown != nil {
			return err
		}
		if u.Result != unheard || again == 0 {
			return c.why(ctx, service, u.Result, begun)
		}
	}
}

// launch has a unit started, whatever runs now, and waits for it.
func (c *candidate) launch(ctx context.Context, job string) error {
	if c.app.Cold {
		return c.Session.Start(ctx, job)
	}
	return c.Session.Restart(ctx, job)
}

// start is how long the app is given to become ready.
func (c *candidate) start() time.Duration {
	const usual = time.Minute // as the profile has it where it says nothing
	if c.app.Start <= 0 {
		return usual
	}
	return c.app.Start
}

// runs reports whether the unit is up and its container has this image.
func (c *candidate) runs(ctx context.Context, id string) bool {
	u, err := c.Session.Unit(ctx, c.app.Service())
	if err != nil || u.Active != "active" {
		return false
	}
	now, err := c.Session.Container(ctx, c.app.Container())
	return err == nil && now.Running && now.Image == id
}

// sleep brings a cold app to rest, listening. Gently waits until its clients have gone, as long as the idle
// time; those who stay are cut off, as they are when a warm app is restarted.
func (c *candidate) sleep(ctx context.Context, gently bool) error {
	for end := time.Now().Add(c.app.Idle + idleSpare); gently && time.Now().Before(end); {
		u, err := c.Session.Unit(ctx, c.app.Service())
		if err != nil {
			return err
		}
		if u.Active != "active" {
			break
		}
		if err := pause(ctx, settlePause); err != nil {
			return err
		}
	}
	if err := c.Session.Stop(ctx, c.app.ProxyService(), c.app.Service()); err != nil {
		return err
	}
	// A socket gives up when what it starts fails often. The units are forgiven first, or it would again.
	for _, unit := range []string{c.app.Service(), c.app.ProxyService(), c.app.Socket()} {
		_ = c.Session.Forgive(ctx, unit)
	}
	return c.Session.Start(ctx, c.app.Socket())
}

// serving waits until the app answers, and gives the container that does.
func (c *candidate) serving(ctx context.Context, id string) (podman.Container, error) {
	within, cancel := context.WithTimeout(ctx, c.start())
	defer cancel()
	for looked := time.Now(); ; {
		fault := c.Probe(within, c.app)
		if fault == nil {
			break
		}
		if time.Since(looked) >= settlePause {
			looked = time.Now()
			if err := c.given(ctx); err != nil {
				return podman.Container{}, fmt.Errorf("%w; it did not serve: %s", err, podman.Reason(fault))
			}
		}
		if pause(within, probePause) != nil {
			if ctx.Err() != nil {
				return podman.Container{}, ctx.Err()
			}
			return podman.Container{}, fmt.Errorf("not serving after %v: %s", c.start(), podman.Reason(fault))
		}
	}
	now, err := c.Session.Container(ctx, c.app.Container())
	switch {
	case errors.Is(err, podman.ErrNoContainer) || err == nil && !now.Running:
		return podman.Container{}, errors.New("something answers, but the container does not run")
	case err == nil && now.Image != id:
		return podman.Container{}, fmt.Errorf("the unit runs another image: is IMAGE in /etc/appliance/apps/%s.env still %q?", c.app.Unit, c.ref)
	}
	return now, err
}

// given is an error when systemd has given the unit up, for now or for good, so that waiting is in vain.
func (c *candidate) given(ctx context.Context) error {
	u, err := c.Session.Unit(ctx, c.app.Service())
	if err == nil && (u.Active == "failed" || u.Sub == "auto-restart") {
		return fmt.Errorf("%s ended (%s)", c.app.Service(), u.Result)
	}
	return nil
}

// settle waits until the app has stayed up for a while. The probes keep a cold app awake meanwhile.
func (c *candidate) settle(ctx context.Context, first podman.Container) error {
	every := settlePause
	if c.app.Cold && c.app.Idle > 0 {
		every = min(every, c.app.Idle/3)
	}
	for end := time.Now().Add(c.Profile.Updates.Settle); time.Now().Before(end); {
		if err := pause(ctx, min(every, time.Until(end))); err != nil {
			return err
		}
		if c.Probe(ctx, c.app) != nil {
			if err := c.same(ctx, first); err != nil {
				return err
			}
		}
	}
	var fault error
	for range lastChances {
		if fault = c.Probe(ctx, c.app); fault == nil {
			return c.same(ctx, first)
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
	return fmt.Errorf("it served at first, then no more: %s", podman.Reason(fault))
}

// same is an error when the container that served is not the one that runs.
func (c *candidate) same(ctx context.Context, first podman.Container) error {
	now, err := c.Session.Container(ctx, c.app.Container())
	switch {
	case errors.Is(err, podman.ErrNoContainer) || err == nil && !now.Running:
		return fmt.Errorf("it ended by itself within %v", time.Since(first.Since).Round(time.Second))
	case err == nil && (now.ID != first.ID || !now.Since.Equal(first.Since)):
		return errors.New("it ended by itself and was started again")
	}
	return err
}

// why says what kept a unit from starting: the last words of its program, which are in the journal.
func (c *candidate) why(ctx context.Context, service, result string, begun time.Time) error {
	how := fmt.Sprintf("%s did not start (%s)", service, result)
	if words := c.Session.LastWords(ctx, service, begun); words != "" {
		return fmt.Errorf("%s: %s", how, words)
	}
	return errors.New(how)
}
