package health

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"edge/appliance/report"
)

func TestArm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		with func(*machine)
		done bool
		env  string
		want string
	}{
		{"nothing staged", func(*machine) {}, false, "- -", "nothing new is staged"},
		{"staged", func(m *machine) { m.stage(v2, "2") }, true, "3 0", "GRUB counts"},
		{"staged is what is booted", func(m *machine) { m.stage(v1, "1") }, false, "- -", "nothing new is staged"},
		{"again, after a boot was counted", func(m *machine) {
			m.stage(v2, "2")
			m.setEnv(map[string]string{"boot_counter": "1", "boot_success": "1"})
		}, true, "3 0", "GRUB counts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			tt.with(m)
			for range 2 {
				a := m.arm()
				if a.Done != tt.done || a.Reason != tt.want || m.env() != tt.env {
					t.Errorf("Arm = %+v, environment %s", a, m.env())
				}
			}
		})
	}
}

// Without a GRUB environment the trial is known all the same, and counted by the records.
func TestArmWithoutGRUB(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.Remove(filepath.Join(m.root, "boot/grub2/grubenv")); err != nil {
		t.Fatal(err)
	}
	m.stage(v2, "2")
	if a := m.arm(); a.Done || !strings.Contains(a.Reason, "no GRUB environment") {
		t.Errorf("Arm = %+v", a)
	}
	m.boot()
	m.deployments = []report.Deployment{{Commit: v2, Version: "2", Booted: true}, {Commit: v1, Version: "1"}}
	m.write("booted", v2)
	m.badCheck(v2)
	for want := 1; want <= 3; want++ {
		j := m.judge()
		if action := map[bool]Action{false: Reboot, true: RollBack}[want == 3]; j.Trial.Attempt != want || j.Action != action {
			t.Errorf("boot %d: %+v", want, j)
		}
		m.boot()
	}
	if m.order() != "12" {
		t.Errorf("order %s", m.order())
	}
}

// late is an operating system that sees what is staged only when it is asked again.
type late struct {
	*machine
	asked *int
	after int
}

func (l late) Deployments(ctx context.Context) ([]report.Deployment, error) {
	if *l.asked++; *l.asked <= l.after {
		return []report.Deployment{{Commit: v1, Version: "1", Booted: true}}, nil
	}
	return l.machine.Deployments(ctx)
}

// The daemon that stages does not know it yet when ostree's file is there: Arm asks again, and arms when it
// is never told.
func TestArmBeforeTheDaemonKnows(t *testing.T) {
	t.Parallel()
	for after, want := range map[int]string{3: v2, 1 << 30: ""} {
		m := newMachine(t)
		m.write("run/ostree/staged-deployment", "")
		m.stage(v2, "2")
		asked := 0
		synctest.Test(t, func(t *testing.T) {
			d := m.device()
			d.OS, d.Now = late{m, &asked, after}, nil
			a, err := d.Arm(t.Context())
			if err != nil || !a.Done || a.Deployment.Commit != want || m.env() != "3 0" {
				t.Errorf("Arm = %+v, %v, environment %s", a, err, m.env())
			}
		})
		if asked < 3 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// An operating system that cannot name its deployments stages nothing, or its file tells.
func TestArmWithoutDeployments(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.broken = errors.New("no sysroot")
	if a := m.arm(); a.Done || m.env() != "- -" {
		t.Errorf("Arm = %+v, environment %s", a, m.env())
	}
	m.write("run/ostree/staged-deployment", "")
	synctest.Test(t, func(t *testing.T) {
		d := m.device()
		d.Now = nil
		if a, err := d.Arm(t.Context()); err != nil || !a.Done || m.env() != "3 0" {
			t.Errorf("Arm = %+v, %v, environment %s", a, err, m.env())
		}
	})
}

// A boot partition that is read-only becomes so again, also when writing fails.
func TestWritable(t *testing.T) {
	t.Parallel()
	want := []string{
		"findmnt --noheadings --output TARGET --target /boot/grub2/grubenv",
		"mount -o remount,rw /boot", "mount -o remount,bind,ro /boot",
	}
	full := errors.New("disk full")
	for _, second := range []error{nil, full} {
		m := newMachine(t)
		m.program("findmnt", "/boot\n")
		m.program("mount", "")
		answers := []error{&os.PathError{Op: "open", Err: syscall.EROFS}, second}
		err := m.device().writable(t.Context(), "/boot/grub2/grubenv", func() error {
			answer := answers[0]
			answers = answers[1:]
			return answer
		})
		if !errors.Is(err, second) || !slices.Equal(m.ran, want) {
			t.Errorf("writable = %v after %q", err, m.ran)
		}
	}
	m := newMachine(t)
	if err := m.device().writable(t.Context(), "/x", func() error { return full }); !errors.Is(err, full) || len(m.ran) > 0 {
		t.Errorf("another fault: %v after %q", err, m.ran)
	}
}
