package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"edge/appliance/command"
	"edge/appliance/probe"
	"edge/appliance/profile"
)

// oneRequest is how long an answer of something that runs may take.
const oneRequest = 10 * time.Second

// arrangeServing is the check of a warm application: it answers.
func (d Device) arrangeServing(one *check, a profile.App) {
	t, err := target(a)
	one.look = serving(t, err)
	one.again, one.excuse = one.look, d.imageMissing(a)
}

// arrangeSocket is the check of a cold application: its socket listens, its image is there, and a request
// wakes it. Later only the socket is looked at, so that the application may fall asleep again.
func (d Device) arrangeSocket(one *check, a profile.App) {
	t, err := target(a)
	if err != nil {
		one.look = never(err)
		return
	}
	one.again = d.listening(a)
	one.look = d.wakes(a, t)
	one.excuse = d.imageMissing(a)
}

func (d Device) listening(a profile.App) func(context.Context) error {
	return func(ctx context.Context) error {
		if d.User == nil {
			return d.noUser()
		}
		s, err := d.unit(ctx, d.User, "container-"+a.Unit+"-proxy.socket")
		if err == nil {
			err = s.fault()
		}
		if err != nil {
			return fmt.Errorf("socket: %w", err)
		}
		return nil
	}
}

// wakes asks through the socket. systemd listens whatever becomes of the application, so that a connection
// alone proves nothing: then its unit must have come up.
func (d Device) wakes(a profile.App, t probe.Target) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := d.listening(a)(ctx); err != nil {
			return err
		}
		if err := d.imageMissing(a)(ctx); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, start(a)+oneRequest)
		defer cancel()
		if err := probe.Once(ctx, t); err != nil || t.Path != "" {
			return err
		}
		s, err := d.unit(ctx, d.User, "container-"+a.Unit+".service")
		if err != nil {
			return err
		}
		return s.fault()
	}
}

// container looks at the container of an application: its health check passes, or it runs where the image
// brings none.
func (d Device) container(a profile.App) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := d.podman(ctx, "container", "inspect", a.Unit)
		if err != nil {
			return err
		}
		checked, err := parseContainer(out)
		if err != nil || !checked {
			return err
		}
		if _, err = d.podman(ctx, "healthcheck", "run", a.Unit); err != nil {
			return fmt.Errorf("health check: %w", err)
		}
		return nil
	}
}

// parseContainer reads what podman says of a container that should run, and whether it can be asked for
// its health. podman 4 and 5 agree in these fields.
func parseContainer(out []byte) (checked bool, err error) {
	var all []struct {
		State struct {
			Status  string
			Running bool
		}
		Config struct {
			Healthcheck *struct{ Test []string }
		}
	}
	if err := json.Unmarshal(out, &all); err != nil {
		return false, fmt.Errorf("reading what podman says: %w", err)
	}
	if len(all) != 1 {
		return false, fmt.Errorf("podman tells of %d containers, want 1", len(all))
	}
	if c := all[0]; !c.State.Running {
		return false, fmt.Errorf("the container is %s", oneLine(c.State.Status))
	}
	test := all[0].Config.Healthcheck
	return test != nil && len(test.Test) > 0 && test.Test[0] != "NONE", nil
}

// errNoImage is the cause where an image was never pulled.
var errNoImage = errors.New("the image is not pulled yet")

// imageMissing says that the image of an application is not there: the registry may be away, for which no
// deployment is to blame. It is nil also where podman cannot be asked, because that is a reason to worry.
func (d Device) imageMissing(a profile.App) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := d.podman(ctx, "image", "exists", a.Image)
		var failed *command.Error
		if errors.As(err, &failed) && failed.Exit == 1 {
			return fmt.Errorf("%w: %s", errNoImage, a.Image)
		}
		return nil
	}
}

func (d Device) podman(ctx context.Context, args ...string) ([]byte, error) {
	spec, err := d.asUser(command.Spec{Argv: append([]string{"podman"}, args...)})
	if err != nil {
		return nil, err
	}
	return d.Run.Run(ctx, spec)
}
