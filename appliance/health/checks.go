package health

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
)

const (
	defaultDeadline = 30 * time.Second // of a check that names none
	defaultStart    = time.Minute      // for an application to become ready
	userPatience    = 30 * time.Second // for the user's manager to come up besides
)

// check is something to look at.
type check struct {
	name     string
	required bool
	deadline time.Duration // at the first attempt

	look   func(context.Context) error // once; the error is why it is not well
	again  func(context.Context) error // to see whether it stays well; nil: once is enough
	excuse func(context.Context) error // why a failure must not count; nil: nothing can excuse it
}

// final marks a fault that waiting does not heal.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// checks are those of the profile, then one for each of its applications.
func (d Device) checks(s Scope) []check {
	var all []check
	for _, c := range d.Profile.Checks {
		one := check{name: c.Name, required: c.Required, deadline: c.Deadline}
		if one.deadline <= 0 {
			one.deadline = defaultDeadline
		}
		d.arrange(&one, c)
		all = append(all, one)
	}
	for _, a := range d.Profile.Apps {
		one := check{name: "app " + a.Name, required: true, deadline: start(a) + userPatience}
		if a.Cold {
			d.arrangeSocket(&one, a)
		} else {
			d.arrangeServing(&one, a)
		}
		all = append(all, one)
	}
	if !s.Greenboot {
		return all
	}
	var some []check
	for _, c := range all {
		if c.required != s.Wanted {
			some = append(some, c)
		}
	}
	return some
}

// arrange gives a check its way of looking.
func (d Device) arrange(one *check, c profile.Check) {
	steady := func(look func(context.Context) error) { one.look, one.again = look, look }
	switch c.Kind {
	case profile.KindCommand:
		one.look = d.command(c)
	case profile.KindBinary:
		one.look = d.binary(c)
	case profile.KindFile:
		one.look = d.file(c)
	case profile.KindUnit:
		steady(d.unitActive(c))
	case profile.KindContainer:
		if app, ok := d.app(c.Target, one); ok {
			steady(d.container(app))
			one.excuse = d.imageMissing(app)
		}
	case profile.KindSocket:
		if app, ok := d.app(c.Target, one); ok {
			d.arrangeSocket(one, app)
		}
	case profile.KindHTTP:
		target, err := probe.FromURL(c.URL)
		if err == nil {
			target.Status = c.Status
			target.Body, err = pattern(c.Body)
		}
		steady(serving(target, err))
	case profile.KindTCP:
		steady(serving(probe.Target{Address: c.Target}, nil))
	case profile.KindDisk:
		steady(d.disk(c))
	case profile.KindClock:
		one.look = d.clock(c)
	default:
		one.look = never(fmt.Errorf("the kind %q is unknown to this version", c.Kind))
	}
}

// app is the application of a unit; where there is none the check can only fail.
func (d Device) app(unit string, one *check) (profile.App, bool) {
	for _, a := range d.Profile.Apps {
		if a.Unit == unit || a.Name == unit {
			return a, true
		}
	}
	one.look = never(fmt.Errorf("the profile has no app with the unit %q", unit))
	return profile.App{}, false
}

// never is a way of looking that has failed already.
func never(err error) func(context.Context) error {
	return func(context.Context) error { return final{err} }
}

// serving looks whether something answers.
func serving(t probe.Target, err error) func(context.Context) error {
	if err != nil {
		return never(err)
	}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, oneRequest)
		defer cancel()
		return probe.Once(ctx, t)
	}
}

// pattern is what a body must match; nil where nothing is asked for.
func pattern(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("reading the pattern %q: %w", text, err)
	}
	return re, nil
}

// target is where an application answers on this device.
func target(a profile.App) (probe.Target, error) {
	host := a.Bind
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	if a.Port <= 0 {
		return probe.Target{}, errors.New("the profile gives it no port")
	}
	body, err := pattern(a.Probe.Body)
	address := net.JoinHostPort(host, strconv.Itoa(a.Port))
	return probe.Target{Address: address, Path: a.Probe.Path, Status: a.Probe.Status, Body: body}, err
}

func start(a profile.App) time.Duration {
	if a.Start > 0 {
		return a.Start
	}
	return defaultStart
}
