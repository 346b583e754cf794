package cli_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

// faultsConfig leaves it to the test when a device looks for updates.
const faultsConfig = `
[device.health]
attempts = 3
deadline = "40s"
settle = "500ms"

[device.updates]
engine = "off"
settle = "2s"

[device.os]
updates = "off"
`

// faulty is one device on a disk that can be filled, behind a cable that can be cut.
type faulty struct {
	*device
	cable  *cable
	flags  []string // of the builder
	random *rand.Rand
}

// newFaulty makes one whose builder signs with the keys of home.
func newFaulty(t *testing.T, home string) *faulty {
	t.Helper()
	file := filepath.Join(t.TempDir(), "appliance.toml")
	write(t, file, faultsConfig)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("LAB_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LAB_SEED=%d", seed)
	flags := []string{"--no-sign", "--config", file} // Debian's ostree cannot verify ed25519
	l := newLabWith(t, []string{"GNUPGHOME=" + home}, flags...)
	l.house.must("release", "sign", labBlueprint+"@0.0.1", "--key", ourKey)
	f := &faulty{device: l.device(), flags: append([]string{"--sample", "--url", l.url}, flags...), random: rand.New(rand.NewPCG(seed, 5))}
	f.cable = newCable(t, l)
	f.disk(t, 1000)
	return f
}

// disk moves the device to a disk of its own, of so many megabytes.
func (f *faulty) disk(t *testing.T, size int) {
	t.Helper()
	root := filepath.Join(filepath.Dir(f.lab.releases), "devices", f.name, "sysroot")
	image, at := filepath.Join(filepath.Dir(root), "disk.img"), t.TempDir()
	run(t, "truncate", "-s", fmt.Sprintf("%dM", size), image)
	run(t, "mkfs.ext4", "-q", "-m", "0", image)
	run(t, "unshare", "--mount", "sh", "-c", `mount -o loop "$1" "$2" && cp -a "$3/." "$2"`, "sh", image, at, root)
	run(t, "mount", "-o", "loop", image, root) // the device's destroy unmounts it
}

// serves waits until the boot is green and the app answers with one of these versions, and returns it.
func (f *faulty) serves(t *testing.T, versions ...string) (got string) {
	t.Helper()
	f.waitFor("green boot", time.Minute, func() bool {
		out, err := f.try("appliance", "device", "status", "-o", "json")
		if err != nil {
			return false
		}
		var s report.Status
		decode(t, out, &s)
		return s.Boot.Verdict == report.Green && !s.Boot.Trial
	})
	f.waitFor("answer of app1 by "+strings.Join(versions, " or "), time.Minute, func() bool {
		_, version, _ := strings.Cut(f.says(8081, "/version.txt"), " ")
		got = strings.TrimSpace(version)
		return slices.Contains(versions, got)
	})
	return got
}

// whole is that nothing is half-done: deployments, installed files and units, failed units.
func (f *faulty) whole(t *testing.T) {
	t.Helper()
	if out, err := f.try("ostree", "fsck", "--quiet"); err != nil {
		t.Errorf("ostree fsck: %v\n%s", err, out)
	}
	if out, err := f.try("appliance", "device", "install", "--dry-run"); err != nil {
		t.Errorf("something is half-installed: %v\n%s", err, out)
	}
	if out := f.in("systemctl", "--failed", "--no-legend", "--plain"); out != "" {
		t.Errorf("failed units: %s", out)
	}
}

// update asks for an update of the system, and for a reboot into it.
func (f *faulty) update() (string, error) {
	return f.try("sh", "-c", "appliance device update os --force 2>&1")
}

// refused is an update that fails for a reason and changes no deployment; such is a device that stays healthy.
func (f *faulty) refused(t *testing.T, update func() (string, error), reasons ...string) {
	t.Helper()
	before := f.deployments()
	out, err := update()
	if err == nil || !slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(out, s) }) {
		t.Errorf("the update ends with %v and says\n%s\nwant a failure that speaks of %q", err, out, reasons)
	}
	if after := f.deployments(); after != before {
		t.Errorf("the deployments were\n%s\nand are now\n%s", before, after)
	}
	f.serves(t, "v1")
	f.whole(t)
}

// taken is an update that ends in a green boot of a version, and leaves nothing half-done.
func (f *faulty) taken(t *testing.T, version string) {
	t.Helper()
	f.goes(t, version)
	f.whole(t)
}

// goes is an update that ends in a green boot of a version.
func (f *faulty) goes(t *testing.T, version string) {
	t.Helper()
	before := f.boots()
	out, _ := f.update() // the reboot may end it
	f.waitFor("reboot after "+out, time.Minute, func() bool { return f.boots() > before })
	f.wait()
	f.serves(t, "v1")
	if got := f.booted(); got != version {
		t.Errorf("booted %s, want %s", got, version)
	}
}

// restart brings the builder back.
func (f *faulty) restart() { f.lab.house.start(f.flags...) }

// deployments are what is installed and staged, and what boots next.
func (f *faulty) deployments() string {
	f.t.Helper()
	return f.in("sh", "-c", "readlink /boot/loader; ls -d /sysroot/ostree/deploy/*/deploy/*.?; ls /run/ostree/staged-deployment 2>/dev/null || true")
}

// publish publishes and signs.
func (f *faulty) publish(version string) {
	f.t.Helper()
	f.lab.publish(version)
	f.lab.house.must("release", "sign", labBlueprint+"@"+version, "--key", ourKey)
}

// refusedFull is refused for want of space. What is installed cannot be asked for while there is none.
func (f *faulty) refusedFull(t *testing.T, update func() (string, error)) {
	t.Helper()
	before := f.deployments()
	if out, err := update(); err == nil || !strings.Contains(out, "left at") && !strings.Contains(out, "space") {
		t.Errorf("an update without space: %v\n%s", err, out)
	}
	if after := f.deployments(); after != before {
		t.Errorf("the deployments were\n%s\nand are now\n%s", before, after)
	}
	f.serves(t, "v1")
}

// keyring has two keys that can sign.
func keyring(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Cleanup(func() { exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() })
	for _, who := range []string{ourKey, otherKey} {
		run(t, "gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", "never")
	}
	return home
}

// cutAfter cuts the power at a random moment after a command was begun.
func (f *faulty) cutAfter(t *testing.T, most time.Duration, command ...string) {
	t.Helper()
	done := make(chan string, 1)
	begun := time.Now()
	go func() {
		out, err := f.try(command...)
		done <- fmt.Sprintf("%.2f s, %v %s", time.Since(begun).Seconds(), err == nil, lastLine(out))
	}()
	moment := time.Duration(f.random.Int64N(int64(most)))
	time.Sleep(time.Until(begun.Add(moment)))
	f.kill()
	t.Logf("power cut %.2f s after the beginning; the command ended after %s", moment.Seconds(), <-done)
}
