package cli_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

const (
	powerCuts = 4       // of an upgrade; as many of a first installation, and of one on the running device
	wholePull = 6 << 20 // bytes, and a little more, that 0.0.3 costs a device with 0.0.1
	ourKey    = "ours@lab"
	otherKey  = "other@lab"
)

// Whatever is taken away from a device in the middle of something, it ends on a healthy release with its
// application serving, nothing is half-installed, and the next attempt succeeds.
func TestLabFaults(t *testing.T) {
	needPeers(t, "gpg", "mkfs.ext4")
	home := keyring(t)
	f := newFaulty(t, home)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *faulty)
	}{
		{"first installation without power", faultPost},
		{"app update without builder", faultAppBuilder},
		{"upgrade without builder", faultBuilder},
		{"upgrade without network", faultNetwork},
		{"full disk", faultDisk},
		{"wrong key", func(t *testing.T, f *faulty) { faultKey(t, f, home) }},
		{"installation without power", faultInstall},
		{"upgrade without power", faultUpgrade},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, f) }) {
			out, _ := f.try("sh", "-c", "appliance device status; journalctl -b -n 80 --no-pager -o short; df -h /var")
			t.Fatalf("the device is not as the next step wants it:\n%s", out)
		}
	}
}

// faultPost cuts the power in the middle of what a kickstart's %post does, and does it again.
func faultPost(t *testing.T, f *faulty) {
	f.post("sh", "-ec", `mkdir -p /usr/local/bin; curl -fsS "$1/download/appliance-linux-amd64" -o /usr/local/bin/appliance; chmod 755 /usr/local/bin/appliance`, "sh", f.lab.url)
	script := `appliance device uninstall >/dev/null; timeout -s KILL "$2" appliance device install --from "$1" >/dev/null; echo ended with $?
		find /etc/appliance /etc/systemd /etc/greenboot -name '*.appliance-new' -o -name '*.appliance-save'
		appliance device install --from "$1" >/dev/null && appliance device install --dry-run`
	killed := 0
	for range powerCuts {
		limit := 0.01 + 0.1*f.random.Float64()
		out := f.post("sh", "-c", script, "sh", f.profile(), fmt.Sprintf("%.4f", limit))
		if strings.Contains(out, "ended with 137") {
			killed++
		}
		if !strings.HasSuffix(out, "installed: nothing to change") || strings.Contains(out, ".appliance-new") {
			t.Errorf("after a power cut %.4f s into it:\n%s", limit, out)
		}
	}
	if t.Logf("%d of %d were cut", killed, powerCuts); killed == 0 {
		t.Error("no cut hits the middle of anything")
	}
	if verdict := f.boot(); verdict != "running" {
		t.Errorf("the first boot ends %s", verdict)
	}
	f.serves(t, "v1")
	f.whole(t)
}

// faultAppBuilder takes the builder away in the middle of a pull of an image.
func faultAppBuilder(t *testing.T, f *faulty) {
	f.lab.house.must("app", "retag", "2048", "v3")
	update := func() report.Update {
		var results []struct{ App, Did, Reason string }
		decode(t, f.asUser("appliance", "device", "update", "apps", "2048", "-o", "json"), &results)
		return report.Update{Outcome: results[0].Did, Reason: results[0].Reason}
	}
	for name, fault := range map[string][2]func(){
		"builder": {f.lab.house.kill, f.restart},
		"network": {f.cable.tear, f.cable.mend},
	} {
		happened := f.cable.after(f.random.IntN(3000), fault[0])
		u := update()
		if !happened() || u.Outcome != "failed" && u.Outcome != "unreachable" || u.Reason == "" {
			t.Errorf("an update without %s: %+v", name, u)
		}
		if u := update(); u.Outcome != "unreachable" {
			t.Errorf("a second update without %s: %+v", name, u)
		}
		f.serves(t, "v1")
		fault[1]()
	}
	if u := update(); u.Outcome != "updated" {
		t.Errorf("the update with everything back: %+v", u)
	}
	f.serves(t, "v3")
	f.lab.house.must("app", "undo", "2048")
	update()
	f.serves(t, "v1")
	f.whole(t)
}

// faultBuilder takes the builder away in the middle of a pull of the system.
func faultBuilder(t *testing.T, f *faulty) {
	f.publish("0.0.3")
	happened := f.cable.after(1000+f.random.IntN(wholePull/2), f.lab.house.kill)
	f.refused(t, f.update, "ostree")
	if !happened() {
		t.Error("the builder was there all the time")
	}
	f.restart()
}

// faultNetwork cuts the network in the middle of a pull; then it only hangs for a while.
func faultNetwork(t *testing.T, f *faulty) {
	happened := f.cable.after(1000+f.random.IntN(wholePull/4), f.cable.tear)
	f.refused(t, f.update, "ostree")
	if !happened() {
		t.Error("the network was there all the time")
	}
	f.cable.mend()
	happened = f.cable.after(1000, func() { time.Sleep(5 * time.Second) })
	f.taken(t, "0.0.3")
	if !happened() {
		t.Error("the network did not hang")
	}
}

// faultDisk fills the disk before an update, and in the middle of one.
func faultDisk(t *testing.T, f *faulty) {
	f.publish("0.0.2") // another tree, of which 0.0.1 had nearly everything
	fill := func() {
		f.in("sh", "-c", `fallocate -l $(($(stat -f -c '%a * %S' /var) - 1000000)) /var/filler; for i in 1 2 3; do cat /dev/zero >>/var/filler.rest 2>/dev/null; sync; done`)
	}
	empty := func() { f.in("sh", "-c", "rm /var/filler*") }
	fill()
	f.refusedFull(t, f.update)
	// Only a page or two of the journal may find room now and then, so that this fails or is whole.
	out, err := f.try("sh", "-c", `curl -s "$1/device.toml" >/run/device.toml; for i in 1 2 3; do cat /dev/zero >>/var/filler.rest 2>/dev/null; sync; done; appliance device install --profile /run/device.toml --os-updates check 2>&1`, "sh", f.profile())
	t.Logf("an installation on a full disk: %v\n%s", err, lastLine(out))
	if err != nil && !strings.Contains(out, "space") {
		t.Errorf("an installation on a full disk: %s", out)
	}
	f.lab.house.must("app", "retag", "2048", "v3")
	if out, err := f.tryAsUser("sh", "-c", "appliance device update apps 2048 2>&1"); !strings.Contains(out, "failed") || !strings.Contains(out, "space") {
		t.Errorf("an update of an app on a full disk: %v\n%s", err, out)
	}
	f.serves(t, "v1")
	empty()
	happened := f.cable.after(20_000, fill)
	f.refusedFull(t, f.update)
	if !happened() {
		t.Error("the disk was never full")
	}
	empty()
	f.in("appliance", "device", "install", "--from", f.profile())
	f.asUser("appliance", "device", "update", "apps", "2048")
	f.serves(t, "v3")
	f.lab.house.must("app", "undo", "2048")
	f.asUser("appliance", "device", "update", "apps", "2048")
	f.serves(t, "v1")
	f.whole(t)
}

// faultKey lets a device demand signatures that the builder does not make, in both kinds that ostree knows.
func faultKey(t *testing.T, f *faulty, home string) {
	f.publish("0.0.3")
	f.publish("0.0.1") // again: another commit over the tree
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	// An ostree without ed25519 refuses as well as one with it and another key.
	f.in("sh", "-ec", `curl -fs "$1/device.toml" | sed "/^\[os\]/a key = \"$2\"" | appliance device install --profile - >/dev/null`, "sh", f.profile(), base64.StdEncoding.EncodeToString(public))
	if remote := f.in("cat", "/etc/ostree/remotes.d/edge.conf"); !strings.Contains(remote, "sign-verify=ed25519") {
		t.Errorf("the remote is not to be verified:\n%s", remote)
	}
	before := f.deployments()
	if out, err := f.update(); err == nil || !strings.Contains(out, "ed25519") && !strings.Contains(out, "sign") {
		t.Errorf("an update without the right ed25519 key: %v\n%s", err, out)
	}
	f.in("appliance", "device", "install", "--from", f.profile())

	trust := func(who string) {
		key, err := exec.Command("gpg", "--homedir", home, "--export", who).Output()
		if err != nil {
			t.Fatal(err)
		}
		f.put("/etc/ostree/builder.gpg", 0o644, bytes.NewReader(key))
	}
	// This ostree lists nothing when a deployment from before has no signature.
	f.in("bash", "-ec", `cd /sysroot/ostree/deploy/debian/deploy; for c in *.?; do
		meta=objects/${c:0:2}/${c:2:62}.commitmeta; curl -fs "$1/repo/$meta" -o "/sysroot/ostree/repo/$meta"; done`, "bash", f.profile())
	trust(otherKey)
	f.in("sh", "-ec", `sed -i 's|^gpg-verify=false|gpg-verify=true\ngpgkeypath=/etc/ostree/builder.gpg|' /etc/ostree/remotes.d/edge.conf`)
	if out, err := f.update(); err == nil || !strings.Contains(out, "ignature") {
		t.Errorf("an update signed with another GPG key: %v\n%s", err, out)
	}
	if after := f.deployments(); after != before {
		t.Errorf("the deployments were\n%s\nand are now\n%s", before, after)
	}
	trust(ourKey)
	f.goes(t, "0.0.1")
	f.in("appliance", "device", "install", "--from", f.profile(), "--force") // the edited remote
	f.whole(t)
}

// faultInstall cuts the power in the middle of an installation on the running device.
func faultInstall(t *testing.T, f *faulty) {
	for range powerCuts {
		f.in("appliance", "device", "uninstall")
		f.cutAfter(t, 700*time.Millisecond, "appliance", "device", "install", "--from", f.profile())
		if verdict := f.boot(); verdict != "running" {
			t.Errorf("the boot after a power cut ends %s:\n%s", verdict, f.in("systemctl", "--failed", "--no-legend"))
		}
		f.in("appliance", "device", "install", "--from", f.profile())
		f.reboot() // the boot before was judged by nobody, or by what was half-installed
		f.serves(t, "v1")
		f.whole(t)
	}
}

// faultUpgrade cuts the power anywhere from the request for an upgrade to the end of its trial boot.
func faultUpgrade(t *testing.T, f *faulty) {
	for i := range powerCuts {
		versions := []string{"0.0.1", "0.0.3"}
		f.publish(versions[(i+1)%2]) // each time another commit
		f.cutAfter(t, 6*time.Second, "appliance", "device", "update", "os", "--force")
		f.boot()
		f.serves(t, "v1")
		// It may be an earlier commit of the version than the one that is published now.
		if got := f.in("sh", "-c", ". /usr/lib/os-release; echo $OSTREE_VERSION"); !slices.Contains(versions, got) {
			t.Errorf("booted %s", got)
		}
		f.whole(t)
	}
}
