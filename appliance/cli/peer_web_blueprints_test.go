package cli_test

import (
	"strings"
	"testing"
)

const wrongText = `name = "demo_upgrade"
description = "a fourth"

[[packages]]
name = "git"

[[packages]]
nme = "zsh"
`

// A text with faults is refused with each fault at its line and the cursor at the first; mended, it becomes a version
// with a message, which can be compared; a new blueprint comes and goes.
func webBlueprint(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.allow(`status of 422`)
	w.open("#/blueprints")
	w.enter()
	w.click("link", "demo_upgrade")
	w.sees("main", "git", "net-tools")
	w.click("tab", "Edit")
	w.fill("textbox", "Text of the blueprint, TOML", wrongText)
	w.click("button", "Push")
	w.sees("main", "line 7, column 3", "the name is missing", "line 8, column 1", "nme")
	w.cursor(7, 3)
	w.click("button", `line 8, column 1`)
	w.cursor(8, 1)
	w.audit("a fault in a blueprint")
	w.shoot("fault")
	if out := h.must("blueprint", "log", "demo_upgrade"); strings.Contains(out, "0.0.4") {
		t.Errorf("what was refused is there: %s", out)
	}

	w.fill("textbox", "Text of the blueprint, TOML", strings.ReplaceAll(wrongText, "nme", "name"))
	w.fill("textbox", "Message", "zsh and git for everybody")
	w.sees("main", "A push makes this version 0.0.4")
	w.click("button", "Push")
	w.sees("#notice", "demo_upgrade 0.0.4 is pushed")
	w.until("the new version's address", `location.hash === "#/blueprints/demo_upgrade/0.0.4"`)
	if out := h.must("blueprint", "show", "demo_upgrade@0.0.4"); !strings.Contains(out, `name = "zsh"`) {
		t.Error(out)
	}
	w.click("tab", "History")
	w.sees("main", "zsh and git for everybody")
	w.audit("history")
	w.click("button", "Compare with 0.0.1")
	w.sees("main", `name = "zsh"`, `name = "git"`)
	w.audit("comparison")
	w.shoot("comparison")

	w.open("#/blueprints")
	w.click("button", "New blueprint")
	w.fill("textbox", "Name", "../x")
	w.sees("main", "Letters, digits")
	w.fill("textbox", "Name", "kiosk")
	w.audit("a new blueprint")
	w.click("button", "Push")
	w.until("the address of the new one", `location.hash.startsWith("#/blueprints/kiosk")`)
	w.sees("main", "vim-minimal")
	w.click("button", "Delete.*")
	w.sees("dialog:modal", "Delete kiosk?")
	w.click("button", "Delete")
	w.until("the list", `location.hash === "#/blueprints"`)
	if out := h.must("blueprint", "list"); strings.Contains(out, "kiosk") {
		t.Errorf("kiosk is still there: %s", out)
	}
}

// cursor waits until it is in the text at a line and a column, from 1.
func (w *window) cursor(line, column int) {
	w.t.Helper()
	w.until("the cursor at the fault", `(() => {
		const area = document.activeElement;
		if (area.localName !== "textarea") return false;
		const before = area.value.slice(0, area.selectionStart).split("\n");
		return before.length === %v && before.at(-1).length === %v - 1;
	})()`, line, column)
}
