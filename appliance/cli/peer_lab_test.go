package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	labBlueprint = "debian_edge"
	labHost      = "198.18.0.1" // of the builder, as every device of the lab sees it
)

// lab is a builder with the lab's releases, and the devices that follow it; contrib/lab/README.md
// says what is real in a device.
type lab struct {
	t        *testing.T
	house    *house
	url      string                 // of the builder, for devices; it outlives a restart of the server
	server   atomic.Pointer[string] // where the server listens now; nil while the network is down
	releases string                 // folder of v1.tar, v2.tar, v3.tar
	name     string                 // of the test, for those of its devices
	devices  int
}

// newLab starts a builder with v1 published and v2, v3 staged, as 0.0.1, 0.0.2 and 0.0.3. args are more flags
// for its server.
func newLab(t *testing.T, args ...string) *lab {
	t.Helper()
	return newLabWith(t, nil, args...)
}

// newLabWith adds to the environment of the server.
func newLabWith(t *testing.T, env []string, args ...string) *lab {
	t.Helper()
	needPeers(t, "ostree", "mmdebstrap", "systemd-nspawn", "grub-editenv", "ip", "nsenter")
	if reason := noContainers(); reason != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	l := &lab{t: t, name: strings.ToLower(strings.TrimPrefix(t.Name(), "TestLab"))}
	l.releases = labRun(t, "commits")
	l.sweep()
	out, err := net.Listen("tcp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	l.url = fmt.Sprintf("http://%s:%d", labHost, out.Addr().(*net.TCPAddr).Port)
	l.house = newHouseWith(t, env, append([]string{"--sample", "--url", l.url}, args...)...)
	l.plug()
	go l.carry(out)
	for n := 1; n <= 3; n++ {
		l.house.must("release", "import", fmt.Sprintf("%s@0.0.%d", labBlueprint, n), fmt.Sprintf("%s/v%d.tar", l.releases, n))
	}
	l.publish("0.0.1")
	return l
}

// noContainers says why this process may not make devices.
func noContainers() string {
	if os.Getuid() != 0 {
		return "devices of the lab need root"
	}
	if out, err := output("unshare", "--mount", "--net", "--pid", "--fork", "true"); err != nil {
		return fmt.Sprintf("devices of the lab need namespaces, and this root may not make them: %s", strings.TrimSpace(out))
	}
	if out, err := output("findmnt", "-n", "-t", "cgroup2"); err != nil {
		return "devices of the lab need a mounted cgroup2: " + out
	}
	return ""
}

// labRun runs a script of the lab.
func labRun(t *testing.T, script string, args ...string) string {
	t.Helper()
	out, err := labTry(script, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// labTry runs a script of the lab and returns what it says on stdout; the error has the rest.
func labTry(script string, in io.Reader, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var out, all bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join("../../contrib/lab", script), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, io.MultiWriter(&out, &all), &all
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return strings.TrimSpace(out.String()), fmt.Errorf("%s %s: %w\n%s", script, strings.Join(args, " "), err, &all)
	}
	return strings.TrimSpace(out.String()), nil
}

// sweep destroys the devices of tests that were killed before they could.
func (l *lab) sweep() {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(l.releases), "devices", "peer-*"))
	for _, dir := range left {
		name := filepath.Base(dir)
		if owner := strings.Split(name, "-")[1]; !exists("/proc/" + owner) {
			labRun(l.t, "device", name, "destroy")
		}
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// plug connects the devices with the server, wherever it listens after a restart.
func (l *lab) plug() {
	address := strings.TrimPrefix(l.house.url, "http://")
	l.server.Store(&address)
}

// unplug takes the network between devices and builder away.
func (l *lab) unplug() { l.server.Store(nil) }

// carry is the wire: the server listens on one port of this machine alone, and on another one after a restart.
func (l *lab) carry(out net.Listener) {
	for {
		near, err := out.Accept()
		if err != nil {
			return
		}
		go func() {
			defer near.Close()
			address := l.server.Load()
			if address == nil {
				return
			}
			far, err := net.Dial("tcp", *address)
			if err != nil {
				return
			}
			defer far.Close()
			go func() {
				io.Copy(far, near)
				far.(*net.TCPConn).CloseWrite()
			}()
			io.Copy(near, far)
		}()
	}
}

func (l *lab) publish(version string) {
	l.t.Helper()
	l.house.must("release", "publish", labBlueprint+"@"+version)
}

// registry is the builder's registry as a device names it.
func (l *lab) registry() string { return strings.TrimPrefix(l.url, "http://") }

// A device does what later tests build on: it boots, talks to the builder, runs containers as a user,
// follows an update, counts boots like GRUB, and outlives a power cut.
func TestLabDevice(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	d := l.device()
	if verdict := d.boot(); verdict != "running" {
		t.Errorf("the first boot ends %s:\n%s", verdict, d.in("systemctl", "--failed", "--no-legend"))
	}
	if got := d.booted(); got != "0.0.1" {
		t.Errorf("booted %s, want 0.0.1", got)
	}
	d.install()
	if out := d.in("appliance", "version"); !strings.HasPrefix(out, "appliance ") {
		t.Errorf("appliance version prints %q", out)
	}
	if _, err := d.tryAsUser("sudo", "-n", "true"); err == nil {
		t.Error("admin becomes root without a password, which nobody gave him")
	}
	t.Run("container", func(t *testing.T) { d.serves(t) })

	l.unplug()
	if out, err := d.try("ostree", "admin", "upgrade", "--stage"); err == nil {
		t.Errorf("upgrading without a network: %s", out)
	}
	l.plug()
	l.publish("0.0.2")
	d.in("ostree", "admin", "upgrade", "--stage")
	d.reboot()
	if got := d.booted(); got != "0.0.2" {
		t.Errorf("booted %s after the upgrade, want 0.0.2", got)
	}
	if _, err := d.try("git", "--version"); err == nil {
		t.Error("git is there, which 0.0.2 removes")
	}

	d.kill()
	if d.boot(); d.booted() != "0.0.2" {
		t.Error("a power cut changed the deployment")
	}
	d.in("grub-editenv", "/boot/grub2/grubenv", "set", "boot_counter=1", "boot_success=0")
	for _, want := range []string{"0.0.2", "0.0.1"} {
		if d.reboot(); d.booted() != want {
			t.Errorf("GRUB booted %s, want %s:\n%s", d.booted(), want, d.in("grub-editenv", "/boot/grub2/grubenv", "list"))
		}
	}
	d.stop()
	if out := d.post("sh", "-c", "hostname; systemctl is-system-running; ls -d /var/home/admin"); !strings.Contains(out, "offline") {
		t.Errorf("in %%post: %s", out)
	}
}

// Devices have their own networks, so the same ports and the same names.
func TestLabDevicesSideBySide(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	one, two := l.device(), l.device()
	one.boot()
	two.boot()
	if one.address == two.address || one.in("cat", "/etc/machine-id") == two.in("cat", "/etc/machine-id") {
		t.Error("the devices are not told apart")
	}
	one.serves(t)
	two.serves(t)
	one.kill()
	two.answers()
}
