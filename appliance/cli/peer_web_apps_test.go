package cli_test

import (
	"net/http"
	"testing"
)

// An app's tag moves at the second click, by dragging, and back; the history tells; whoever was overtaken is told.
func webApps(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.open("#/apps/2048")
	w.sees("#live", "live")
	w.enter()
	digest := func(tag string) string { return h.digestOf("2048", tag) }
	moved := func(to string) {
		t.Helper()
		w.wait("2048:prod to be "+to, func() bool { return digest("prod") == digest(to) })
	}
	w.click("button", `Make devices get 2048 v2`)
	w.find("button", `Make devices get 2048 v2: click again to confirm`)
	if digest("prod") != digest("v1") {
		t.Error("one click is enough to move a tag")
	}
	w.audit("armed")
	w.click("button", `Make devices get 2048 v2: click again to confirm`)
	moved("v2")
	w.sees("#notice", "2048:prod names v2 now")
	w.sees("main", "Retagged")

	w.click("DisclosureTriangle", `Retag with curl`)
	w.sees("main", "$APPLIANCE_TOKEN")
	w.drag(`main tr[data-tag="v3"]`, `main tr[data-tag="prod"]`)
	moved("v3")
	w.sees("#notice", "2048:prod names v3 now")
	w.until("the row to be let go", `!document.querySelector("main [data-dragging]")`)
	w.sees("main", "$APPLIANCE_TOKEN") // what was unfolded stays so
	w.shoot("dragged")

	w.click("button", `Undo the last move of 2048`)
	w.click("button", `Undo the last move of 2048: click again to confirm`)
	moved("v2")
	w.sees("main", "Undone")

	// Somebody else moves the tag between the two clicks, and the page has not heard of it yet.
	w.value(nil, `void (() => {
		const before = window.fetch;
		window.fetch = (url, options) => (/[/]apps(?:$|[/]2048[/](?:tags|history)$)/.test(url) ? new Promise(() => {}) : before(url, options));
	})()`)
	w.allow(`status of 412`)
	w.click("button", `Make devices get 2048 v3`)
	h.must("app", "retag", "2048", "v1")
	w.click("button", `Make devices get 2048 v3: click again to confirm`)
	w.sees("main [role=alert]", "2048")
	if digest("prod") != digest("v1") {
		t.Error("the move of somebody else is overrun")
	}
	w.shoot("overtaken-tag")
}

// digestOf asks the registry what a tag names.
func (h *house) digestOf(app, tag string) string {
	h.t.Helper()
	resp, err := http.Head(h.url + "/v2/" + app + "/manifests/" + tag)
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Docker-Content-Digest")
}
