package podman

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"time"

	"edge/appliance/probe"
	"edge/appliance/profile"
	"edge/appliance/report"
)

// Target is how an app on this device is probed: where its clients reach it, so that a cold app is woken.
func Target(a profile.App) (probe.Target, error) {
	host := a.Bind
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	t := probe.Target{Address: net.JoinHostPort(host, strconv.Itoa(a.Port)), Path: a.Probe.Path, Status: a.Probe.Status}
	if a.Probe.Body != "" {
		body, err := regexp.Compile(a.Probe.Body)
		if err != nil {
			return probe.Target{}, fmt.Errorf("probing app %q: %w", a.Name, err)
		}
		t.Body = body
	}
	return t, nil
}

// Backend is how the container of an app is probed itself, past the socket of a cold one.
func Backend(a profile.App) (probe.Target, error) {
	t, err := Target(a)
	if a.Cold {
		t.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Backend()))
	}
	return t, err
}

// Probe asks an app once whether it serves; it has five seconds to answer.
func Probe(ctx context.Context, a profile.App) error { return ask(ctx, a, Target) }

func ask(ctx context.Context, a profile.App, target func(profile.App) (probe.Target, error)) error {
	t, err := target(a)
	if err != nil {
		return err
	}
	const patience = 5 * time.Second
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return probe.Once(within, t)
}

// AppStatus is an app as it is now. What cannot be found out is told in Reason. A cold app that sleeps is
// not woken: it is ready when its socket listens and its image is there.
func (s *Session) AppStatus(ctx context.Context, a profile.App) report.App {
	r := report.App{Name: a.Name, Unit: a.Unit, Image: a.Image, Cold: a.Cold}
	unit, err := s.Unit(ctx, a.Service())
	if err != nil {
		r.State, r.Reason = "unknown", Reason(err)
		return r
	}
	r.State = unit.Active
	image, err := s.current(ctx, a)
	if err != nil {
		r.Reason = Reason(err)
	}
	r.Digest = image.Digest
	switch {
	case unit.Load == "not-found":
		r.Reason = fmt.Sprintf("unit %s is not installed", a.Service())
	case a.Cold && unit.Active != "active":
		s.sleeping(ctx, a, &r, unit, image.ID != "")
	case unit.Active != "active":
		r.Reason = join(fmt.Sprintf("unit %s is %s (%s, %s)", a.Service(), unit.Active, unit.Sub, unit.Result), r.Reason)
	default:
		// Past its socket, which would take the question for a request, and keep the app awake.
		if err := ask(ctx, a, Backend); err != nil {
			r.Reason = Reason(err)
		} else {
			r.Ready, r.Reason = true, ""
		}
	}
	return r
}

// current is the image that an app runs, or would at its next start.
func (s *Session) current(ctx context.Context, a profile.App) (Image, error) {
	c, err := s.Container(ctx, a.Container())
	switch {
	case err == nil && c.Running:
		return s.Image(ctx, c.Image)
	case err != nil && !errors.Is(err, ErrNoContainer):
		return Image{}, err
	}
	return s.Image(ctx, a.Image)
}

// sleeping fills in the state of a cold app whose container does not run.
func (s *Session) sleeping(ctx context.Context, a profile.App, r *report.App, service Unit, image bool) {
	socket, err := s.Unit(ctx, a.Socket())
	switch {
	case err != nil:
		r.Reason = Reason(err)
	case service.Active == "failed":
		r.Reason = join(fmt.Sprintf("unit %s failed (%s)", a.Service(), service.Result), r.Reason)
	case socket.Active != "active":
		r.State = socket.Active
		r.Reason = join(fmt.Sprintf("socket %s is %s (%s)", a.Socket(), socket.Active, socket.Result), r.Reason)
	default:
		r.State, r.Ready = "listening", image
	}
}

func join(first, second string) string {
	if second == "" {
		return first
	}
	return first + "; " + second
}
