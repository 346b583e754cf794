package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"edge/appliance/report"
)

// A device's row changes and lights up when it reports; its detail says why it went back; a machine that is being
// installed is there before it is a device; a forgotten device is gone.
func webDevices(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.open("#/devices")
	w.sees("#live", "live")
	w.enter()

	installer := h.link("edge-9")
	installer.fetch()
	w.sees("main", "edge-9", "fetched")
	installer.says("installing", "")
	w.sees("main", "installing")
	installer.says("installed", "")
	w.sees("main", "installed")

	d := h.enrol("edge-1")
	w.sees("main", "edge-1", "enrolled")
	trial := green("0.0.2")
	trial.Boot.Verdict, trial.Boot.Trial, trial.Boot.Attempt, trial.Boot.Attempts = report.Running, true, 1, 3
	w.watchLights()
	d.tell(trial)
	w.sees("main", "trial 1 of 3")
	w.lit("edge-1")
	d.tell(rolledBack("git is not in the image"))
	w.sees("main", "rolled back", "git is not in the image")
	w.lit("edge-1")
	d.tell(green("0.0.3"))
	w.sees("main", "green", "0.0.3")
	app := green("0.0.3")
	app.Apps[0].Update = &report.Update{Time: time.Now(), From: h.digestOf("2048", "v1"), To: h.digestOf("2048", "v2"), Outcome: "rolled back", Reason: "no answer on port 8081"}
	d.tell(app)
	w.sees("main", "app rolled back", "no answer on port 8081")
	w.lit("edge-1")
	w.shoot("devices-live")

	w.click("link", `edge-1`)
	w.until("the address of the device", `location.hash === "#/devices/" + %s`, d.id())
	w.sees("main", d.id(), "greenboot", "What happened")
	w.audit("a device")
	w.click("button", `Forget…`)
	w.sees("dialog:modal", "Forget edge-1?")
	w.press(kb.Escape)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
	if out := h.must("fleet", "list"); !strings.Contains(out, "edge-1") {
		t.Error("Escape forgets a device")
	}
	w.click("button", `Forget…`)
	w.allow(`status of 404 .*/devices/`) // the page may ask once more for what has just gone
	w.click("button", `Forget it`)
	w.sees("#notice", "edge-1 is forgotten")
	w.misses("main", d.id())
	if out := h.must("fleet", "list"); strings.Contains(out, "edge-1") {
		t.Error(out)
	}
}

// watchLights remembers which rows light up, however shortly.
func (w *window) watchLights() {
	w.t.Helper()
	w.value(nil, `void (() => {
		window.lights = [];
		const look = () => { for (const n of document.querySelectorAll("main [data-lit]:not([data-lit=''])")) window.lights.push(n.innerText); };
		new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true });
	})()`)
}

func (w *window) lit(name string) {
	w.t.Helper()
	w.until("the row of "+name+" to light up", `window.lights.some((text) => text.includes(%s))`, name)
	w.value(nil, `void (window.lights = [])`)
}
