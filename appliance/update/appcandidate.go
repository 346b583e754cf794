package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edge/appliance/podman"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
	"edge/appliance/report"
)

// candidate is an app while it is looked at, and perhaps updated.
type candidate struct {
	AppOptions
	app   profile.App
	ref   podman.Reference
	dir   *folder
	bad   *quarantine.Memory
	state AppState
}

// present is what an app has and runs. Image is zero where the followed tag names nothing.
type present struct {
	tagged  podman.Image // what the followed tag names
	from    podman.Image // what runs, or else what the tag names
	service podman.Unit
	socket  podman.Unit // of a cold app
}

const pullPatience = time.Hour // for one image over a slow line

// update takes one app through a run. An error is about this device, not about the new image.
func (c *candidate) update(ctx context.Context) (AppResult, error) {
	var err error
	if c.ref, err = podman.ParseReference(c.app.Image); err != nil {
		return AppResult{}, err
	}
	if c.state, err = c.dir.read(c.app.Unit); err != nil {
		c.state = AppState{} // history is not worth an outage; what runs is asked of podman anyway
	}
	c.state.Image = c.ref.String()
	if c.state.Trial != nil && !c.DryRun {
		if r, done, err := c.resume(ctx); done || err != nil {
			return r, err
		}
	}
	now, err := c.look(ctx)
	if err != nil {
		return AppResult{}, err
	}
	switch {
	case now.service.Load == "not-found":
		return AppResult{}, fmt.Errorf("unit %s is not installed: run \"appliance device install\"", c.app.Service())
	case now.from.ID == "":
		return c.first(ctx)
	}
	if stopped := c.stopped(now); stopped != "" {
		return AppResult{Did: Stopped, From: c.digest(now.from), Reason: fmt.Sprintf("%s is stopped; start it with \"systemctl --user start %s\"", stopped, stopped)}, nil
	}
	want, err := c.Remote.Digest(ctx, c.ref)
	switch {
	case ctx.Err() != nil:
		return AppResult{}, ctx.Err()
	case err != nil && c.DryRun:
		return AppResult{Did: Unreachable, From: c.digest(now.from), Reason: podman.Reason(err)}, nil
	case err != nil:
		return c.byTag(ctx, now, err)
	}
	return c.byDigest(ctx, now, want)
}

// look asks podman and systemd what is there.
func (c *candidate) look(ctx context.Context) (now present, err error) {
	if now.service, err = c.Session.Unit(ctx, c.app.Service()); err != nil {
		return present{}, err
	}
	if c.app.Cold {
		if now.socket, err = c.Session.Unit(ctx, c.app.Socket()); err != nil {
			return present{}, err
		}
	}
	if now.tagged, err = c.Session.Image(ctx, c.ref.String()); err != nil && !errors.Is(err, podman.ErrNoImage) {
		return present{}, err
	}
	running, err := c.Session.Container(ctx, c.app.Container())
	switch {
	case errors.Is(err, podman.ErrNoContainer):
	case err != nil:
		return present{}, err
	case running.Running && running.Image != now.tagged.ID:
		now.from, err = c.Session.Image(ctx, running.Image)
		return now, err
	}
	now.from = now.tagged
	return now, nil
}

// stopped is the unit that somebody has stopped, "" when nobody has. An app that fails is not stopped: an
// update may be its cure.
func (c *candidate) stopped(now present) string {
	if c.app.Cold && now.socket.Active == "inactive" {
		return c.app.Socket()
	}
	if !c.app.Cold && now.service.Active == "inactive" {
		return c.app.Service()
	}
	return ""
}

// digest is what the registry calls an image, as far as it is known. An image that came from no registry
// has none, and is called by its ID.
func (c *candidate) digest(i podman.Image) string {
	switch {
	case c.state.ID == i.ID && c.state.Digest != "":
		return c.state.Digest
	case i.Digest == "" && i.ID != "":
		return "sha256:" + i.ID
	}
	return i.Digest
}

// first pulls the image of an app that has none. Its unit, which could not start, tries again by itself.
func (c *candidate) first(ctx context.Context) (AppResult, error) {
	if c.DryRun {
		return AppResult{Did: Available, Reason: "no image is here yet"}, nil
	}
	i, err := c.pull(ctx, c.ref.String())
	if err != nil {
		return AppResult{Did: Unreachable, Reason: podman.Reason(err)}, nil
	}
	return AppResult{Did: Pulled, To: c.digest(i)}, nil
}

// byDigest updates to what the registry says the tag points at. The local tag moves only when the image is
// here, so a pull that is cut off changes nothing.
func (c *candidate) byDigest(ctx context.Context, now present, want string) (AppResult, error) {
	if b, held := c.held(want); held {
		return c.skip(now, b), c.aside(ctx, now)
	}
	to := now.tagged
	switch {
	case now.from.Has(want):
		to = now.from
	case now.tagged.Has(want):
	case c.DryRun:
		return AppResult{Did: Available, From: c.digest(now.from), To: want}, nil
	default:
		var err error
		if to, err = c.pull(ctx, c.ref.At(want)); err != nil {
			return AppResult{Did: Failed, From: c.digest(now.from), To: want, Reason: "pulling: " + podman.Reason(err)}, nil
		}
		if b, held := c.heldImage(to); held {
			// It was rolled back under its platform's digest; from now on the index is known as well.
			b.What = want
			if err := c.bad.Add(b); err != nil {
				return AppResult{}, err
			}
			return c.skip(now, b), c.Session.Drop(ctx, to.ID)
		}
	}
	return c.take(ctx, now, Pin{want, to.ID})
}

// byTag updates by "podman pull", which knows credentials and mirrors that we do not. It moves the tag, so
// the journal says beforehand where the tag belongs.
func (c *candidate) byTag(ctx context.Context, now present, unknown error) (AppResult, error) {
	if err := c.room(); err != nil {
		return AppResult{}, err
	}
	from := Pin{c.digest(now.from), now.from.ID}
	c.state.Trial = &Trial{Step: StepPull, From: from, Begun: time.Now().UTC()}
	if err := c.save(); err != nil {
		return AppResult{}, err
	}
	to, err := c.pull(ctx, c.ref.String())
	if ctx.Err() != nil {
		return AppResult{}, ctx.Err()
	}
	if err != nil {
		c.state.Trial = nil
		return AppResult{Did: Unreachable, From: from.Digest, Reason: podman.Reason(fmt.Errorf("%s; podman: %s", podman.Reason(unknown), podman.Reason(err)))}, c.save()
	}
	if b, held := c.heldImage(to); held {
		if err := c.Session.Tag(ctx, from.ID, c.ref.String()); err != nil {
			return AppResult{}, err
		}
		c.state.Trial = nil
		return c.skip(now, b), errors.Join(c.save(), c.Session.Drop(ctx, to.ID))
	}
	return c.take(ctx, now, Pin{c.digest(to), to.ID})
}

// take makes an image the one that runs, unless it is that already.
func (c *candidate) take(ctx context.Context, now present, to Pin) (AppResult, error) {
	from := Pin{c.digest(now.from), now.from.ID}
	if from.ID != to.ID {
		if c.DryRun {
			return AppResult{Did: Available, From: from.Digest, To: to.Digest}, nil
		}
		return c.begin(ctx, from, to)
	}
	r := AppResult{Did: Current, From: to.Digest, To: to.Digest}
	if c.DryRun {
		return r, nil
	}
	if now.tagged.ID != to.ID {
		if err := c.Session.Tag(ctx, to.ID, c.ref.String()); err != nil {
			return AppResult{}, err
		}
	}
	if c.state.Digest == to.Digest && c.state.ID == to.ID && c.state.Trial == nil {
		return r, nil // the usual case: nothing was pulled, nothing is written
	}
	if c.state.ID != to.ID {
		c.state.Since = time.Now().UTC()
	}
	c.state.Digest, c.state.ID, c.state.Trial = to.Digest, to.ID, nil
	return r, c.save()
}

func (c *candidate) pull(ctx context.Context, name string) (podman.Image, error) {
	if err := c.room(); err != nil {
		return podman.Image{}, err
	}
	c.Tell(c.app.Name, "pulling "+name)
	within, cancel := context.WithTimeout(ctx, pullPatience)
	defer cancel()
	return c.Session.Pull(within, name)
}

func (c *candidate) held(digest string) (report.Bad, bool) {
	if c.Force {
		return report.Bad{}, false
	}
	return c.bad.Has(digest, time.Now())
}

func (c *candidate) heldImage(i podman.Image) (report.Bad, bool) {
	for _, d := range append(i.Digests, c.digest(i)) {
		if b, held := c.held(d); held {
			return b, true
		}
	}
	return report.Bad{}, false
}

func (c *candidate) skip(now present, b report.Bad) AppResult {
	until := "until it is cleared"
	if !b.Until.IsZero() {
		until = "until " + b.Until.UTC().Format(time.RFC3339)
	}
	return AppResult{Did: Quarantined, From: c.digest(now.from), To: b.What,
		Reason: podman.Reason(fmt.Errorf("rolled back %d times, %s: %s", b.Times, until, b.Reason))}
}

// aside takes the followed tag from an image in quarantine, which somebody gave it by hand: the next start
// would run it.
func (c *candidate) aside(ctx context.Context, now present) error {
	if _, held := c.heldImage(now.tagged); !held || c.DryRun {
		return nil
	}
	good := now.from.ID
	if good == now.tagged.ID {
		good = c.state.ID // the one that was kept last
	}
	if good == "" || good == now.tagged.ID {
		return nil // there is nothing better
	}
	if here, err := c.Session.Exists(ctx, good); err != nil || !here {
		return err
	}
	return c.Session.Tag(ctx, good, c.ref.String())
}

func (c *candidate) save() error { return c.dir.write(c.app.Unit, c.state) }
