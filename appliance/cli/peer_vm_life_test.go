package cli_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The operating system's part of the demonstration with nothing played: GRUB counts the boots of a broken
// release in its own environment and boots the old one, whose initramfs mounts it, and the device makes
// that one its default again.
func TestVMLife(t *testing.T) {
	l := newVMLab(t)
	m := l.vm()
	t.Logf("the machine is %s", strings.Join(strings.Fields(m.do("status")), " "))
	for _, step := range []struct {
		name string
		run  func(*testing.T, *vm)
	}{
		{"deploy", vmDeploy},
		{"broken system", vmBrokenSystem},
		{"good system", vmGoodSystem},
		{"power cut", vmPowerCut},
	} {
		begin := time.Now()
		if !t.Run(step.name, func(t *testing.T) { m.t = t; defer func() { m.t = l.t }(); step.run(t, m) }) {
			said, err := m.try("appliance", "device", "status")
			t.Fatalf("the device is not as the next step wants it: %s %v", said, err)
		}
		t.Logf("%s took %s", step.name, time.Since(begin).Round(time.Second))
	}
}

// vmDeploy installs as a kickstart's %post does, with nothing on the device but curl.
func vmDeploy(t *testing.T, m *vm) {
	out := m.do("post", "bash", "-c", `set -e
mkdir -p /usr/local/bin
curl -fsS "$1/download/appliance-linux-amd64" -o /usr/local/bin/appliance
chmod 755 /usr/local/bin/appliance
appliance device install --from "$2"`, "bash", m.lab.url, m.lab.url+"/"+labBlueprint)
	if !strings.Contains(out, "appliance-health.service judges boots") {
		t.Errorf("installing says nothing of who judges boots:\n%s", out)
	}
	begin := time.Now()
	m.do("boot")
	m.green("0.0.1", 1)
	m.do("wait")
	t.Logf("first boot, with the pull of both images, green after %s", time.Since(begin).Round(time.Second))
	m.serves("v1")
	if s := m.status(); s.Boot.Engine != "appliance" || s.Rollback != nil || len(s.Boot.Checks) != 3 {
		t.Errorf("boot %+v, rollback %+v", s.Boot, s.Rollback)
	}
}

// vmBrokenSystem takes 0.0.2, which lacks git.
func vmBrokenSystem(t *testing.T, m *vm) {
	m.lab.publish("0.0.2")
	before := len(m.grub())
	begin := m.update()
	m.green("0.0.1", before+3)
	t.Logf("from the reboot into 0.0.2 to green on 0.0.1: %s", time.Since(begin).Round(time.Second))
	want := []string{"default=0 boot_counter=1", "default=0 boot_counter=0", "default=1 boot_counter=-1"}
	if got := m.grub()[before:]; !slices.Equal(got, want) {
		t.Errorf("GRUB said %q, want %q", got, want)
	}
	if menu := m.in("cat", "/boot/grub/grub.cfg"); !strings.Contains(menu, "### BEGIN /etc/grub.d/15_ostree ###") {
		t.Errorf("GRUB's configuration is not the one of grub-mkconfig:\n%s", menu)
	}
	s := m.status()
	r := s.Rollback
	if r == nil || r.FromVersion != "0.0.2" || r.ToVersion != "0.0.1" || r.Check != "git" || !strings.Contains(r.Reason, "not installed") || r.Attempts != 2 {
		t.Errorf("last rollback %+v", r)
	}
	if len(s.OS) != 1 || s.OS[0].Version != "0.0.1" || !s.OS[0].Booted {
		t.Errorf("deployments %+v, want 0.0.1 alone, which is the default again", s.OS)
	}
	if out := m.in("appliance", "device", "update", "os"); !strings.Contains(out, "quarantined") {
		t.Errorf("what was rolled back is taken again: %s", out)
	}
	m.serves("v1")
}

// vmGoodSystem takes 0.0.3, which has git and zsh.
func vmGoodSystem(t *testing.T, m *vm) {
	m.lab.publish("0.0.3")
	before := len(m.grub())
	begin := m.update()
	m.green("0.0.3", before+1)
	t.Logf("from the reboot to green on 0.0.3: %s", time.Since(begin).Round(time.Second))
	m.in("sh", "-c", "git --version && zsh --version")
	if got := m.grub()[before:]; !slices.Equal(got, []string{"default=0 boot_counter=1"}) {
		t.Errorf("GRUB said %q, want one counted boot", got)
	}
	if s := m.status(); len(s.OS) != 2 || s.OS[1].Version != "0.0.1" || !s.OS[1].Rollback {
		t.Errorf("deployments %+v, want 0.0.1 as the one to fall back to", s.OS)
	}
}

// vmPowerCut takes the power away right after a verdict. Here, and not in a container, what was not synced is lost.
func vmPowerCut(t *testing.T, m *vm) {
	before := len(m.grub())
	m.do("kill")
	m.do("boot")
	m.green("0.0.3", before+1)
	if got := m.grub()[before:]; !slices.Equal(got, []string{"default=0 boot_counter="}) {
		t.Errorf("GRUB said %q, want one boot that is not counted", got)
	}
	m.serves("v1")
}
