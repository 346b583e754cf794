package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A release is published after a question that says what devices will do, an older one again with a new commit, and
// whoever was overtaken by another person is told.
func webPublish(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.allow(`status of 412`)
	w.open("#/releases/demo_upgrade/0.0.2")
	w.sees("#live", "live")
	w.enter()
	first := h.pointed()

	w.publish("0.0.2")
	w.sees("dialog:modal", "Every device that follows this ref", "moves from 0.0.1 to 0.0.2", "55 removed")
	w.audit("publish dialog")
	w.shoot("publish")
	if h.pointed() != first {
		t.Error("it is published before the reader agreed")
	}
	w.click("button", `Cancel`)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
	if h.pointed() != first {
		t.Error("it is published although the reader did not agree")
	}
	w.publish("0.0.2")
	w.click("button", `Publish 0\.0\.2`)
	w.sees("#notice", "0.0.2 is published")
	second := h.pointed()
	if second == first {
		t.Error("the ref has not moved")
	}
	w.until("0.0.2 to be published", `[...document.querySelectorAll("main tr[data-state=published], main li[data-state=published]")].some((n) => n.innerText.includes("0.0.2"))`)

	w.publish("0.0.1")
	w.sees("dialog:modal", "older than what devices have", "new commit over the same files")
	w.click("button", `Publish 0\.0\.1`)
	w.sees("#notice", "0.0.1 is published")
	if third := h.pointed(); third == first || third == second {
		t.Errorf("0.0.1 published again is commit %s, want a new one", third)
	}

	w.publish("0.0.3")
	h.must("release", "publish", "demo_upgrade@0.0.2")
	w.click("button", `Publish 0\.0\.3`)
	w.sees("dialog:modal", "Another commit is published")
	w.shoot("overtaken")
}

// publish opens the question for a release.
func (w *window) publish(version string) {
	w.t.Helper()
	w.turn("#/releases/demo_upgrade/" + version)
	w.settle("#/releases/demo_upgrade/" + version)
	w.click("button", `Publish demo_upgrade `+version)
	w.until("the question", `document.querySelector("dialog:modal")`)
	w.sees("dialog:modal", "Publish demo_upgrade "+version)
}

// pointed is the commit that devices get.
func (h *house) pointed() string {
	h.t.Helper()
	_, ref := h.get("/demo_upgrade/repo/refs/heads/" + demoRef)
	return strings.TrimSpace(ref)
}

// The 55 packages that 0.0.2 takes away can be read and searched.
func webDifference(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.open("#/releases/demo_upgrade/0.0.2")
	w.sees("main", "55 removed", "1 added", "zsh")
	w.fill("searchbox", "Search the difference of demo_upgrade", "perl-Git")
	w.until("one package", `(() => {
		const names = [...document.querySelectorAll("main li")].map((n) => n.innerText);
		return names.some((n) => n.includes("perl-Git")) && !names.some((n) => n.startsWith("git-core"));
	})()`)
	w.shoot("search")
	w.fill("searchbox", "Search the difference of demo_upgrade", "nothing is called so")
	w.misses("main", "perl-Git")
	w.audit("nothing found")
}

// A sample is composed in a moment; where the backend is not there, the page says why it fails.
func webComposeSample(t *testing.T, b *browser) {
	config := filepath.Join(t.TempDir(), "appliance.toml")
	writeIn(t, config, []byte("[compose]\nweldr = \"/none.socket\"\ndistro = \"centos-9\"\n"), 0o644)
	h := newHouse(t, "--sample", "--config", config)
	h.must("release", "delete", "demo_upgrade@0.0.3")
	w := b.window(t, h, look{})
	w.open("#/releases/demo_upgrade")
	w.sees("#live", "live")
	w.enter()
	w.click("button", `Compose 0\.0\.3`)
	w.until("the release", `document.querySelector("main tr[data-version='0.0.3'][data-state=staged]")`)
	w.sees("main .jobs", "done")

	h.pushText(t, "0.0.7")
	w.find("button", `Compose 0\.0\.7`)
	w.click("DisclosureTriangle", "Options")
	w.choose("Backend", "weldr")
	w.audit("options of a compose")
	w.click("DisclosureTriangle", `Can this host compose\?`)
	w.sees("main .jobs", "backend", "samples are made by this program alone")
	w.audit("what the host lacks")
	w.shoot("preflight")
	w.click("button", `Compose 0\.0\.7`)
	w.sees("main .jobs", "failed", "none.socket")
	w.audit("a compose that failed")
	w.shoot("compose-failed")
	if out := h.must("release", "list"); strings.Contains(out, "0.0.7") {
		t.Error(out)
	}
}

// pushText pushes a small blueprint as the newest version of demo_upgrade.
func (h *house) pushText(t *testing.T, version string) {
	t.Helper()
	text := fmt.Sprintf("name = \"demo_upgrade\"\ndescription = \"one more\"\nversion = %q\n\n[[packages]]\nname = \"git\"\n", version)
	if status, body, err := h.call("PUT", "/api/v1/blueprints/demo_upgrade", strings.NewReader(text)); err != nil || status != 201 {
		t.Fatalf("pushing: %d %s %v", status, body, err)
	}
}

// A compose shows how far it is and what it says, can be cancelled, and becomes a staged release.
func webCompose(t *testing.T, b *browser) {
	if os.Geteuid() != 0 {
		t.Skip("only root can build")
	}
	h := composer(t)
	w := b.window(t, h, look{})
	w.open("#/releases/demo_upgrade")
	w.sees("#live", "live")
	w.enter()
	compose := func() {
		t.Helper()
		w.click("button", `Compose 0\.0\.4`)
		w.sees("main", "org.osbuild.rpm")
	}
	compose()
	w.until("a bar at 25 %", `[...document.querySelectorAll("main progress")].some((n) => n.value / n.max === 0.25)`)
	w.audit("composing")
	w.shoot("composing")
	w.sees("main [role=log]", "Starting module org.osbuild.rpm")
	w.click("button", `Cancel…`)
	w.sees("dialog:modal", "Cancel the compose of demo_upgrade 0.0.4?")
	w.click("button", `Cancel the compose`)
	w.sees("main", "cancelled")
	compose()
	if err := os.Remove(filepath.Join(os.Getenv("FAKE"), "hold")); err != nil {
		t.Fatal(err)
	}
	w.sees("main", "done")
	w.until("the release", `[...document.querySelectorAll("main tr, main li")].some((n) => n.innerText.includes("0.0.4") && n.innerText.includes("staged"))`)
	if out := h.must("release", "show", "demo_upgrade@0.0.4"); !strings.Contains(out, "staged") {
		t.Error(out)
	}
}

// composer is a builder whose osbuild waits while $FAKE/hold is there.
func composer(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"osbuild", "osbuild-depsolve-dnf"} {
		text, err := os.ReadFile("testdata/web/bin/" + name)
		if err != nil {
			t.Fatal(err)
		}
		writeIn(t, filepath.Join(dir, "bin", name), text, 0o755)
	}
	writeIn(t, filepath.Join(dir, "hold"), nil, 0o644)
	config := filepath.Join(dir, "appliance.toml")
	writeIn(t, config, fmt.Appendf(nil, "[compose]\nbackend = \"osbuild\"\ndistro = \"centos-9\"\nstore = %q\nrepositories = []\n", filepath.Join(dir, "store")), 0o644)
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("FAKE", dir)
	h := newHouse(t, "--sample", "--config", config)
	h.must("release", "export", "demo_upgrade@0.0.3", filepath.Join(dir, "commit.tar"))
	h.pushText(t, "0.0.4")
	return h
}

func writeIn(t *testing.T, file string, data []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, mode); err != nil {
		t.Fatal(err)
	}
}
