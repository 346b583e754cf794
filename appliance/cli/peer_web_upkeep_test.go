package cli_test

import (
	"strings"
	"testing"
)

// What keeps a builder in order: pin, delete, prune after a look at what would go, verify; and what else a release tells.
func webUpkeep(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.open("#/releases/demo_upgrade/0.0.3")
	w.sees("#live", "live")
	w.enter()
	w.click("button", "Pin")
	w.find("button", "Unpin")
	if out := h.must("release", "list"); !strings.Contains(out, "pinned") {
		t.Error(out)
	}
	w.fill("spinbutton", "Keep the newest", "1")
	w.click("button", "Show what would go")
	w.sees("main", "1 release would go", "0.0.2")
	if out := h.must("release", "list"); !strings.Contains(out, "0.0.2") {
		t.Errorf("a look at what would go prunes: %s", out)
	}
	w.audit("what would go")
	w.click("button", `Prune.*…`)
	w.sees("dialog:modal", "Prune demo_upgrade?", "go for good: 0.0.2")
	w.click("button", `Prune`)
	w.sees("main", "are gone")
	if out := h.must("release", "list"); strings.Contains(out, "0.0.2") || !strings.Contains(out, "0.0.3") {
		t.Error(out)
	}
	w.click("button", "Verify every object")
	w.sees("main", "no fault")
	w.shoot("upkeep")

	w.click("button", "Unpin")
	w.click("button", "Delete…")
	w.sees("dialog:modal", "Delete demo_upgrade 0.0.3?")
	w.click("button", "Delete")
	w.sees("#notice", "0.0.3 is deleted")
	w.until("the row to be gone", `!document.querySelector("main tr[data-version='0.0.3']")`)

	w.turn("#/releases/demo_upgrade/0.0.1")
	for _, tab := range []string{"Packages", "Commit", "Bill of materials", "Commands"} {
		w.click("tab", tab)
		w.settle("#/releases/demo_upgrade/0.0.1")
		w.audit(tab)
	}
}
