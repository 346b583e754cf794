package cli_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
	"edge/appliance/update"
)

const vmHost = "10.0.2.2" // this machine's 127.0.0.1, as a virtual machine sees it

// vmConfig is a builder whose devices have the patience that translated code needs.
const vmConfig = `
[device.health]
attempts = 2
deadline = "10m"
settle = "2s"

[device.updates]
every = "1h"
jitter = "0s"

[device.os]
updates = "stage"
every = "12h"
delay = "0s"
`

// vm is a device with a BIOS, GRUB, a kernel and an initramfs of its own. Its verbs are those of device.
type vm struct {
	t       *testing.T
	lab     *lab
	name    string
	address string // from this machine
}

// newVMLab starts a builder as newLab does, with releases that have a kernel.
func newVMLab(t *testing.T) *lab {
	t.Helper()
	if os.Getenv("APPLIANCE_VM") != "1" {
		t.Skip("translates a whole machine for many minutes; runs with APPLIANCE_VM=1, as make test-vm sets it")
	}
	for _, p := range []string{"qemu-system-x86_64", "sfdisk", "mkfs.ext4", "ssh", "slirp4netns", "ostree", "mmdebstrap", "systemd-nspawn", "grub-editenv"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is not installed; \"contrib/peers.sh vm\" installs what virtual machines need", p)
		}
	}
	if reason := noContainers(); reason != "" {
		t.Fatalf("a virtual machine's disk is made in namespaces: %s", reason)
	}
	config := filepath.Join(t.TempDir(), "appliance.toml")
	if err := os.WriteFile(config, []byte(vmConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, releases: labRun(t, "commits", "vm")}
	l.sweepVMs()
	wire, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wire.Close() })
	l.url = fmt.Sprintf("http://%s:%d", vmHost, wire.Addr().(*net.TCPAddr).Port)
	// Debian's ostree cannot verify ed25519.
	l.house = newHouse(t, "--sample", "--url", l.url, "--no-sign", "--config", config)
	l.plug()
	go l.carry(wire)
	for n := 1; n <= 3; n++ {
		l.house.must("release", "import", fmt.Sprintf("%s@0.0.%d", labBlueprint, n), fmt.Sprintf("%s/v%d.tar", l.releases, n))
	}
	l.publish("0.0.1")
	return l
}

// sweepVMs destroys the machines of tests that were killed before they could.
func (l *lab) sweepVMs() {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(l.releases), "vms", "peer-*"))
	for _, dir := range left {
		name := filepath.Base(dir)
		if owner := strings.Split(name, "-")[1]; !exists("/proc/" + owner) {
			labRun(l.t, "vm", name, "destroy")
		}
	}
}

// vm makes one that is off, with the published release deployed on its disk.
func (l *lab) vm() *vm {
	l.t.Helper()
	m := &vm{t: l.t, lab: l, name: fmt.Sprintf("peer-%d", os.Getpid())}
	l.t.Cleanup(m.destroy)
	m.do("init", l.url+"/"+labBlueprint+"/repo/")
	_, rest, _ := strings.Cut(m.do("status"), "address ")
	m.address, _, _ = strings.Cut(rest, "\n")
	return m
}

func (m *vm) do(verb string, args ...string) string {
	m.t.Helper()
	return labRun(m.t, "vm", append([]string{m.name, verb}, args...)...)
}

func (m *vm) in(args ...string) string {
	m.t.Helper()
	return m.do("in", args...)
}

// try is in for a command that may fail.
func (m *vm) try(args ...string) (string, error) {
	return labTry("vm", nil, append([]string{m.name, "in"}, args...)...)
}

// grub is what GRUB said of each boot since init.
func (m *vm) grub() []string {
	m.t.Helper()
	said, _ := m.console()
	return said
}

// console is what GRUB said of each boot since init, and what the last of them has said since. To read it
// costs the machine nothing; every command in it costs seconds.
func (m *vm) console() (grub []string, boot string) {
	m.t.Helper()
	for i, part := range strings.Split(strings.ReplaceAll(m.do("log"), "\r", ""), "GRUB default=") {
		if i > 0 {
			said, _, _ := strings.Cut(part, "\n")
			grub = append(grub, "default="+said)
		}
		boot = part
	}
	return grub, boot
}

// waitFor asks until the answer is yes. The limit is for a translated machine beside other work.
func (m *vm) waitFor(what string, answer func() bool) {
	m.t.Helper()
	const limit = 25 * time.Minute
	for deadline := time.Now().Add(limit); !answer(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("device %s: no %s within %s", m.name, what, limit)
		}
	}
}

// green waits for a boot of a version that was judged green, after so many boots since init.
func (m *vm) green(version string, boots int) {
	m.t.Helper()
	m.waitFor("green boot", func() bool {
		grub, boot := m.console()
		return len(grub) >= boots && strings.Contains(boot, "boot is green")
	})
	if out := m.in("sh", "-c", ". /usr/lib/os-release; echo $OSTREE_VERSION"); out != version {
		m.t.Fatalf("version %s is green, want %s", out, version)
	}
	if s := m.status(); s.Boot.Verdict != report.Green || s.Boot.Trial {
		m.t.Errorf("boot %+v, want a green one that is no trial", s.Boot)
	}
	if env := m.in("grub-editenv", "/boot/grub/grubenv", "list"); strings.Contains(env, "boot_counter") || !strings.Contains(env, "boot_success=1") {
		m.t.Errorf("GRUB's environment after a green boot: %s", env)
	}
}

// status is what the device says of itself.
func (m *vm) status() report.Status {
	m.t.Helper()
	var s report.Status
	decode(m.t, m.in("appliance", "device", "status", "-o", "json"), &s)
	return s
}

// serves waits for the app that is always on.
func (m *vm) serves(version string) {
	m.t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	m.waitFor("answer of app1 on port 8081", func() bool {
		resp, err := client.Get("http://" + m.address + ":8081/version.txt")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		return err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(body), version)
	})
}

// update stages what is published and boots it, and returns when the reboot was asked for.
func (m *vm) update() time.Time {
	m.t.Helper()
	begin := time.Now()
	m.waitFor("staged system", func() bool { // the timer's own run may be under way, and then this one leaves it to that
		return strings.Contains(m.in("appliance", "device", "update", "os"), string(update.OSStaged))
	})
	m.t.Logf("staged in %s", time.Since(begin).Round(time.Second))
	begin = time.Now()
	m.in("systemctl", "reboot")
	return begin
}

// destroy removes the machine. Of a failed test the console stays, which has the journal.
func (m *vm) destroy() {
	if log, err := labTry("vm", nil, m.name, "log"); err == nil && m.t.Failed() {
		file := filepath.Join("../../build/vm", m.name+".console")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			m.t.Error(err)
		}
		if err := os.WriteFile(file, []byte(log), 0o644); err != nil {
			m.t.Error(err)
		}
		lines := strings.Split(log, "\n")
		m.t.Logf("the console is %s; it ends with:\n%s", file, strings.Join(lines[max(0, len(lines)-80):], "\n"))
	}
	if _, err := labTry("vm", nil, m.name, "destroy"); err != nil {
		m.t.Error(err)
	}
	if dir := filepath.Join(filepath.Dir(m.lab.releases), "vms", m.name); exists(dir) {
		m.t.Errorf("%s is left", dir)
	}
}
