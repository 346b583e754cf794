package cli_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// device is one virtual machine. It is destroyed when the test ends.
type device struct {
	t       *testing.T
	lab     *lab
	name    string
	address string // from this machine
}

// device makes one that is off, with the published release deployed.
func (l *lab) device() *device {
	l.t.Helper()
	l.devices++
	d := &device{t: l.t, lab: l, name: fmt.Sprintf("peer-%d-%s%d", os.Getpid(), l.name, l.devices)}
	l.t.Cleanup(d.destroy)
	d.do("init", l.url+"/"+labBlueprint+"/repo/")
	_, rest, _ := strings.Cut(d.do("status"), "address ")
	d.address, _, _ = strings.Cut(rest, "\n")
	return d
}

func (d *device) do(verb string, args ...string) string {
	d.t.Helper()
	return labRun(d.t, "device", append([]string{d.name, verb}, args...)...)
}

// boot switches on, waits for the end of the boot and returns systemd's verdict: "running" or "degraded".
func (d *device) boot() string {
	d.t.Helper()
	d.do("boot")
	return d.wait()
}

// wait is until the boot under way is over.
func (d *device) wait() string {
	d.t.Helper()
	return d.do("wait")
}

// in runs a command inside as root. The test fails when the command does.
func (d *device) in(args ...string) string {
	d.t.Helper()
	return d.do("in", args...)
}

// try is in for a command that may fail.
func (d *device) try(args ...string) (string, error) {
	return labTry("device", nil, append([]string{d.name, "in"}, args...)...)
}

// asUser runs a command as admin, in a session as a login makes it.
func (d *device) asUser(args ...string) string {
	d.t.Helper()
	return d.do("as-user", args...)
}

// tryAsUser is asUser for a command that may fail.
func (d *device) tryAsUser(args ...string) (string, error) {
	return labTry("device", nil, append([]string{d.name, "as-user"}, args...)...)
}

// post runs a command in a device that is off, as the installer runs %post.
func (d *device) post(args ...string) string {
	d.t.Helper()
	return d.do("post", args...)
}

// put writes a file inside, with its folders.
func (d *device) put(path string, mode os.FileMode, content io.Reader) {
	d.t.Helper()
	if _, err := labTry("device", content, d.name, "in", "install", "-D", "-m", fmt.Sprintf("%o", mode), "/dev/stdin", path); err != nil {
		d.t.Fatal(err)
	}
}

// install copies the program into the device, where an installation has it.
func (d *device) install() {
	d.t.Helper()
	d.put("/usr/local/bin/appliance", 0o755, mustOpen(d.t, d.lab.house.bin))
}

// waitFor asks until the answer is yes.
func (d *device) waitFor(what string, limit time.Duration, answer func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(limit); !answer(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("device %s: no %s within %s", d.name, what, limit)
		}
	}
}

// boots counts the boots since init.
func (d *device) boots() int {
	d.t.Helper()
	var n int
	_, rest, _ := strings.Cut(d.do("status"), "\nboots ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		d.t.Fatalf("no number of boots in the status of %s: %v", d.name, err)
	}
	return n
}

// reboot restarts from inside, and returns systemd's verdict on the next boot.
func (d *device) reboot() string {
	d.t.Helper()
	before := d.boots()
	d.in("systemctl", "reboot")
	d.waitFor("next boot", time.Minute, func() bool { return d.boots() > before })
	return d.wait()
}

// kill is a power cut. The disk stays as it is.
func (d *device) kill() { d.t.Helper(); d.do("kill") }

// stop is a clean shutdown.
func (d *device) stop() { d.t.Helper(); d.do("stop") }

// spinning is a line of a console by which systemd says that it waits.
var spinning = regexp.MustCompile(`Job .* running \(`)

// destroy removes the device, and fails the test when something of it stays. Of a failed test the console stays, which has
// the journal.
func (d *device) destroy() {
	if log, err := labTry("device", nil, d.name, "log"); err == nil && d.t.Failed() {
		file := filepath.Join("../../build/lab", d.name+".console")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(log), 0o644)); err != nil {
			d.t.Log(err)
		}
		lines := slices.DeleteFunc(strings.Split(log, "\n"), spinning.MatchString)
		d.t.Logf("%s has the console of %s, which ends with:\n%s", file, d.name, strings.Join(lines[max(0, len(lines)-120):], "\n"))
	}
	if _, err := labTry("device", nil, d.name, "destroy"); err != nil {
		d.t.Error(err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		d.t.Error(err)
	}
	if dir := filepath.Join(filepath.Dir(d.lab.releases), "devices", d.name); exists(dir) || strings.Contains(string(mounts), dir) {
		d.t.Errorf("%s or a mount below it is left", dir)
	}
	number := d.address[strings.LastIndexByte(d.address, '.')+1:]
	for _, trace := range []string{"/run/netns/appliance-lab-" + number, "/sys/class/net/applab" + number} {
		if number != "" && exists(trace) {
			d.t.Errorf("%s is left", trace)
		}
	}
}

// booted is the version of the deployment that runs.
func (d *device) booted() string {
	d.t.Helper()
	version := d.in("sh", "-c", ". /usr/lib/os-release; echo $OSTREE_VERSION")
	if status := d.in("ostree", "admin", "status"); !strings.Contains("\n"+status, "\n* debian "+d.lab.house.commit(labBlueprint, version)) {
		d.t.Errorf("%s runs, but ostree admin status prints\n%s", version, status)
	}
	return version
}

// serves runs a sample app as admin and asks it from outside.
func (d *device) serves(t *testing.T) {
	d.in("loginctl", "enable-linger", "admin")
	d.asUser("podman", "run", "--detach", "--rm", "--name=app1", "--publish=8081:8081", "--tls-verify=false", d.lab.registry()+"/2048:v1")
	d.answers()
	if driver := d.asUser("podman", "info", "--format", "{{.Store.GraphDriverName}}"); driver != "overlay" {
		t.Errorf("podman stores with %q, want overlay", driver)
	}
}

// answers waits for the app of serves.
func (d *device) answers() {
	d.t.Helper()
	d.waitFor("answer on port 8081", 10*time.Second, func() bool {
		resp, err := http.Get("http://" + d.address + ":8081/version.txt")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(body), "v1")
	})
}
