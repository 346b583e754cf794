package update

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
	"edge/appliance/report"
)

// osWorld is a device, its clock and its builder.
type osWorld struct {
	*testing.T
	dir      string
	now      time.Time
	boots    int
	booted   report.Deployment
	staged   *report.Deployment
	others   []report.Deployment
	newest   report.Deployment
	moves    *report.Deployment // where the ref moves to while an update is downloaded
	away     bool               // the builder
	trial    bool
	deaf     bool // finalizing what is staged fails
	units    string
	inhibits string
	says     map[string]error // of programs of the gate
	free     uint64
	cut      int // how many changes happen before the power fails; negative: it does not
	did      []string
	told     []string
	slept    []time.Duration
}

var (
	errCut  = errors.New("the power is gone")
	errAway = errors.New("connection refused")
)

func newOSWorld(t *testing.T) *osWorld {
	return &osWorld{
		T: t, dir: t.TempDir(), now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), cut: -1, free: 10 << 30,
		booted: osVersion(1), newest: osVersion(2), says: map[string]error{},
	}
}

// osVersion is release 0.0.n, whose booted and staged marks the world sets.
func osVersion(n int) report.Deployment {
	return report.Deployment{Commit: strings.Repeat(fmt.Sprintf("%02x", n), 32), Version: fmt.Sprintf("0.0.%d", n), Ref: "edge:rhel/9/x86_64/edge"}
}

func (w *osWorld) memory() *quarantine.Memory {
	return quarantine.Open(filepath.Join(w.dir, "quarantine.json"))
}

func (w *osWorld) options(policy profile.Policy) OSOptions {
	return OSOptions{
		OS:     profile.OS{Policy: policy, Every: time.Hour},
		Engine: w, Memory: w.memory(), Run: osPrograms{w},
		Trial: func(context.Context) (bool, error) { return w.trial, nil },
		State: filepath.Join(w.dir, "os"), Notice: filepath.Join(w.dir, "motd.d/os"), Config: filepath.Join(w.dir, "rpm-ostreed.conf"), Disk: w.dir,
		Boot: fmt.Sprint("boot-", w.boots), Device: "device-1",
		Now: func() time.Time { return w.now },
		Sleep: func(_ context.Context, d time.Duration) error {
			w.slept, w.now = append(w.slept, d), w.now.Add(d)
			return nil
		},
		Tell:  func(text string) { w.told = append(w.told, text) },
		Space: func(string) (uint64, uint64, error) { return w.free, 20 << 30, nil },
	}
}

// run is OS, which must succeed with this action.
func (w *osWorld) run(o OSOptions, want OSAction) OSOutcome {
	w.Helper()
	out, err := OS(w.Context(), o)
	if err != nil || out.Action != want {
		w.Fatalf("OS = %+v, %v, want %q; did %q, told %q", out, err, want, w.did, w.told)
	}
	return out
}

// change does something to the device, unless its power is gone.
func (w *osWorld) change(what string, do func()) error {
	if w.cut == 0 {
		return errCut
	}
	w.cut--
	w.did = append(w.did, what)
	do()
	return nil
}

// reboot is what happens at a shutdown that ends well.
func (w *osWorld) reboot() {
	w.boots++
	if w.staged != nil && !w.deaf {
		w.others = append([]report.Deployment{w.booted}, w.others...)
		w.booted = *w.staged
	}
	w.staged = nil
}

// fail is a power cut: what is staged lies in memory.
func (w *osWorld) fail() {
	w.boots++
	w.staged, w.cut = nil, -1
}

func (w *osWorld) Deployments(context.Context) ([]report.Deployment, error) {
	var list []report.Deployment
	if w.staged != nil {
		d := *w.staged
		d.Staged = true
		list = append(list, d)
	}
	d := w.booted
	d.Booted = true
	return append(append(list, d), w.others...), nil
}

func (w *osWorld) Available(context.Context) (report.Deployment, error) {
	if w.away {
		return report.Deployment{}, errAway
	}
	return w.newest, nil
}

func (w *osWorld) Difference(_ context.Context, from, to string) (string, error) {
	return from[:2] + ".." + to[:2], nil
}

func (w *osWorld) Upgrade(context.Context) error {
	return w.change("upgrade", func() {
		if w.moves != nil {
			w.newest = *w.moves
		}
		d := w.newest
		w.staged = &d
	})
}

func (w *osWorld) DropStaged(context.Context) error {
	return w.change("drop", func() { w.staged = nil })
}

func (w *osWorld) Pin(_ context.Context, commit string, keep bool) error {
	return w.change(fmt.Sprintf("pin %s %t", commit[:2], keep), func() {
		for _, d := range append([]*report.Deployment{&w.booted}, pointers(w.others)...) {
			if d.Commit == commit {
				d.Pinned = keep
			}
		}
	})
}

func pointers(list []report.Deployment) (all []*report.Deployment) {
	for i := range list {
		all = append(all, &list[i])
	}
	return all
}

// osPrograms are the programs of the world.
type osPrograms struct{ *osWorld }

func (w osPrograms) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	switch line := strings.Join(s.Argv, " "); {
	case strings.HasPrefix(line, "systemctl show "):
		return []byte(w.units), nil
	case strings.HasPrefix(line, "busctl "):
		if w.inhibits == "" {
			return nil, fmt.Errorf("running %q: %w", "busctl", command.ErrNotFound)
		}
		return []byte(w.inhibits), nil
	case line == "systemctl reboot":
		return nil, w.change("reboot", w.reboot)
	}
	w.did = append(w.did, filepath.Base(s.Argv[0]))
	if !slices.Contains(s.Env, "APPLIANCE_TO_VERSION="+w.newest.Version) {
		w.Errorf("the gate is asked with %q", s.Env)
	}
	return nil, w.says[filepath.Base(s.Argv[0])]
}
