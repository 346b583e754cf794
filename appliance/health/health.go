// Package health judges a boot: it makes the checks of the profile, knows whether a new deployment is on
// trial, remembers each verdict and why a deployment was given up, and where greenboot is absent it counts
// boots and rolls back itself.
//
// It knows greenboot's folders, variables and two implementations (bash 0.15, Rust 0.16), but neither how
// deployments are made nor how applications are updated: whoever does that is handed in.
package health

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/report"
)

// Runner runs programs; command.Programs is the real one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// OS is the operating system as deployments.
type OS interface {
	// Deployments are all of them, first the one that is booted by default.
	Deployments(ctx context.Context) ([]report.Deployment, error)
	// Rollback exchanges the two first deployments that are not staged.
	Rollback(ctx context.Context) error
}

// Device is the device that is judged. Only the profile must be given; what else is left out is as it is
// on a running system.
type Device struct {
	Profile profile.Profile
	User    *command.User    // who runs the applications; nil: checks that need the account fail
	OS      OS               // nil: nobody can name deployments; only variables of GRUB tell what is on trial
	Run     Runner           // nil: command.Programs
	Root    string           // "": /
	State   string           // folder of what is remembered; "": /var/lib/appliance/health below Root
	Now     func() time.Time // nil: time.Now
	Built   time.Time        // of this program, for checks of the clock; zero: what the compiler left in it
	Out     io.Writer        // gets what scripts say that went well; nil: nobody

	// OnRollback is told of each rollback, once, in the first boot after it; where it fails it is told
	// again at the next check. nil keeps the news for later.
	OnRollback func(report.Rollback) error
}

// Scope says which checks are made, and what their outcome means.
type Scope struct {
	Greenboot bool // as a script of greenboot's or of Judge: the boot is recorded, and the policy decides
	Wanted    bool // with Greenboot: the wanted checks instead of the required ones
}

// Outcome is what checks have found.
type Outcome struct {
	Results []report.Result // in the order of the profile, then of the applications
	Trial   Trial           // known with Scope.Greenboot only
	Healthy bool            // each required check is well
	Fail    bool            // what the exit status must say
	Notes   []string        // what went wrong besides, and changes nothing
}

// Check makes the checks, all at once and each until it is well or its time is over; what is well must then
// stay so for Health.Settle. With Scope.Greenboot a required check that fails makes Outcome.Fail only while
// a new deployment is on trial, or with Health.Always; otherwise a network that is down would make
// greenboot reboot a device that no reboot can heal. A wanted one makes it always, which is what
// greenboot tells and takes no notice of. The error is ctx's; the outcome is complete all the same.
func (d Device) Check(ctx context.Context, s Scope) (Outcome, error) {
	d = d.complete()
	var o Outcome
	var now scene
	if s.Greenboot {
		now = d.begin(ctx)
		o.Trial, o.Notes = now.trial, now.notes
	}
	// greenboot's own configuration may grant more boots than the profile, whose script is ended by then.
	o.Results = d.examine(ctx, d.checks(s), min(o.Trial.factor(), d.Profile.Health.Attempts+1))
	o.Healthy = len(failing(o.Results, true)) == 0
	switch {
	case !s.Greenboot:
		o.Fail = !o.Healthy
	case s.Wanted:
		o.Fail = len(failing(o.Results, false)) > 0
	default:
		// Who is interrupted has not seen that all is well.
		o.Fail = (!o.Healthy || ctx.Err() != nil) && (o.Trial.On || d.Profile.Health.Always)
	}
	if s.Greenboot {
		// The folder may be full or read-only: that must not make a good deployment a bad one.
		err := d.shelf().update(context.WithoutCancel(ctx), now.fresh(), func(r *record) {
			r.merge(o.Results)
			if o.Fail && !s.Wanted && ctx.Err() == nil {
				r.Verdict = report.Red
			}
		})
		if err != nil {
			o.Notes = append(o.Notes, reason(err))
		}
	}
	return o, ctx.Err()
}

// failing are the results that are not well: the required ones, or all.
func failing(results []report.Result, required bool) []report.Result {
	var bad []report.Result
	for _, r := range results {
		if !r.OK && (r.Required || !required) {
			bad = append(bad, r)
		}
	}
	return bad
}

// Longest is the time that Check can take in the last of so many attempts; a script that calls it must not
// be ended before.
func Longest(h profile.Health, attempts int) time.Duration {
	h = withDefaults(h)
	return time.Duration(max(attempts, 1))*h.Deadline + h.Settle + lastLook + osPatience
}

// withDefaults fills in what a profile that was not parsed leaves out.
func withDefaults(h profile.Health) profile.Health {
	if h.Attempts <= 0 {
		h.Attempts = 3
	}
	if h.Deadline <= 0 {
		h.Deadline = 5 * time.Minute
	}
	return h
}

func (d Device) complete() Device {
	d.Profile.Health = withDefaults(d.Profile.Health)
	if d.Run == nil {
		d.Run = command.Programs{}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.State == "" {
		d.State = d.path("/var/lib/appliance/health")
	}
	if d.Out == nil {
		d.Out = io.Discard
	}
	return d
}

// path is a file of the device.
func (d Device) path(name string) string { return filepath.Join("/", d.Root, name) }

func (d Device) shelf() shelf { return shelf{d.State} }
