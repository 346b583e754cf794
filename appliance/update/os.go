package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/report"
)

// OSEngine changes the deployments of the operating system; deployment.System is one.
type OSEngine interface {
	Deployments(ctx context.Context) ([]report.Deployment, error)
	Available(ctx context.Context) (report.Deployment, error)
	Difference(ctx context.Context, from, to string) (string, error)
	Upgrade(ctx context.Context) error
	DropStaged(ctx context.Context) error
	Pin(ctx context.Context, commit string, keep bool) error
}

// OSMemory remembers the commits that were rolled back; quarantine.Memory is one.
type OSMemory interface {
	Has(what string, now time.Time) (report.Bad, bool)
	Add(b report.Bad) error
}

// Runner runs programs; command.Programs is the real one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// OSOptions is what OS needs. Only the fields without a zero value in their comment must be set.
type OSOptions struct {
	OS     profile.OS
	Engine OSEngine
	Memory OSMemory
	Trial  func(ctx context.Context) (bool, error) // whether the booted deployment is still on trial; nil: never
	Run    Runner
	State  string                                           // folder of root's own: /var/lib/appliance/os
	Gate   string                                           // folder of programs that must agree to a reboot; "": none
	Notice string                                           // file that tells who logs in of an update: /run/motd.d/50-appliance-os; "": none
	Config string                                           // rpm-ostreed.conf; "": /etc/rpm-ostreed.conf
	Disk   string                                           // what lies on the file system of the deployments; "": /ostree/repo
	Boot   string                                           // ID of this boot
	Device string                                           // what tells this device from others, such as /etc/machine-id: it decides on the random delay
	Now    func() time.Time                                 // nil: time.Now
	Sleep  func(ctx context.Context, d time.Duration) error // nil: really
	Tell   func(text string)                                // a line for the journal; nil: nobody
	Space  func(path string) (free, size uint64, err error) // nil: statfs
	Force  bool                                             // whatever the quarantine, the window and the delay say
	DryRun bool                                             // changes nothing, but for the commit object that looking downloads
}

// OSAction is what became of a run of OS.
type OSAction string

// Actions. After those up to OSStaged nothing is to be done before the next run; OSWaiting and OSHeld
// are on their way.
const (
	OSOff         OSAction = "off"         // the policy is to do nothing
	OSCurrent     OSAction = "current"     // nothing is newer than what is booted
	OSAvailable   OSAction = "available"   // something newer is there, and is only told
	OSQuarantined OSAction = "quarantined" // the newest was rolled back
	OSOnTrial     OSAction = "on trial"    // what is booted must prove itself first
	OSStaged      OSAction = "staged"      // the next reboot takes it
	OSWaiting     OSAction = "waiting"     // staged; the reboot is planned for a time
	OSHeld        OSAction = "held"        // staged; something keeps the device from rebooting
	OSRebooting   OSAction = "rebooting"
)

// OSOutcome is what a run of OS found and did.
type OSOutcome struct {
	Action     OSAction          `json:"action"`
	From       report.Deployment `json:"from,omitzero"`        // what is booted
	To         report.Deployment `json:"to,omitzero"`          // what is newest, or staged
	At         time.Time         `json:"at,omitzero"`          // of OSWaiting: the planned reboot
	Reason     string            `json:"reason,omitempty"`     // one line; "" where Action says it all
	Difference string            `json:"difference,omitempty"` // package by package, where the engine can tell and something was found
}

// osLongest is the longest stay in one run: the timer's unit allows for twelve hours.
const osLongest = 11 * time.Hour

// OS brings the operating system up to date as far as the policy goes. A timer calls it, and at any time
// it may be cut off: what it did is found again in the deployments themselves and a small file.
//
// ErrRunning is the cause when another run is under way, ErrEngine when something else updates this
// device. A run stays until the planned reboot when that is nearer than the next run, and looks at
// everything anew before it reboots.
func OS(ctx context.Context, o OSOptions) (OSOutcome, error) {
	if o.OS.Policy == profile.PolicyOff && !o.Force {
		return OSOutcome{Action: OSOff}, nil
	}
	o = o.complete()
	leave := o.Now().Add(min(o.OS.Every+o.OS.Every/2, osLongest))
	for {
		out, again, err := o.once(ctx)
		if err != nil {
			return out, fmt.Errorf("updating the operating system: %w", err)
		}
		if again.IsZero() || again.After(leave) || o.DryRun {
			return out, nil
		}
		o.tell(out)
		if err := o.Sleep(ctx, again.Sub(o.Now())); err != nil {
			return out, err
		}
	}
}

func (o OSOptions) complete() OSOptions {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = pause
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	if o.Trial == nil {
		o.Trial = func(context.Context) (bool, error) { return false, nil }
	}
	if o.Space == nil {
		o.Space = diskSpace
	}
	if o.Config == "" {
		o.Config = "/etc/rpm-ostreed.conf"
	}
	if o.Disk == "" {
		o.Disk = "/ostree/repo"
	}
	return o
}

func (o OSOptions) tell(out OSOutcome) {
	text := fmt.Sprintf("%s: %s", osTitle(out.To), out.Action)
	if !out.At.IsZero() {
		text += " until " + out.At.Format(time.RFC3339)
	}
	if out.Reason != "" {
		text += ": " + out.Reason
	}
	o.Tell(text)
}

// osRun is one look at the device, under the lock.
type osRun struct {
	OSOptions
	dir    *folder
	state  osState
	booted report.Deployment
	staged *report.Deployment
}

// once goes as far as it can go now; again is when there is more to do, or zero.
func (o OSOptions) once(ctx context.Context) (out OSOutcome, again time.Time, err error) {
	if o.OS.Policy != profile.PolicyCheck {
		if err := o.osConflict(ctx); err != nil {
			return out, again, err
		}
	}
	r := &osRun{OSOptions: o}
	leave, err := r.enter()
	if err != nil {
		return out, again, err
	}
	defer leave()
	if err := r.look(ctx); err != nil {
		return out, again, err
	}
	out.From = r.booted
	if err := r.settle(); err != nil {
		return out, again, err
	}
	switch trial, err := r.Trial(ctx); {
	case err != nil:
		return out, again, fmt.Errorf("asking whether %s is on trial: %w", osTitle(r.booted), err)
	case trial:
		out.Action, out.Reason = OSOnTrial, osTitle(r.booted)+" must prove itself before anything newer is tried"
		return out, again, nil
	}
	err = r.choose(ctx, &out)
	if err == nil && out.Action == "" {
		err = r.stage(ctx, &out)
	}
	if err == nil && out.Action == "" {
		again, err = r.reboot(ctx, &out)
	}
	if err == nil {
		err = r.notice(out)
	}
	return out, again, err
}

// look reads the deployments.
func (r *osRun) look(ctx context.Context) error {
	list, err := r.Engine.Deployments(ctx)
	if err != nil {
		return err
	}
	r.booted, r.staged = report.Deployment{}, nil
	for _, d := range list {
		if d.Booted {
			r.booted = d
		}
		if d.Staged {
			r.staged = &d
		}
	}
	if r.booted.Commit == "" {
		return errors.New("none of the deployments is booted")
	}
	return nil
}
