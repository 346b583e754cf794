package update

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"edge/appliance/podman"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
	"edge/appliance/report"
)

// Remote tells what a tag points at without pulling it. podman.Remote is the real one.
type Remote interface {
	Digest(ctx context.Context, ref podman.Reference) (string, error)
}

// AppOptions says what Apps updates and by what means.
type AppOptions struct {
	Profile profile.Profile
	Session *podman.Session // of the profile's user
	Dir     string          // state of the apps: /var/lib/appliance/apps, which belongs to the user

	Only   []string // names or units of apps; none: all
	Force  bool     // also what is in quarantine
	DryRun bool     // tell what would be updated; pull, write and restart nothing

	Remote Remote                                         // nil: registries, as the profile says
	Probe  func(ctx context.Context, a profile.App) error // nil: podman.Probe
	Tell   func(app, what string)                         // hears what is under way; nil: nobody

	Disk  string                                           // what lies on the file system of the user's containers; "": Dir
	Space func(path string) (free, size uint64, err error) // nil: statfs
}

// Did is what became of an app in a run.
type Did string

// What can become of an app. Those of report.Update.Outcome have its words.
const (
	Current     Did = "current"     // nothing new
	Updated     Did = "updated"     // the new image runs, or would at the next start of a cold app
	RolledBack  Did = "rolled back" // the old one serves again, the new one is in quarantine
	Failed      Did = "failed"      // Reason says how; nothing was changed, or the old image does not serve either
	Pulled      Did = "pulled"      // there was no image at all
	Quarantined Did = "quarantined" // there is something new that was rolled back before
	Stopped     Did = "stopped"     // a person has stopped the app, so nothing is tried on it
	Unreachable Did = "unreachable" // the registry does not answer
	Available   Did = "available"   // a dry run found something new
)

// AppResult is what became of one app.
type AppResult struct {
	App    string `json:"app"`
	Unit   string `json:"unit"`
	Did    Did    `json:"did"`
	From   string `json:"from,omitempty"` // digest
	To     string `json:"to,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Warning reports whether a person should hear of it: something did not work, though the app may serve.
func (r AppResult) Warning() bool {
	return r.Did == Failed || r.Did == RolledBack || r.Did == Unreachable
}

// Apps updates applications, one after the other: it finishes what an earlier run left half-done, asks the
// registry, pulls, tries the new image, and keeps it or goes back and remembers. Each app has a result; the
// error says why a run did not take place (ErrRunning, ErrEngine) or that it was interrupted, when the next
// run goes on.
func Apps(ctx context.Context, o AppOptions) ([]AppResult, error) {
	apps, err := chosen(o.Profile, o.Only)
	if err != nil {
		return nil, err
	}
	dir, err := openFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	defer dir.close()
	unlock, err := dir.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := o.soleEngine(ctx); err != nil {
		return nil, err
	}
	if o.Remote == nil {
		if o.Remote, err = podman.NewRemote(o.Profile.Registry); err != nil {
			return nil, err
		}
	}
	if o.Probe == nil {
		o.Probe = podman.Probe
	}
	if o.Tell == nil {
		o.Tell = func(string, string) {}
	}
	if o.Disk == "" {
		o.Disk = o.Dir
	}
	if o.Space == nil {
		o.Space = diskSpace
	}
	var results []AppResult
	for _, a := range apps {
		r, err := update(ctx, o, dir, a)
		if err != nil {
			return results, fmt.Errorf("updating app %q: %w", a.Name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func update(ctx context.Context, o AppOptions, dir *folder, a profile.App) (AppResult, error) {
	c := &candidate{AppOptions: o, app: a, dir: dir, bad: AppQuarantine(o.Dir)}
	r, err := c.update(ctx)
	if interrupted := ctx.Err(); interrupted != nil {
		return AppResult{}, interrupted
	}
	if errors.Is(err, errGoingDown) {
		return AppResult{}, err
	}
	if err != nil {
		r = AppResult{Did: Failed, Reason: podman.Reason(err)}
	}
	r.App, r.Unit = a.Name, a.Unit
	return r, nil
}

// chosen are the apps of a profile with these names or units.
func chosen(p profile.Profile, only []string) ([]profile.App, error) {
	if len(only) == 0 {
		return p.Apps, nil
	}
	var apps []profile.App
	for _, name := range only {
		found := false
		for _, a := range p.Apps {
			if a.Name == name || a.Unit == name {
				apps, found = append(apps, a), true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("looking for app %q: %w", name, ErrNoApp)
		}
	}
	return apps, nil
}

// soleEngine refuses to update beside podman's own engine: both would restart the same units, and podman's
// remembers nothing, so what one rolls back the other tries again.
func (o AppOptions) soleEngine(ctx context.Context) error {
	const timer = "podman-auto-update.timer"
	if o.Profile.Updates.Engine == profile.EnginePodman {
		return fmt.Errorf("updating applications: %w: the profile leaves them to podman; run \"systemctl --user start podman-auto-update.service\", or set updates.engine to %q and install again",
			ErrEngine, profile.EngineAppliance)
	}
	u, err := o.Session.Unit(ctx, timer)
	if err != nil {
		return fmt.Errorf("looking for another engine: %w", err)
	}
	if u.Active == "active" {
		return fmt.Errorf("updating applications: %w: %s is active; end it with \"systemctl --user mask --now %s\", or set updates.engine to %q and install again",
			ErrEngine, timer, timer, profile.EnginePodman)
	}
	return nil
}

// AppQuarantine is what is remembered of bad images, in the folder of the apps' state.
func AppQuarantine(dir string) *quarantine.Memory {
	return quarantine.Open(filepath.Join(dir, "quarantine.json"))
}

// AppStatus is an app as it is now, with the last update that did something, and under the digest by which
// the registry knows its image. It starts nothing.
func AppStatus(ctx context.Context, s *podman.Session, dir string, a profile.App) report.App {
	r := s.AppStatus(ctx, a)
	state, err := ReadApp(dir, a.Unit)
	if err != nil {
		if r.Reason == "" {
			r.Reason = podman.Reason(err)
		}
		return r
	}
	r.Update = state.Update
	if state.Digest != "" && r.Digest != "" && state.Digest != r.Digest {
		// Podman may call an image by its platform's manifest, where the registry's tag names an index.
		if i, err := s.Image(ctx, state.ID); err == nil && i.Has(r.Digest) {
			r.Digest = state.Digest
		}
	}
	return r
}

// pause waits, or says that ctx has ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
