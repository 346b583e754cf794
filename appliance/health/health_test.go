package health

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
	"edge/appliance/report"
)

// onTrial is a device whose second version is booted for the first time.
func onTrial(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.program("git --help", "usage")
	m.check(Scope{Greenboot: true})
	if err := m.device().Record(t.Context(), report.Green); err != nil {
		t.Fatal(err)
	}
	m.stage(v2, "2")
	m.setEnv(map[string]string{"boot_counter": "3", "boot_success": "0"})
	m.reboot(true)
	return m
}

// What a failure means is the policy: hard on trial only, or always where the profile says so.
func TestCheckPolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		trial, always bool
		scope         Scope
		healthy, fail bool // of a device without git
	}{
		{"by hand", false, false, Scope{}, false, true},
		{"by hand, on trial", true, false, Scope{}, false, true},
		{"no trial", false, false, Scope{Greenboot: true}, false, false},
		{"no trial, always", false, true, Scope{Greenboot: true}, false, true},
		{"on trial", true, false, Scope{Greenboot: true}, false, true},
		{"wanted, no trial", false, false, Scope{Greenboot: true, Wanted: true}, true, true},
		{"wanted, on trial", true, false, Scope{Greenboot: true, Wanted: true}, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			if tt.trial {
				m = onTrial(t)
			}
			delete(m.programs, "git --help")
			d := m.device()
			d.Profile.Health.Always = tt.always
			d.Profile.Checks = append(d.Profile.Checks,
				profile.Check{Name: "nice", Kind: profile.KindFile, Target: "/nice", Deadline: time.Millisecond},
				profile.Check{Name: "sh", Required: true, Kind: profile.KindFile, Target: "/proc/uptime"})
			o, err := d.Check(t.Context(), tt.scope)
			if err != nil || o.Healthy != tt.healthy || o.Fail != tt.fail {
				t.Errorf("healthy %v, fail %v (%v), want %v, %v: %+v", o.Healthy, o.Fail, err, tt.healthy, tt.fail, o.Results)
			}
			if want := map[bool]int{true: 1, false: 2}[tt.scope.Wanted]; tt.scope.Greenboot && len(o.Results) != want {
				t.Errorf("%d results, want %d: %+v", len(o.Results), want, o.Results)
			}
		})
	}
}

// The device knows afterwards what failed, in which boot, and why.
func TestCheckIsRecorded(t *testing.T) {
	t.Parallel()
	m := onTrial(t)
	delete(m.programs, "git --help")
	o := m.check(Scope{Greenboot: true})
	if !o.Trial.On || o.Trial.Attempt != 1 || !o.Fail || len(o.Notes) > 0 {
		t.Fatalf("%+v", o)
	}
	if got := m.records(); got != "1:green 2/1:red" {
		t.Errorf("records %s", got)
	}
	b, err := m.device().Boot(t.Context())
	if err != nil || b.Verdict != report.Red || !b.Trial || b.Attempt != 1 || b.Attempts != 3 || b.Counter != "2" || b.Engine != None {
		t.Errorf("Boot = %+v, %v", b, err)
	}
	if len(b.Checks) != 1 || !strings.Contains(b.Checks[0].Reason, `"git" is not installed`) {
		t.Errorf("checks %+v", b.Checks)
	}
	m.setEnv(map[string]string{"boot_counter": "0"})
	m.reboot(true) // GRUB falls back
	m.program("git --help", "usage")
	if o := m.check(Scope{Greenboot: true}); o.Fail || o.Trial.On || !o.Trial.Fallback {
		t.Fatalf("after the rollback: %+v", o)
	}
	if len(m.told) != 1 || m.told[0].Check != "git" || m.told[0].From != v2 || m.told[0].To != v1 || !strings.Contains(m.told[0].Reason, "not installed") {
		t.Errorf("told of %+v", m.told)
	}
}

// By hand nothing is written, so that anybody may look.
func TestCheckByHandLeavesNoTrace(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.program("git --help", "usage")
	if o := m.check(Scope{}); !o.Healthy || o.Fail {
		t.Errorf("%+v", o)
	}
	if _, err := os.Stat(filepath.Join(m.root, "var")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a record was written")
	}
}

// A folder that cannot be written must not make a good deployment a bad one.
func TestCheckWithoutARecord(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.program("git --help", "usage")
	m.write("var/lib/appliance/health", "a file")
	m.setEnv(map[string]string{"boot_counter": "2", "boot_success": "0"})
	m.deployments = []report.Deployment{{Commit: v2, Booted: true}, {Commit: v1}}
	o := m.check(Scope{Greenboot: true})
	if o.Fail || !o.Healthy || !o.Trial.On || len(o.Notes) == 0 {
		t.Errorf("%+v", o)
	}
}

// Nor may an operating system that cannot name its deployments; while boots are counted, it is on trial.
func TestCheckWithoutDeployments(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.broken = errors.New("rpm-ostree has crashed")
	o := m.check(Scope{Greenboot: true})
	if o.Fail || o.Trial.On || !strings.Contains(strings.Join(o.Notes, " "), "rpm-ostree has crashed") {
		t.Errorf("%+v", o)
	}
	m.boot()
	m.setEnv(map[string]string{"boot_counter": "1", "boot_success": "0"})
	if o := m.check(Scope{Greenboot: true}); !o.Fail || !o.Trial.On {
		t.Errorf("while boots are counted: %+v", o)
	}
}

// On trial nobody has seen that all is well when the check is interrupted.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	m := onTrial(t)
	ctx, cancel := context.WithCancel(t.Context())
	m.programs["git --help"] = func() (string, error) { cancel(); return "", context.Canceled }
	o, err := m.device().Check(ctx, Scope{Greenboot: true})
	if !errors.Is(err, context.Canceled) || !o.Fail {
		t.Errorf("Check = %+v, %v", o, err)
	}
	if got := m.records(); got != "1:green 2/1:running" {
		t.Errorf("records %s", got)
	}
}

func TestOnRollbackIsToldUntilItListens(t *testing.T) {
	t.Parallel()
	m := onTrial(t)
	delete(m.programs, "git --help")
	m.check(Scope{Greenboot: true})
	m.setEnv(map[string]string{"boot_counter": "-1", "boot_success": "0"})
	m.reboot(true)
	for i, answer := range []error{errors.New("disk full"), nil, nil} {
		heard := 0
		d := m.device()
		d.OnRollback = func(report.Rollback) error { heard++; return answer }
		o, err := d.Check(t.Context(), Scope{Greenboot: true})
		if want := map[bool]int{true: 1, false: 0}[i < 2]; err != nil || heard != want {
			t.Errorf("at check %d it was told %d times, want %d (%v)", i+1, heard, want, err)
		}
		if answer != nil && !strings.Contains(strings.Join(o.Notes, " "), "disk full") {
			t.Errorf("notes %q", o.Notes)
		}
	}
}

// What checks cost besides the checks.
func TestCheckOverhead(t *testing.T) {
	m := newMachine(t)
	d := m.device()
	d.Profile.Checks = nil
	for i := range 20 {
		d.Profile.Checks = append(d.Profile.Checks, profile.Check{Name: fmt.Sprint("up ", i), Required: true, Kind: profile.KindFile, Target: "/proc/uptime"})
	}
	best := time.Hour
	for range 10 {
		begin := time.Now()
		if o, err := d.Check(t.Context(), Scope{}); err != nil || !o.Healthy {
			t.Fatal(o, err)
		}
		best = min(best, time.Since(begin))
	}
	if best > 10*time.Millisecond {
		t.Errorf("20 trivial checks take %v", best)
	}
}

func TestLongest(t *testing.T) {
	t.Parallel()
	h := profile.Health{Deadline: time.Minute, Settle: 10 * time.Second}
	if got, least := Longest(h, 3), 3*time.Minute+10*time.Second; got < least || got > least+time.Minute {
		t.Errorf("Longest = %v", got)
	}
}
