package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"edge/appliance/report"
)

// Two devices go through the whole demonstration; the tour beside the pages ticks each step when it happens, and not before.
func TestPeerTour(t *testing.T) {
	needPeers(t, "chromium")
	h := newHouse(t, "--sample")
	w := newBrowser(t).window(t, h, look{})
	w.open("#/devices")
	w.click("button", "Tour")
	seen := func(want ...string) {
		t.Helper()
		w.until("steps "+strings.Join(want, ", ")+" to be seen, and no others",
			`[...document.querySelectorAll("#tour-side .steps > li")].map((li, n) => li.dataset.state === "done" ? n : "").join("") === %s`, strings.Join(want, ""))
	}
	seen("0")
	edge, other := h.enrol("edge-1"), h.enrol("edge-2") // two, for the builder takes few reports of one at once
	edge.tell(green("0.0.1"))
	other.tell(green("0.0.1"))
	seen("0", "1")

	h.must("release", "publish", "demo_upgrade@0.0.2")
	w.click("button", "Step 2: .*")
	w.sees("#tour-side .signs [data-state=done]", "0.0.2 was published")
	w.sees("#tour-side .signs [data-state=wait]", "A device starts it on trial", "The device goes back")
	seen("0", "1")
	trial := green("0.0.2")
	trial.Boot.Verdict, trial.Boot.Trial, trial.Boot.Attempt, trial.Boot.Attempts = report.Running, true, 1, 3
	edge.tell(trial)
	w.sees("#tour-side .signs [data-state=done]", "A device starts it on trial", "edge-1: ")
	seen("0", "1")
	edge.tell(rolledBack("git: not found in the image"))
	w.sees("#tour-side .signs [data-state=done]", "edge-1: 0.0.2 to 0.0.1", "not found in the image")
	seen("0", "1", "2")

	h.must("release", "publish", "demo_upgrade@0.0.3")
	edge.tell(green("0.0.3"))
	seen("0", "1", "2", "3")

	app := func(r report.Status, version, outcome string, at time.Time) {
		t.Helper()
		r.Apps[0].Digest = h.digestOf("2048", version)
		r.Apps[0].Update = &report.Update{Time: at, From: h.digestOf("2048", "v1"), To: h.digestOf("2048", "prod"), Outcome: outcome}
		other.tell(r)
	}
	h.must("app", "retag", "2048", "v2")
	app(green("0.0.3"), "v1", "rolled back", time.Now())
	seen("0", "1", "2", "3", "4")
	h.must("app", "retag", "2048", "v3")
	app(green("0.0.3"), "v3", "updated", time.Now().Add(time.Second))
	seen("0", "1", "2", "3", "4", "5")

	h.must("app", "retag", "simple-http", "v2")
	last := green("0.0.3")
	last.Apps[0].Digest = h.digestOf("2048", "v3")
	last.Apps = append(last.Apps, report.App{Name: "simple-http", Unit: "httpd", Image: "builder/simple-http:prod", State: "listening", Ready: true, Cold: true,
		Digest: h.digestOf("simple-http", "v2")})
	other.tell(last)
	seen("0", "1", "2", "3", "4", "5", "6")
	w.sees("#tour-side header", "7 of 7 seen")

	// The first release again is another beginning.
	h.must("release", "publish", "demo_upgrade@0.0.1")
	seen("0", "1", "4", "5", "6")
	h.must("app", "retag", "2048", "v1")
	seen("0", "1", "6")

	// The arrow keys walk along the steps, and the place is remembered.
	w.click("button", "Step 2: .*") // is open, so it closes
	w.until("no open step", `!document.querySelector("#tour-side .body")`)
	w.press(kb.ArrowDown)
	w.press(kb.End)
	w.press(kb.ArrowUp)
	w.press(kb.Enter)
	w.sees("#tour-side .body", "v3 is mended")
	w.open("#/apps")
	w.sees("#tour-side .body", "v3 is mended")
}

// With more releases than it needs, the reader says which ones play. On a narrow screen the panel makes room for the page.
func TestPeerTourChoice(t *testing.T) {
	needPeers(t, "chromium")
	h := newHouse(t, "--sample")
	tar := filepath.Join(t.TempDir(), "commit.tar")
	h.must("release", "export", "demo_upgrade@0.0.3", tar)
	h.must("release", "import", "demo_upgrade@0.0.4", tar, "--stamp")
	w := newBrowser(t).window(t, h, look{width: 390})
	w.open("#/")
	w.click("button", "Tour")
	w.sees("#tour-side .body", "0.0.2 is an update that will go wrong, 0.0.3 the same one done well")
	w.clickAt("#tour-side .cast summary")
	w.value(nil, `{ const s = [...document.querySelectorAll("#tour-side .cast select")].at(-1); s.value = "0.0.4"; s.dispatchEvent(new Event("change")); }`)
	w.sees("#tour-side .body", "0.0.4 the same one done well")
	w.misses("#tour-side", "Update the system to 0.0.4") // one step at a time

	w.click("link", `What 0\.0\.2 changes`)
	w.until("the page of the release", `location.hash === "#/releases/demo_upgrade/0.0.2"`)
	w.until("the folded panel", `!document.querySelector("#tour-side .body") && document.querySelector("#tour-side .open .step").ariaExpanded === "false"`)
	w.click("button", "Step 0: .*")
	w.sees("#tour-side .body", "0.0.4 the same one done well")
	w.open("#/releases")
	w.sees("#tour-side .body", "0.0.4 the same one done well")
}
