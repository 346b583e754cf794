package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine that Anaconda has deployed gets the %post of a real one-time link: the program is fetched and
// checked, install runs in the chroot, the remote that verifies nothing is replaced, the device boots, and
// enrols with the token of its kickstart.
func TestLabKickstart(t *testing.T) {
	t.Parallel() // it mostly waits
	l := newLab(t)
	d := l.device()
	d.post("mkdir", "-p", "/var/home/admin") // which Anaconda makes with the user

	var link struct{ ID, URL string }
	if err := json.Unmarshal([]byte(l.house.must("kickstart", "link", labBlueprint, "--device", "edge-7", "-o", "json")), &link); err != nil {
		t.Fatal(err)
	}
	path := link.URL[strings.Index(link.URL, "/k/"):]
	status, text := l.house.get(path)
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if out := l.house.must("kickstart", "lint", writeFile(t, "ks.cfg", text)); strings.Contains(out, "error") || strings.Contains(out, "warning") {
		t.Error(out)
	}

	// Another program than the builder meant ends the installation, and leaves nothing.
	script := section(t, text, "%post --erroronfail --log=/var/log/appliance-post.log")
	if out, err := l.tryPost(d, spoiled(t, script)); err == nil || !strings.Contains(out+err.Error(), "FAILED") {
		t.Errorf("a wrong sum: %v %s", err, out)
	}
	if out := d.post("sh", "-c", "ls /etc/appliance /usr/local/bin/appliance /var/tmp/appliance-* 2>/dev/null; true"); strings.Contains(out, "appliance") {
		t.Errorf("left behind: %s", out)
	}

	if out, err := l.tryPost(d, script); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	remote := d.post("sh", "-c", "cat /etc/ostree/remotes.d/edge.conf; ls /etc/ostree/remotes.d; ostree remote list")
	if !strings.Contains(remote, "sign-verify=ed25519") || !strings.Contains(remote, "edge.conf.appliance-save") {
		t.Errorf("the remote is %s", remote)
	}
	if out := d.post("cat", "/etc/appliance/device.toml"); !strings.Contains(out, `blueprint = "`+labBlueprint+`"`) {
		t.Errorf("the profile is %s", out)
	}

	if verdict := d.boot(); verdict != "running" && verdict != "degraded" {
		t.Errorf("it boots %s", verdict)
	}
	if out := d.in("appliance", "device", "report"); !strings.Contains(out, "enrolled as ") {
		t.Errorf("reporting says %s", out)
	}
	if out := l.house.must("fleet", "list"); !strings.Contains(out, d.name) {
		t.Errorf("the fleet is %s", out)
	}
	if out := l.house.must("kickstart", "show", "edge-7"); !strings.Contains(out, "fetched") {
		t.Errorf("the installation is %s", out)
	}
}

// section is the script of a kickstart with a header.
func section(t *testing.T, text, header string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, header+"\n")
	script, _, ended := strings.Cut(rest, "\n%end")
	if !found || !ended {
		t.Fatalf("there is no %q in\n%s", header, text)
	}
	return script
}

// spoiled is script with another sum.
func spoiled(t *testing.T, script string) string {
	t.Helper()
	before, rest, found := strings.Cut(script, " sum=")
	if !found {
		t.Fatal("there is no sum in the script")
	}
	return before + " sum=" + strings.Repeat("0", 64) + rest[64:]
}

// tryPost runs a script as Anaconda runs %post.
func (l *lab) tryPost(d *device, script string) (string, error) {
	return labTry("device", nil, d.name, "post", "sh", "-c", script)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
