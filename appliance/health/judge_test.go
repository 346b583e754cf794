package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edge/appliance/report"
)

// greenV1 is a device with the first version, judged green, and the second one staged.
func greenV1(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.engine(Appliance)
	m.write("booted", v1)
	m.badCheck(v2)
	if j := m.judge(); j.Verdict != report.Green {
		t.Fatalf("the first version is %+v", j)
	}
	m.stage(v2, "2")
	return m
}

// A bad version is booted as often as it has attempts; then the old one is back, default, green, and the
// device knows why.
func TestJudgeRollsBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		counts bool
		bad    int // boots of the bad version
	}{{"GRUB counts", true, 3}, {"GRUB does not count", false, 3}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := greenV1(t)
			if a := m.arm(); !a.Done || a.Attempts != 3 || a.Deployment.Commit != v2 || m.env() != "3 0" {
				t.Fatalf("Arm = %+v, environment %s", a, m.env())
			}
			for i := range tt.bad {
				m.reboot(tt.counts)
				j := m.judge()
				if m.booted() != "2" || j.Verdict != report.Red || j.Action == Stay || j.Trial.Attempt != i+1 {
					t.Fatalf("boot %d of the bad version (booted %s): %+v", i+1, m.booted(), j)
				}
				if m.times("systemctl reboot") != i+1 {
					t.Fatalf("no reboot after boot %d", i+1)
				}
			}
			m.reboot(tt.counts)
			m.keepsV1(t)
			want := report.Rollback{From: v2, FromVersion: "2", To: v1, ToVersion: "1", Check: "10_version.sh", Reason: "exit status 3: this version is bad", Attempts: 3}
			r, ok, err := m.device().LastRollback()
			want.Time = r.Time
			if !ok || err != nil || r != want {
				t.Errorf("LastRollback = %+v, %v, %v", r, ok, err)
			}
			if len(m.told) != 1 {
				t.Errorf("told of %d rollbacks, want 1", len(m.told))
			}
			if got := m.records(); got != "1:green 2/1:red 2/2:red 2/3:red 1:green 1:green 1:green" {
				t.Errorf("records: %s", got)
			}
		})
	}
}

// keepsV1 judges the fallback boot and sees that the device stays with the first version from now on.
func (m *machine) keepsV1(t *testing.T) {
	t.Helper()
	for range 3 {
		j := m.judge()
		if m.booted() != "1" || m.order()[:1] != "1" || j.Verdict != report.Green || j.Action != Stay || len(j.Notes) > 0 {
			t.Fatalf("booted %s of %s: %+v", m.booted(), m.order(), j)
		}
		if m.env() != "- 1" {
			t.Fatalf("environment %q, want no counter", m.env())
		}
		m.reboot(true)
	}
}

func TestJudgeKeepsAGoodVersion(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.badCheck("none")
	m.arm()
	m.reboot(true)
	j := m.judge()
	if m.booted() != "2" || j.Verdict != report.Green || !j.Trial.On || m.env() != "- 1" {
		t.Fatalf("booted %s: %+v, environment %s", m.booted(), j, m.env())
	}
	m.reboot(true)
	m.badCheck(v2) // and when it turns bad later, no reboot heals it
	if j := m.judge(); j.Verdict != report.Red || j.Action != Stay || j.Trial.On || m.times("systemctl reboot") != 0 {
		t.Errorf("a deployment that was green: %+v", j)
	}
	if _, ok, _ := m.device().LastRollback(); ok {
		t.Error("a rollback is told of that never was")
	}
}

// A transient fault costs one reboot and no rollback.
func TestJudgeTriesAgain(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	m.reboot(true)
	m.judge()
	m.badCheck("none")
	m.reboot(true)
	if j := m.judge(); m.booted() != "2" || j.Verdict != report.Green || j.Trial.Attempt != 2 || m.env() != "- 1" {
		t.Errorf("booted %s: %+v, environment %s", m.booted(), j, m.env())
	}
}

// A kernel that never comes so far as to be judged: GRUB alone falls back.
func TestJudgeAfterBootsThatLeftNoTrace(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	for range 3 {
		m.reboot(true)
	}
	m.reboot(true)
	m.keepsV1(t)
	r, ok, err := m.device().LastRollback()
	if !ok || err != nil || r.From != v2 || r.FromVersion != "2" || !strings.Contains(r.Reason, "never reached") {
		t.Errorf("LastRollback = %+v, %v, %v", r, ok, err)
	}
}

// What was staged and dropped again was not rolled back.
func TestJudgeAfterTheStagedDeploymentWasDropped(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	m.deployments = m.deployments[1:]
	m.reboot(true)
	if j := m.judge(); j.Verdict != report.Green || j.Trial.On || m.env() != "- 1" {
		t.Errorf("%+v, environment %s", j, m.env())
	}
	if r, ok, _ := m.device().LastRollback(); ok {
		t.Errorf("LastRollback = %+v", r)
	}
}

// A second bad version is rolled back and told of like the first, and so is one that left no trace.
func TestJudgeSecondRollback(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.badCheck(v2)
	round := func() {
		m.arm()
		for range 3 {
			m.reboot(true)
			m.judge()
		}
		m.reboot(true)
		m.judge()
	}
	round()
	m.stage(v3, "3")
	m.arm()
	for range 4 {
		m.reboot(true) // never judged
	}
	m.judge()
	m.reboot(true)
	m.judge()
	var from []string
	for _, r := range m.told {
		from = append(from, r.From[:1])
	}
	if !slices.Equal(from, []string{"2", "3"}) {
		t.Errorf("told of rollbacks from %v, want 2 and 3", from)
	}
	m.stage(v2, "2") // a person insists: it gets all its attempts again
	round()
	if len(m.told) != 3 || m.told[2].Attempts != 3 {
		t.Errorf("told of %+v", m.told)
	}
}

// cut is an operating system in whose rollback the power goes, before or after it has happened.
type cut struct {
	*machine
	before bool
}

func (c cut) Rollback(ctx context.Context) error {
	if !c.before {
		if err := c.machine.Rollback(ctx); err != nil {
			return err
		}
	}
	panic("power cut")
}

// Wherever the power goes during a rollback, the device ends with the good version.
func TestJudgePowerCutDuringRollback(t *testing.T) {
	t.Parallel()
	for _, counts := range []bool{true, false} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("counts=%v before=%v", counts, before), func(t *testing.T) {
				t.Parallel()
				m := greenV1(t)
				m.arm()
				died := false
				for range 12 {
					m.reboot(counts)
					if !died {
						died = m.dies(before)
					} else if j := m.judge(); j.Verdict == report.Green && len(j.Notes) > 0 {
						t.Errorf("notes %q", j.Notes)
					}
				}
				if !died {
					t.Fatal("nothing was rolled back")
				}
				m.keepsV1(t)
				if len(m.told) != 1 || m.told[0].From != v2 {
					t.Errorf("told of %+v", m.told)
				}
			})
		}
	}
}

// dies judges a boot, in which the power goes when it comes to a rollback.
func (m *machine) dies(before bool) (died bool) {
	defer func() { died = recover() != nil }()
	d := m.device()
	d.OS = cut{m, before}
	if _, err := d.Judge(m.Context()); err != nil {
		m.Fatal(err)
	}
	return false
}

func TestJudgeStaysWhereARebootHealsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		with func(*machine)
		env  string
		want string
	}{
		{"not on trial", func(*machine) {}, "- 0", "no new deployment is on trial"},
		{"counted without an update", func(m *machine) { m.setEnv(map[string]string{"boot_counter": "2", "boot_success": "0"}) }, "- 0", "no new deployment"},
		{"an update waits", func(m *machine) {
			m.stage(v2, "2")
			m.arm()
		}, "3 0", "no new deployment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.engine(Appliance)
			m.write("booted", v1)
			m.judge()
			m.badCheck(v1)
			m.boot()
			tt.with(m)
			j := m.judge()
			if j.Verdict != report.Red || j.Action != Stay || !strings.Contains(j.Reason, tt.want) || m.times("reboot") != 0 || m.env() != tt.env {
				t.Errorf("%+v, environment %s", j, m.env())
			}
		})
	}
}

// Green while an update waits: its counter is not taken away.
func TestJudgeGreenKeepsAnArmedCounter(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	if j := m.judge(); j.Verdict != report.Green || m.env() != "3 0" {
		t.Errorf("%+v, environment %s", j, m.env())
	}
}

// Where the rollback fails the device stays as it is and says so; GRUB's fallback is not undone.
func TestJudgeRollbackFails(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	for range 3 {
		m.reboot(true)
		m.judge()
	}
	m.reboot(true)
	m.broken = errors.New("rpm-ostree is broken")
	j := m.judge()
	if j.Verdict != report.Green || m.env() != "-1 0" || !slices.ContainsFunc(j.Notes, func(n string) bool { return strings.Contains(n, "rpm-ostree is broken") }) {
		t.Errorf("%+v, environment %s", j, m.env())
	}
	m.broken = nil
	m.reboot(true)
	m.keepsV1(t)
}

func TestJudgeRefusesBesideGreenboot(t *testing.T) {
	t.Parallel()
	for _, e := range []string{Greenboot, GreenbootRS} {
		m := newMachine(t)
		m.engine(e)
		if _, err := m.device().Judge(t.Context()); !errors.Is(err, ErrGreenboot) || !strings.Contains(err.Error(), "disable appliance-health.service") {
			t.Errorf("Judge beside %s = %v", e, err)
		}
		if _, err := m.device().Arm(t.Context()); !errors.Is(err, ErrGreenboot) {
			t.Errorf("Arm beside %s = %v", e, err)
		}
		if got := m.records(); got != "" {
			t.Errorf("records %s", got)
		}
	}
}

// A judgement that the shutdown interrupts is none.
func TestJudgeInterrupted(t *testing.T) {
	t.Parallel()
	m := greenV1(t)
	m.arm()
	m.reboot(true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.device().Judge(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Judge = %v", err)
	}
	if m.env() != "2 0" || m.times("reboot") != 0 {
		t.Errorf("environment %s", m.env())
	}
}
