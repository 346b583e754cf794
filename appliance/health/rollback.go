package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"edge/appliance/report"
)

const (
	rollbackFile = "last-rollback.json"
	expectedFile = "expected.json"
)

// told is the last rollback on the shelf.
type told struct {
	report.Rollback
	Cause string `json:"cause"` // what it was concluded from, so that it is not concluded twice
	Told  bool   `json:"told"`  // OnRollback has heard of it
}

// expectation is a deployment that should be booted next.
type expectation struct {
	Commit  string    `json:"commit"`
	Version string    `json:"version,omitempty"`
	Boot    string    `json:"boot"` // in which it was staged
	Time    time.Time `json:"time"`
}

// Expect remembers that a deployment was staged. Where it is not booted afterwards, although it was
// deployed, the boot loader has given it up before any check could run, and that counts as a rollback.
// What was expected before is forgotten.
func (d Device) Expect(ctx context.Context, staged report.Deployment) error {
	d = d.complete()
	id, _, err := d.boot(d.Now())
	if err == nil {
		err = d.shelf().locked(ctx, func() error {
			return d.shelf().writeJSON(expectedFile, expectation{staged.Commit, staged.Version, id, d.Now().UTC()})
		})
	}
	if err != nil {
		return fmt.Errorf("remembering the staged deployment: %w", err)
	}
	return nil
}

func (s shelf) expectation() expectation {
	var e expectation
	data, err := s.read(expectedFile)
	if err != nil || json.Unmarshal(data, &e) != nil {
		return expectation{}
	}
	return e
}

func (s shelf) lastRollback() (told, error) {
	data, err := s.read(rollbackFile)
	if errors.Is(err, fs.ErrNotExist) {
		return told{}, nil
	}
	if err != nil {
		return told{}, err
	}
	var t told
	if json.Unmarshal(data, &t) != nil || t.From == "" {
		return told{}, nil // torn: it is concluded again where the records still tell of it
	}
	return t, nil
}

// LastRollback is why the device last returned to an older operating system; false where it never did.
func (d Device) LastRollback() (report.Rollback, bool, error) {
	d = d.complete()
	t, err := d.shelf().lastRollback()
	if err != nil {
		return report.Rollback{}, false, fmt.Errorf("reading the last rollback: %w", err)
	}
	return t.Rollback, t.From != "", nil
}

// noticeRollback concludes from the records that a deployment was given up, writes it down once and tells
// OnRollback once.
func (d Device) noticeRollback(ctx context.Context, now scene) error {
	last, err := d.shelf().lastRollback()
	if err != nil {
		return fmt.Errorf("reading the last rollback: %w", err)
	}
	next, found := conclude(now)
	found = found && next.Cause != last.Cause
	if found {
		last = next
	}
	tell := last.From != "" && !last.Told && d.OnRollback != nil
	if tell {
		err = d.OnRollback(last.Rollback)
		last.Told = err == nil
	}
	if found || tell && last.Told {
		write := d.shelf().locked(ctx, func() error { return d.shelf().writeJSON(rollbackFile, last) })
		err = errors.Join(err, write)
	}
	if now.expected.stale(now) {
		err = errors.Join(err, d.shelf().locked(ctx, func() error { return d.shelf().remove(expectedFile) }))
	}
	if err != nil {
		return fmt.Errorf("recording a rollback: %w", err)
	}
	return nil
}

// stale reports whether an expectation has come to its end: fulfilled, given up, or never deployed.
func (e expectation) stale(now scene) bool {
	switch {
	case e.Commit == "" || e.Boot == now.id || now.booted.Commit == "":
		return false
	case e.Commit == now.booted.Commit:
		return !now.trial.On
	}
	return true
}

// conclude finds the deployment that was given up before this boot, if any: the one of the boot before, when
// it was on trial there and something else is booted that is not on trial itself; or else the one that
// should have been booted and is there, but has left no trace.
func conclude(now scene) (told, bool) {
	if now.booted.Commit == "" || now.trial.On {
		return told{}, false
	}
	rollback := report.Rollback{Time: now.at, To: now.booted.Commit, ToVersion: now.booted.Version}
	if n := len(now.earlier); n > 0 {
		r := now.earlier[n-1]
		if r.Trial && r.Verdict != report.Green && r.Commit != "" && r.Commit != now.booted.Commit {
			began, boots := series(now.earlier, r.Commit)
			rollback.From, rollback.FromVersion, rollback.Attempts = r.Commit, r.Version, max(boots, r.Attempt)
			rollback.Check, rollback.Reason = why(now.earlier, r.Commit)
			return told{Rollback: rollback, Cause: "trial since boot " + began}, true
		}
	}
	e := now.expected
	deployed := slices.ContainsFunc(now.deployments, func(dep report.Deployment) bool { return dep.Commit == e.Commit && !dep.Staged })
	if e.Commit == "" || e.Boot == now.id || e.Commit == now.booted.Commit || !deployed {
		return told{}, false
	}
	rollback.From, rollback.FromVersion = e.Commit, e.Version
	rollback.Reason = "it was deployed and never reached its checks"
	return told{Rollback: rollback, Cause: "staged in boot " + e.Boot + " " + e.Commit}, true
}

// series is where the last trial of a commit began, and its boots. It ends with a green boot only: when the
// power goes during a rollback the bad deployment may come up once more, which is no second rollback.
func series(earlier []record, commit string) (began string, boots int) {
	for _, r := range slices.Backward(earlier) {
		if r.Verdict == report.Green {
			break
		}
		if r.Commit == commit && r.Trial {
			began = r.ID
			boots++
		}
	}
	return began, boots
}

// why is the first required check that failed in the last boot of a trial that got so far.
func why(earlier []record, commit string) (check, text string) {
	last := earlier[len(earlier)-1].Verdict
	for _, r := range slices.Backward(earlier) {
		if r.Commit != commit || !r.Trial {
			break
		}
		if bad := failing(r.Checks, true); r.Verdict == report.Red && len(bad) > 0 {
			return bad[0].Name, bad[0].Reason
		}
	}
	if last == report.Red {
		return "", "a script of somebody else failed; see journalctl -b -1 -u greenboot-healthcheck"
	}
	return "", "its checks did not come to an end"
}
