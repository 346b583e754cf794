package health

import (
	"errors"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	m := onTrial(t)
	m.check(Scope{Greenboot: true})
	if b, err := m.device().Boot(t.Context()); err != nil || b.Verdict != report.Running || !b.Trial {
		t.Errorf("while greenboot works: %+v, %v", b, err)
	}
	for range 2 {
		if err := m.device().Record(t.Context(), report.Green); err != nil {
			t.Fatal(err)
		}
		b, err := m.device().Boot(t.Context())
		if err != nil || b.Verdict != report.Green || b.Trial || b.Attempt != 0 || len(b.Checks) != 1 {
			t.Errorf("Boot = %+v, %v", b, err)
		}
	}
	if err := m.device().Record(t.Context(), "blue"); err == nil || !strings.Contains(err.Error(), `"blue"`) {
		t.Errorf("Record = %v", err)
	}
}

// flightctl switches the checks of others off; the verdict arrives all the same, and so does a rollback.
func TestRecordWithoutChecks(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	record := func(v report.Verdict) {
		t.Helper()
		if err := m.device().Record(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	record(report.Green)
	m.stage(v2, "2")
	m.setEnv(map[string]string{"boot_counter": "1", "boot_success": "0"})
	m.reboot(true)
	record(report.Red)
	m.reboot(true)
	record(report.Green)
	if got := m.records(); got != "1:green 2/3:red 1:green" {
		t.Errorf("records %s", got)
	}
	if len(m.told) != 1 || m.told[0].From != v2 || m.told[0].Check != "" || !strings.Contains(m.told[0].Reason, "somebody else") {
		t.Errorf("told of %+v", m.told)
	}
}

func TestBootOfAFreshDevice(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	b, err := m.device().Boot(t.Context())
	if err != nil || b.Verdict != report.Unknown || b.Trial || b.Engine != None || b.ID != "00000001-0000-4000-8000-000000000000" {
		t.Errorf("Boot = %+v, %v", b, err)
	}
	if want := time.Date(2026, 1, 2, 3, 3, 48, 0, time.UTC); !b.Since.Equal(want) {
		t.Errorf("since %v, want %v", b.Since, want)
	}
	if _, ok, err := m.device().LastRollback(); ok || err != nil {
		t.Errorf("LastRollback = %v, %v", ok, err)
	}
}

// Where nobody has told us the verdict, greenboot's own unit does.
func TestBootAsksGreenboot(t *testing.T) {
	t.Parallel()
	const show = "systemctl show --property=LoadState,ActiveState,SubState,Result -- greenboot-healthcheck.service"
	for state, want := range map[string]report.Verdict{"active": report.Green, "failed": report.Red, "activating": report.Running, "inactive": report.Unknown} {
		m := newMachine(t)
		m.engine(Greenboot)
		m.program(show, "LoadState=loaded\nActiveState="+state+"\n")
		if b, err := m.device().Boot(t.Context()); err != nil || b.Verdict != want || b.Engine != Greenboot {
			t.Errorf("%s: %+v, %v", state, b, err)
		}
	}
}

// What cannot be found out is told, and the rest is there.
func TestBootInTrouble(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.broken = errors.New("no sysroot")
	m.write("boot/grub2/grubenv", "damaged")
	b, err := m.device().Boot(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no sysroot") || !strings.Contains(err.Error(), "invalid GRUB environment") || b.ID == "" {
		t.Errorf("Boot = %+v, %v", b, err)
	}
	m.write("proc/sys/kernel/random/boot_id", "../../etc/passwd\n")
	if _, err := m.device().Boot(t.Context()); err == nil || !strings.Contains(err.Error(), "the kernel says") {
		t.Errorf("Boot = %v", err)
	}
}

func TestExpect(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("booted", v1)
	m.badCheck("none")
	m.judge()
	if err := m.device().Expect(t.Context(), report.Deployment{Commit: v2, Version: "2"}); err != nil {
		t.Fatal(err)
	}
	if e := m.device().complete().shelf().expectation(); e.Commit != v2 || e.Version != "2" {
		t.Errorf("expectation %+v", e)
	}
	m.deployments = []report.Deployment{{Commit: v2, Version: "2", Booted: true}, {Commit: v1}}
	m.boot()
	if j := m.judge(); !j.Trial.On || j.Verdict != report.Green {
		t.Errorf("%+v", j)
	}
	if e := m.device().complete().shelf().expectation(); e.Commit != "" {
		t.Errorf("after it was green: expectation %+v", e)
	}
}
