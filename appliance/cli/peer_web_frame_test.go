package cli_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Who has no token reads and cannot change; a wrong one is refused in the dialog, which keeps it; the right one is
// sent as a header only, and is forgotten with the tab or when the reader says so.
func webToken(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.allow(`status of 401`)
	w.open("#/releases/demo_upgrade/0.0.2")
	w.sees("main", "enter the token")
	if w.has("button", `Publish.*`) {
		w.errorf("one can publish without a token")
	}
	w.enterToken("0123456789abcdef")
	w.sees("dialog:modal", "The builder refused this token.", "appliance token")
	w.until("the wrong token to be kept", `document.querySelector("dialog:modal input").value === "0123456789abcdef"`)
	w.audit("wrong token")
	w.shoot("wrong-token")
	w.fill("textbox", "Token", h.secret())
	w.press(kb.Enter)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
	w.sees("header", "Forget token")
	w.until("an action", `[...document.querySelectorAll("main button")].some((n) => n.innerText.startsWith("Publish"))`)
	var kept string
	w.value(&kept, `location.href + document.cookie + Object.values(localStorage).join() + document.documentElement.outerHTML`)
	if strings.Contains(kept, h.secret()) {
		t.Error("the token is in the address, a cookie, localStorage or the page")
	}
	w.click("button", "Forget token")
	w.sees("main", "enter the token")
	w.value(&kept, `Object.values(sessionStorage).join()`)
	if strings.Contains(kept, h.secret()) {
		t.Error("the token outlives being forgotten")
	}

	other := b.window(t, h, look{})
	other.open("#/releases")
	other.sees("header", "Enter token")
}

// A private builder shows nothing to who has no token, asks once, and everything afterwards.
func webPrivate(t *testing.T, b *browser) {
	h := newHouse(t, "--sample", "--private")
	w := b.window(t, h, look{})
	w.allow(`status of 401`)
	w.load("/#/releases")
	w.sees("dialog:modal", "only to those who have its token")
	w.audit("private")
	w.press(kb.Escape)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
	w.sees("body", "only to those who have its token")
	if text := w.text("body"); strings.Contains(text, "demo_upgrade") {
		w.errorf("a private builder shows its blueprints")
	}
	w.enter()
	w.sees("main", "demo_upgrade", "0.0.3")
	w.sees("#live", "live")
	w.click("button", "Forget token")
	w.misses("body", "demo_upgrade")
}

// The builder is killed and started again at the same address. The page says so, comes back by itself, and shows what
// happened in between although the new process has forgotten the diary.
func webReconnect(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.allow(`net::ERR_|status of 50`)
	w.open("#/releases")
	w.sees("#live", "live")
	w.sees("main", "0.0.1")
	const published = `[...document.querySelectorAll("main [data-state=published]")].map((n) => n.closest("tr, li, section, article")?.innerText || n.innerText).join("\n")`
	w.until("0.0.1 to be published", published+`.includes("0.0.1")`)
	h.kill()
	w.sees("#live", "reconnecting")
	w.audit("without a builder")
	w.shoot("reconnecting")
	h.again("--sample")
	if status, body, err := h.call("POST", "/api/v1/releases/demo_upgrade/0.0.3/publish", bytes.NewReader(nil)); err != nil || status != 200 {
		t.Fatalf("publishing: %d %s %v", status, body, err)
	}
	w.sees("#live", "live")
	w.until("0.0.3 to be published", published+`.includes("0.0.3")`)
	w.sees("#notice", "loaded anew")
	if text := w.text("#trouble, #problem"); strings.TrimSpace(text) != "" {
		w.errorf("the trouble stays: %s", text)
	}
	h.must("release", "publish", "demo_upgrade@0.0.2")
	w.until("0.0.2 to be published, live", published+`.includes("0.0.2")`)
}

// The page paints at once and can be used before the stream of events has begun. Figures are told, not judged: how
// fast a test machine paints says little.
func webFirstPaint(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	var paints []float64
	for range 7 {
		w.open("#/")
		var at float64
		w.until("a first paint", `performance.getEntriesByName("first-contentful-paint").length`)
		w.value(&at, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
		paints = append(paints, at)
	}
	cold := paints[0]
	slices.Sort(paints)
	t.Logf("first contentful paint: %.0f ms with an empty cache, %.0f ms at the median of %d", cold, paints[len(paints)/2], len(paints))
	if paints[0] > 5000 {
		t.Error("the page takes seconds to appear")
	}
	w.allow(`ERR_BLOCKED_BY_CLIENT`)
	w.do("Network.setBlockedURLs", map[string]any{"urls": []string{"*/api/v1/events*"}}, nil)
	w.open("#/releases/demo_upgrade/0.0.2")
	w.sees("main", "0.0.2")
	w.enter()
	w.until("an action without the stream", `[...document.querySelectorAll("main button")].some((n) => n.innerText.startsWith("Publish"))`)
}
