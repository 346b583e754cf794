package cli_test

import (
	"os"
	"testing"

	"edge/appliance/report"
)

// With UPDATE=1 the pictures of README are made anew.
func webScreenshots(t *testing.T, b *browser) {
	if os.Getenv("UPDATE") == "" {
		t.Skip("makes contrib/screenshots anew with UPDATE=1")
	}
	h := furnished(t, "--url", "http://builder.example:8080")
	trial := green("0.0.2")
	trial.Boot.Verdict, trial.Boot.Trial, trial.Boot.Attempt, trial.Boot.Attempts = report.Running, true, 1, 3
	h.enrol("edge-3").tell(trial)
	h.must("iso", "build", "demo_upgrade", "--console", "ttyS0")
	w := b.window(t, h, look{width: 1280})
	w.resize(800)
	w.open("#/")
	w.enter()
	w.sees("main", "edge")
	for _, p := range []struct{ name, hash string }{
		{"overview", "#/"}, {"blueprint", "#/blueprints/demo_upgrade/0.0.2"}, {"releases", "#/releases/demo_upgrade/0.0.2"}, {"install", "#/install/demo_upgrade"},
		{"apps", "#/apps/2048"}, {"devices", "#/devices"},
	} {
		w.turn(p.hash)
		w.settle(p.hash)
		if p.name == "install" {
			w.click("button", `Proof of .*`)
			w.sees("main", "Differs in")
		}
		w.tidy()
		w.publishPicture(p.name)
	}
	w.turn("#/releases/demo_upgrade/0.0.2")
	w.settle("#/releases/demo_upgrade/0.0.2")
	w.tidy()
	w.value(nil, `void document.getElementById("selected-title").closest("section").scrollIntoView()`)
	w.publishPicture("difference")
	w.turn("#/devices")
	w.click("button", "Tour")
	w.click("button", `Step 2: .*`)
	w.settle("#/devices")
	w.tidy()
	w.publishPicture("tour")
}

// tidy takes away what would be another thing in each picture: the version of the build, where the ISO lies, the last
// notice, where the mouse is.
func (w *window) tidy() {
	w.t.Helper()
	w.do("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": 2, "y": 798}, nil)
	w.value(nil, `void (() => {
		document.getElementById("version").textContent = "";
		document.getElementById("notice").classList.remove("shown");
		document.activeElement?.blur();
		scrollTo(0, 0);
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/\S*[/](?=rhel9[.]iso)/, "/srv/");
	})()`)
}
