package update

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"edge/appliance/profile"
	"edge/appliance/report"
)

const (
	osKept  = 3         // percent of its file system that ostree leaves free
	osLeast = 200 << 20 // bytes above that which an update should find
)

// choose finds what to take. It sets the action of out when there is nothing to take.
func (r *osRun) choose(ctx context.Context, out *OSOutcome) error {
	newest, err := r.Engine.Available(ctx)
	if err != nil {
		// The builder may be away while the window is open. What we have staged is as good as before.
		if r.staged == nil || r.staged.Commit != r.state.Commit {
			return err
		}
		r.Tell(fmt.Sprintf("staying with what is staged: %v", err))
		newest = *r.staged
	}
	out.To = newest
	if err := r.drop(ctx, newest); err != nil {
		return err
	}
	if newest.Commit == r.booted.Commit {
		out.Action = OSCurrent
		return r.save(osState{Pinned: r.state.Pinned})
	}
	if bad, is := r.bad(newest.Commit); is {
		out.Action, out.Reason = OSQuarantined, osBad(bad)
		return nil
	}
	if r.staged == nil || r.staged.Commit != newest.Commit {
		out.Difference, err = r.Engine.Difference(ctx, r.booted.Commit, newest.Commit)
		if err != nil {
			r.Tell(err.Error()) // nice to know, no more
		}
	}
	if r.OS.Policy == profile.PolicyCheck && !r.Force || r.DryRun {
		out.Action, out.Reason = OSAvailable, r.intention()
	}
	return nil
}

// drop removes what is staged when it must not be booted: it is in quarantine, or we staged it and the
// builder has turned back to what is booted.
func (r *osRun) drop(ctx context.Context, newest report.Deployment) error {
	if r.staged == nil {
		return nil
	}
	_, bad := r.bad(r.staged.Commit)
	withdrawn := r.staged.Commit == r.state.Commit && newest.Commit == r.booted.Commit && r.staged.Commit != newest.Commit
	if !bad && !withdrawn {
		return nil
	}
	r.Tell(fmt.Sprintf("dropping %s, which is staged: quarantined %t, withdrawn %t", osTitle(*r.staged), bad, withdrawn))
	r.staged = nil
	if r.DryRun {
		return nil
	}
	return r.Engine.DropStaged(ctx)
}

// bad says whether a commit must not be taken. What was forced once stays forced until it is booted.
func (r *osRun) bad(commit string) (report.Bad, bool) {
	if r.Force || r.state.Forced && r.state.Commit == commit {
		return report.Bad{}, false
	}
	return r.Memory.Has(commit, r.Now())
}

func osBad(b report.Bad) string {
	until := "until it is cleared"
	if !b.Until.IsZero() {
		until = "until " + b.Until.Format(time.RFC3339)
	}
	if b.Reason == "" {
		return "in quarantine " + until
	}
	return fmt.Sprintf("in quarantine %s: %s", until, b.Reason)
}

// intention is what a run that may do more would do now.
func (r *osRun) intention() string {
	switch at, _, err := r.plan(r.Now()); {
	case err != nil:
		return err.Error()
	case r.OS.Policy == profile.PolicyCheck && !r.Force:
		return ""
	case r.OS.Policy == profile.PolicyStage && !r.Force:
		return "would be staged"
	case at.After(r.Now()):
		return "would be staged, and booted at " + at.Format(time.RFC3339)
	}
	return "would be staged and booted"
}

// stage makes out.To the deployment of the next boot, unless it is already. It sets the action of out
// when that did not come about.
func (r *osRun) stage(ctx context.Context, out *OSOutcome) error {
	if err := r.keep(ctx); err != nil {
		return fmt.Errorf("keeping %s: %w", osTitle(r.booted), err)
	}
	s := r.state
	if s.Commit != out.To.Commit {
		s = osState{Commit: out.To.Commit, Version: out.To.Version, Pinned: s.Pinned}
	}
	if _, bad := r.Memory.Has(s.Commit, r.Now()); bad {
		s.Forced = true // or choose would not have come here
	}
	if r.staged == nil || r.staged.Commit != out.To.Commit {
		if err := r.room(); err != nil {
			return err
		}
		s.Since = time.Time{}
		if err := r.save(s); err != nil { // so that what gets staged is known as ours
			return err
		}
		if err := r.upgrade(ctx, out); err != nil || out.Action != "" {
			return err
		}
		s.Commit, s.Version = r.staged.Commit, r.staged.Version
	}
	if s.Since.IsZero() {
		s.Since = r.Now().UTC().Truncate(time.Second)
	}
	return r.save(s)
}

// upgrade stages, and looks again at what that is: the ref may have moved since.
func (r *osRun) upgrade(ctx context.Context, out *OSOutcome) error {
	if err := r.Engine.Upgrade(ctx); err != nil {
		return err
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if r.staged == nil {
		return fmt.Errorf("staging %s: the engine reports success and nothing is staged", osTitle(out.To))
	}
	if r.staged.Commit == out.To.Commit {
		return nil
	}
	r.Tell(fmt.Sprintf("the builder has moved on: %s is staged, not %s", osTitle(*r.staged), osTitle(out.To)))
	out.To = *r.staged
	bad, is := r.bad(r.staged.Commit)
	if !is {
		return nil
	}
	out.Action, out.Reason = OSQuarantined, osBad(bad)
	return r.Engine.DropStaged(ctx)
}

// keep pins what is booted, which the checks have called green, and lets go what it pinned before. What
// a person has pinned stays as it is. Cut off anywhere, the next run ends with the same pins.
func (r *osRun) keep(ctx context.Context) error {
	ours := r.state.Pinned == r.booted.Commit
	if !r.OS.Keep || r.booted.Pinned {
		return nil
	}
	if before := r.state.Pinned; before != "" && !ours {
		list, err := r.Engine.Deployments(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(d report.Deployment) bool { return d.Commit == before && d.Pinned }) {
			if err := r.Engine.Pin(ctx, before, false); err != nil {
				return err
			}
		}
	}
	s := r.state
	s.Pinned = r.booted.Commit
	if err := r.save(s); err != nil {
		return err
	}
	return r.Engine.Pin(ctx, r.booted.Commit, true)
}

// room refuses an update that would fail for lack of space, before it downloads anything.
func (r *osRun) room() error {
	free, size, err := r.Space(r.Disk)
	if err != nil {
		return fmt.Errorf("looking how much space is left: %w", err)
	}
	if need := size*osKept/100 + osLeast; free < need {
		return fmt.Errorf("%d MiB are left at %q, and an update needs %d MiB: remove images with %q, or old deployments with %q",
			free>>20, r.Disk, need>>20, "podman image prune", "ostree admin cleanup")
	}
	return nil
}

func diskSpace(path string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, fmt.Errorf("asking for the space at %q: %w", path, err)
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

// osTitle is a deployment as people speak of it: its version, or else the beginning of its commit.
func osTitle(d report.Deployment) string {
	if d.Version != "" {
		return d.Version
	}
	hash := strings.TrimPrefix(d.Commit, "sha256:")
	return hash[:min(len(hash), 12)]
}
