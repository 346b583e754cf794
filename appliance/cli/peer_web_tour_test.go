package cli_test

import (
	"strings"
	"testing"
)

// The tour walks beside the pages: each step says, does and sees, and what was done outside of it counts as well.
func webTour(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.open("#/")
	w.sees("#live", "live")
	w.enter()
	w.click("button", "Tour")
	w.sees("#tour-side", "Guided tour", "What there is")
	w.until("seven steps", `document.querySelectorAll("#tour-side .step").length === 7`)

	w.click("button", `Step 2: .*`)
	w.audit("a step of the tour")
	w.click("button", `Publish 0\.0\.2…`)
	w.sees("dialog:modal", "Publish demo_upgrade 0.0.2?")
	w.click("button", `Publish 0\.0\.2`)
	w.find("button", `Step 2: .*\(seen\)`)
	if out := h.must("release", "list"); !strings.Contains(out, "0.0.2") {
		t.Error(out)
	}
	w.click("button", `Step 4: .*`)
	w.click("button", `Use v2 of 2048…`)
	w.click("button", `Use v2`)
	w.find("button", `Step 4: .*\(seen\)`)
	if h.digestOf("2048", "prod") != h.digestOf("2048", "v2") {
		t.Error("the tour has not moved the tag")
	}
	h.must("release", "publish", "demo_upgrade@0.0.3")
	w.find("button", `Step 3: .*\(seen\)`)
	w.turn("#/apps")
	w.settle("#/apps")
	w.sees("#tour-side", "Guided tour")
	w.open("#/releases")
	w.sees("#tour-side", "Guided tour")
	w.until("the step that was open", `document.querySelector("#tour-side .open .step")?.innerText.includes("2048")`)
	w.shoot("tour-walked")
}
