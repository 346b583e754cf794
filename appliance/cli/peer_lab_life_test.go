package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

// labConfig is a builder whose devices decide within seconds.
const labConfig = `
[device.health]
attempts = 2
deadline = "40s"
settle = "1s"

[device.updates]
every = "10s"
jitter = "0s"
settle = "4s"

[device.os]
updates = "stage"
every = "1h"
delay = "0s"

[device.report]
enabled = true
every = "10s"

[[app]]
name = "2048"
image = "2048"
unit = "app1"
port = 8081
start = "8s"

[[app]]
name = "simple-http"
image = "simple-http"
unit = "httpd"
port = 8080
cold = true
idle = "4s"

[[check]]
name = "git"
kind = "command"
command = ["git", "--help"]
`

// The whole demonstration on one device, set up by "device install" and nothing else: deploy, a broken
// version of the system and its rollback, a good one, broken applications and their rollback, a good one and
// its undoing, an application that sleeps.
func TestLabLife(t *testing.T) {
	t.Parallel()                                              // it mostly waits
	l := newLab(t, "--no-sign", "--config", labConfigFile(t)) // Debian's ostree cannot verify ed25519
	d := l.device()
	for _, step := range []struct {
		name string
		run  func(*testing.T, *device)
	}{
		{"deploy", lifeDeploy},
		{"broken system", lifeBrokenSystem},
		{"good system", lifeGoodSystem},
		{"broken apps", lifeBrokenApps},
		{"good app and undo", lifeGoodApp},
		{"cold app", lifeColdApp},
		{"uninstall", lifeUninstall},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			d.t, d.lab.t = t, t
			step.run(t, d)
		})
		if d.t, d.lab.t = t, t; !ok {
			t.Fatalf("the device is not as the next step wants it:\n%s\n%s", d.in("appliance", "device", "status"),
				d.in("journalctl", "-b", "-n", "60", "--no-pager", "-o", "short"))
		}
	}
}

func labConfigFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "appliance.toml")
	if err := os.WriteFile(file, []byte(labConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// profile is where a device finds what it is to be.
func (d *device) profile() string { return d.lab.url + "/" + labBlueprint }

// status is what the device says of itself.
func (d *device) status() report.Status {
	d.t.Helper()
	var s report.Status
	decode(d.t, d.in("appliance", "device", "status", "-o", "json"), &s)
	return s
}

// appOf is one application in a status.
func appOf(t *testing.T, s report.Status, name string) report.App {
	t.Helper()
	for _, a := range s.Apps {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no app %q in %+v", name, s.Apps)
	return report.App{}
}

// says is what an application's page answers, "" where it does not.
func (d *device) says(port int, path string) string {
	// A connection that is kept open keeps a cold application awake.
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(fmt.Sprintf("http://%s:%d%s", d.address, port, path))
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// lifeDeploy installs as a kickstart's %post does, with nothing on the device but curl.
func lifeDeploy(t *testing.T, d *device) {
	var token struct {
		Secret string `json:"token"`
	}
	decode(t, d.lab.house.must("fleet", "enrol", "--blueprint", labBlueprint, "-o", "json"), &token)
	script := `set -e
mkdir -p /usr/local/bin
curl -fsS "$1/download/appliance-linux-amd64" -o /usr/local/bin/appliance
curl -fsS "$1/download/appliance-linux-amd64.sha256" | (cd /usr/local/bin && sed 's/appliance-linux-amd64/appliance/' | sha256sum -c)
chmod 755 /usr/local/bin/appliance
APPLIANCE_ENROL_TOKEN=$3 appliance device install --from "$2"
appliance device install --dry-run`
	out := d.post("bash", "-c", script, "bash", d.lab.url, d.profile(), token.Secret)
	if !strings.Contains(out, "installed: nothing to change") {
		t.Errorf("a second install would change something:\n%s", out)
	}
	if verdict := d.boot(); verdict != "running" {
		t.Errorf("the first boot ends %s:\n%s", verdict, d.in("systemctl", "--failed", "--no-legend"))
	}
	d.waitFor("answer of app1", 30*time.Second, func() bool { return strings.Contains(d.says(8081, "/version.txt"), "v1") })
	d.waitFor("pulled images", 30*time.Second, func() bool {
		out, _ := d.tryAsUser("systemctl", "--user", "is-active", "pre-pull-container-image.service")
		return out == "active"
	})
	s := d.status()
	if s.Boot.Verdict != report.Green || s.Boot.Engine != "appliance" || s.Rollback != nil || len(s.Boot.Checks) != 3 {
		t.Errorf("boot %+v, rollback %+v", s.Boot, s.Rollback)
	}
	d.waitFor("sleep of the cold app, which its check woke", 30*time.Second, func() bool {
		httpd := appOf(t, d.status(), "simple-http")
		return httpd.State == "listening" && httpd.Ready
	})
	// What the demonstration shows on the device.
	shown := d.asUser("cat", "/var/home/admin/.config/systemd/user/container-app1.service")
	if !strings.Contains(shown, "ExecStartPost=") || !strings.Contains(d.asUser("systemctl", "--user", "status", "--no-pager", "container-app1.service"), "active (running)") {
		t.Errorf("the unit of app1 is not shown:\n%s", shown)
	}
	d.waitFor("row in the fleet", 40*time.Second, func() bool {
		return strings.Contains(d.lab.house.must("fleet", "list"), "green")
	})
	if out := d.in("appliance", "device", "doctor", "-o", "json"); strings.Contains(out, `"fault"`) {
		t.Errorf("the doctor finds a fault: %s", out)
	}
}

// lifeBrokenSystem takes 0.0.2, which lacks git.
func lifeBrokenSystem(t *testing.T, d *device) {
	d.lab.publish("0.0.2")
	if out, _ := d.try("appliance", "device", "update", "os", "--dry-run"); !strings.Contains(out, "0.0.2") {
		t.Errorf("the update is not offered: %s", out)
	}
	before := d.boots()
	d.in("appliance", "device", "update", "os")
	d.in("systemctl", "reboot") // at once: what was staged must not be lost by that
	d.waitFor("rollback", 2*time.Minute, func() bool {
		if d.boots() < before+3 {
			return false
		}
		out, err := d.try("sh", "-c", ". /usr/lib/os-release; echo $OSTREE_VERSION; systemctl is-active boot-complete.target")
		return err == nil && out == "0.0.1\nactive"
	})
	if n := d.boots() - before; n != 3 {
		t.Errorf("%d boots, want 2 of 0.0.2 and 1 of 0.0.1", n)
	}
	s := d.status()
	r := s.Rollback
	if r == nil || r.FromVersion != "0.0.2" || r.ToVersion != "0.0.1" || r.Check != "git" || !strings.Contains(r.Reason, "not installed") || r.Attempts != 2 {
		t.Errorf("last rollback %+v", r)
	}
	if s.Boot.Verdict != report.Green || s.Boot.Trial {
		t.Errorf("boot %+v", s.Boot)
	}
	if out := d.in("appliance", "device", "quarantine", "list"); !strings.Contains(out, "0.0.2") {
		t.Errorf("0.0.2 is not in quarantine:\n%s", out)
	}
	if out := d.in("appliance", "device", "update", "os"); !strings.Contains(out, "quarantined") {
		t.Errorf("what was rolled back is taken again: %s", out)
	}
	if env := d.in("grub-editenv", "/boot/grub/grubenv", "list"); strings.Contains(env, "boot_counter") {
		t.Errorf("the boot counter is left armed: %s", env)
	}
	d.waitFor("reason in the fleet", 40*time.Second, func() bool {
		return strings.Contains(d.lab.house.must("fleet", "show", d.name), "0.0.2 to 0.0.1: git:")
	})
	if !strings.Contains(d.says(8081, "/version.txt"), "v1") {
		t.Error("app1 does not serve after the rollback")
	}
}

// lifeGoodSystem takes 0.0.3, which has git and zsh.
func lifeGoodSystem(t *testing.T, d *device) {
	d.lab.publish("0.0.3")
	d.in("appliance", "device", "update", "os")
	d.reboot()
	d.waitFor("green boot", time.Minute, func() bool { return d.status().Boot.Verdict == report.Green })
	if got := d.booted(); got != "0.0.3" {
		t.Errorf("booted %s, want 0.0.3", got)
	}
	d.in("sh", "-c", "git --version && zsh --version")
	s := d.status()
	if len(s.OS) != 2 || s.OS[1].Version != "0.0.1" || !s.OS[1].Rollback {
		t.Errorf("deployments %+v, want 0.0.1 as the one to fall back to", s.OS)
	}
}

// lifeBrokenApps offers three images that do not serve.
func lifeBrokenApps(t *testing.T, d *device) {
	d.waitFor("answer of app1", 30*time.Second, func() bool { return strings.Contains(d.says(8081, "/version.txt"), "v1") })
	for _, tag := range []string{"v2", "v4-mute", "v5-dies"} {
		if tag == "v5-dies" {
			d.lab.pushDying(t, tag)
		}
		bad := d.lab.digest("2048", tag)
		d.lab.house.must("app", "retag", "2048", tag)
		d.waitFor("rollback of "+tag, 90*time.Second, func() bool {
			u := appOf(t, d.status(), "2048").Update
			return u != nil && u.To == bad && u.Outcome == "rolled back"
		})
		d.waitFor("answer after "+tag, 20*time.Second, func() bool { return strings.Contains(d.says(8081, "/version.txt"), "v1") })
		if out := d.in("appliance", "device", "quarantine", "list", "-o", "json"); !strings.Contains(out, bad) {
			t.Errorf("%s is not in quarantine: %s", tag, out)
		}
	}
	// No flapping: further runs try nothing again and restart nothing.
	started := d.asUser("systemctl", "--user", "show", "-P", "ActiveEnterTimestampMonotonic", "container-app1.service")
	for range 10 {
		if out := d.asUser("appliance", "device", "update", "apps", "2048", "-o", "json"); !strings.Contains(out, `"quarantined"`) && strings.TrimSpace(out) != "[]" {
			t.Errorf("another run: %s", out)
		}
	}
	if again := d.asUser("systemctl", "--user", "show", "-P", "ActiveEnterTimestampMonotonic", "container-app1.service"); again != started {
		t.Errorf("app1 was restarted: %s, then %s", started, again)
	}
}

func lifeGoodApp(t *testing.T, d *device) {
	d.lab.house.must("app", "retag", "2048", "v3")
	d.waitFor("v3", time.Minute, func() bool { return strings.Contains(d.says(8081, "/version.txt"), "v3") })
	d.waitFor("record of v3", time.Minute, func() bool {
		u := appOf(t, d.status(), "2048").Update
		return u != nil && u.To == d.lab.digest("2048", "v3") && u.Outcome == "updated"
	})
	d.lab.house.must("app", "retag", "2048", "v1")
	d.lab.house.must("app", "undo", "2048")
	d.lab.house.must("app", "retag", "2048", "v1")
	d.waitFor("v1 again", time.Minute, func() bool { return strings.Contains(d.says(8081, "/version.txt"), "v1") })
}

func lifeColdApp(t *testing.T, d *device) {
	asleep := func() bool {
		out, _ := d.tryAsUser("podman", "ps", "--format", "{{.Names}}")
		return !strings.Contains(out, "httpd")
	}
	d.waitFor("sleep", time.Minute, asleep)
	if !strings.Contains(d.says(8080, "/"), "v1") {
		t.Error("the first request to the cold app is not answered by v1")
	}
	d.waitFor("sleep again", time.Minute, asleep)
	d.lab.house.must("app", "retag", "simple-http", "v2")
	d.waitFor("update while asleep", time.Minute, func() bool {
		u := appOf(t, d.status(), "simple-http").Update
		return u != nil && u.To == d.lab.digest("simple-http", "v2") && u.Outcome == "updated"
	})
	d.waitFor("sleep after the update", time.Minute, asleep)
	if !strings.Contains(d.says(8080, "/"), "v2") {
		t.Error("the first request after the update is not answered by v2")
	}
	if out, _ := d.tryAsUser("systemctl", "--user", "--failed", "--no-legend"); strings.TrimSpace(out) != "" {
		t.Errorf("failed units: %s", out)
	}
}

func lifeUninstall(t *testing.T, d *device) {
	d.in("appliance", "device", "uninstall", "--purge")
	for _, path := range []string{"/etc/appliance", "/var/lib/appliance", "/etc/greenboot/check/required.d/50_appliance_health.sh", "/var/lib/systemd/linger/admin",
		"/etc/systemd/user/container-app1.service", "/var/home/admin/.config/systemd/user"} {
		if out, err := d.try("ls", "-la", path); err == nil {
			t.Errorf("%s is left:\n%s", path, out)
		}
	}
	if out := d.in("sh", "-c", "ostree admin config-diff | grep -i -e appliance -e greenboot -e container || true"); out != "" {
		t.Errorf("left in /etc:\n%s", out)
	}
	if out := d.asUser("podman", "ps", "-a", "-q"); out != "" {
		t.Errorf("containers are left: %s", out)
	}
	if out := d.asUser("podman", "images", "--format", "{{.Repository}}:{{.Tag}}"); strings.Contains(out, ":prod") || strings.Contains(out, ":previous") {
		t.Errorf("images are left: %s", out)
	}
	if verdict := d.reboot(); verdict != "running" {
		t.Errorf("the boot after uninstall ends %s", verdict)
	}
}

// digest is what a tag of the builder's registry names.
func (l *lab) digest(name, tag string) string {
	l.t.Helper()
	var tags []struct{ Name, Digest string }
	decode(l.t, l.house.must("app", "tags", name, "--all", "-o", "json"), &tags)
	for _, one := range tags {
		if one.Name == tag {
			return one.Digest
		}
	}
	l.t.Fatalf("no tag %s of %s", tag, name)
	return ""
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("reading %q: %v", text, err)
	}
}
