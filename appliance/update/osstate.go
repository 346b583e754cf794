package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"edge/appliance/report"
)

// osState is what a run leaves for the next one, in state.json. It is a memory of wishes: what is
// deployed tells what came of them, so the file may be lost or torn at any time.
type osState struct {
	Commit  string    `json:"commit,omitempty"` // that we stage or have staged
	Version string    `json:"version,omitempty"`
	Since   time.Time `json:"since,omitzero"`   // when it was found staged first
	Boot    string    `json:"boot,omitempty"`   // ID of the boot in which a reboot was asked for
	Missed  int       `json:"missed,omitempty"` // reboots that did not lead into Commit
	Forced  bool      `json:"forced,omitempty"` // taken in spite of the quarantine
	Pinned  string    `json:"pinned,omitempty"` // commit of the deployment that we keep
}

const (
	osStateName = "state.json"
	osStateMost = 8 << 10
	osMissed    = 3 // reboots, after which a commit is given up
)

// enter makes the folder, takes the lock and reads the state. A dry run does without all but the state.
func (r *osRun) enter() (leave func(), err error) {
	if r.DryRun {
		data, err := os.ReadFile(r.State + "/" + osStateName)
		if err == nil {
			r.state, _ = parseOSState(data)
		}
		return func() {}, nil
	}
	if err := os.MkdirAll(r.State, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the state: %w", err)
	}
	root, err := os.OpenRoot(r.State)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of the state: %w", err)
	}
	dir, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("opening the folder of the state: %w", err)
	}
	r.dir = &folder{root, dir}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		r.dir.close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("locking %q: %w", r.State, err)
	}
	data, err := r.dir.load(osStateName, osStateMost)
	if err == nil {
		r.state, err = parseOSState(data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Tell(fmt.Sprintf("forgetting the last run: %v", err))
	}
	return r.dir.close, nil
}

// parseOSState reads a state strictly; what is not ours is as good as nothing.
func parseOSState(data []byte) (osState, error) {
	var s osState
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return osState{}, fmt.Errorf("reading %s: %w", osStateName, err)
	}
	if d.More() || s.Missed < 0 || len(data) > osStateMost {
		return osState{}, fmt.Errorf("reading %s: it is none of ours", osStateName)
	}
	return s, nil
}

func (r *osRun) save(s osState) error {
	if r.DryRun || s == r.state {
		return nil
	}
	data, err := json.Marshal(s)
	if err == nil {
		err = r.dir.save(osStateName, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", osStateName, err)
	}
	r.state = s
	return nil
}

// settle draws the line under a reboot that was asked for. A commit that does not get booted although it
// was staged, time and again, was never judged by a check: its finalization fails, or GRUB falls back
// before anything runs. It would make the device reboot for ever.
func (r *osRun) settle() error {
	s := r.state
	if s.Boot == "" || s.Boot == r.Boot {
		return nil
	}
	done := osState{Pinned: s.Pinned}
	if s.Commit == r.booted.Commit {
		r.Tell("booted into " + osTitle(r.booted))
		return r.save(done)
	}
	if _, known := r.Memory.Has(s.Commit, r.Now()); known {
		return r.save(done) // the checks have judged it, maybe for the second time
	}
	if s.Boot, s.Missed = "", s.Missed+1; s.Missed < osMissed {
		return r.save(s)
	}
	title := osTitle(report.Deployment{Commit: s.Commit, Version: s.Version})
	reason := fmt.Sprintf("%d reboots did not lead into it; see %q", s.Missed, "journalctl -b -1 -u ostree-finalize-staged")
	r.Tell(fmt.Sprintf("giving up %s: %s", title, reason))
	if !r.DryRun {
		if err := r.Memory.Add(report.Bad{Kind: "os", What: s.Commit, Name: s.Version, Since: r.Now().UTC(), Reason: reason}); err != nil {
			return fmt.Errorf("remembering %s: %w", title, err)
		}
	}
	return r.save(done)
}

// QuarantineOS remembers the commit that a device has returned from. Told of the same rollback again it
// does nothing.
func QuarantineOS(memory OSMemory, r report.Rollback) error {
	if old, known := memory.Has(r.From, r.Time); known && !old.Since.Before(r.Time.UTC().Truncate(time.Second)) {
		return nil
	}
	reason := r.Reason
	if r.Check != "" {
		reason = r.Check + ": " + reason
	}
	err := memory.Add(report.Bad{Kind: "os", What: r.From, Name: r.FromVersion, Since: r.Time.UTC(), Reason: reason})
	if err != nil {
		return fmt.Errorf("putting %s in quarantine: %w", osTitle(report.Deployment{Commit: r.From, Version: r.FromVersion}), err)
	}
	return nil
}
