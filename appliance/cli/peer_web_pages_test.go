package cli_test

import (
	_ "embed"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// webAddress are the addresses of every page, and of something within it.
var webAddress = []struct{ name, hash string }{
	{"overview", "#/"},
	{"blueprints", "#/blueprints"},
	{"blueprint", "#/blueprints/demo_upgrade/0.0.2"},
	{"releases", "#/releases"},
	{"release", "#/releases/demo_upgrade/0.0.2"},
	{"install", "#/install/demo_upgrade"},
	{"apps", "#/apps/2048"},
	{"devices", "#/devices"},
}

// Every page opens in both schemes, on a telephone and on a projector, with and without the token.
func webPages(t *testing.T, b *browser) {
	h := furnished(t)
	for _, l := range []look{{width: 390}, {width: 390, dark: true}, {width: 1920}, {width: 1920, dark: true}} {
		w := b.window(t, h, l)
		w.open("#/")
		if l.dark { // the half of them that shows the actions
			w.enter()
		}
		for _, a := range webAddress {
			w.turn(a.hash)
			w.settle(a.hash)
			w.audit(a.name)
			name := a.name
			if l.dark {
				name += "-dark"
			}
			w.shoot(name)
		}
		device := h.enrolled("edge-2")
		w.turn("#/devices/" + device)
		w.settle("#/devices/" + device)
		w.audit("device")
		w.shoot("device")
		w.click("button", "Tour")
		w.settle("#/devices/" + device)
		w.audit("tour")
		w.shoot("tour")
	}
}

// enrolled is the ID of a device with a name.
func (h *house) enrolled(name string) string {
	h.t.Helper()
	id, _, _ := strings.Cut(strings.TrimPrefix(h.must("fleet", "show", name), "device:"), "\n")
	return strings.TrimSpace(id)
}

// settle waits until the page of an address is there, asks for nothing more and does not change any more.
func (w *window) settle(hash string) {
	w.t.Helper()
	name, _, _ := strings.Cut(strings.TrimPrefix(hash, "#/"), "/")
	if name == "" {
		name = "overview"
	}
	w.until("the page "+hash, `location.hash === %s && document.querySelector("main > .page-" + CSS.escape(%s) + ", main > .page-none")`, hash, name)
	before := -1
	w.wait("the end of the requests of "+hash, func() bool {
		var now int
		err := w.tryValue(&now, `document.querySelector("main [aria-busy=true]") ? -1 : document.body.innerHTML.length`)
		same := err == nil && now >= 0 && now == before && w.faults.quiet()
		before = now
		return same
	})
}

// A builder without anything says on every page what to do first, and where it looks for blueprints in vain.
func webEmptyBuilder(t *testing.T, b *browser) {
	config := filepath.Join(t.TempDir(), "appliance.toml")
	writeIn(t, config, []byte("[blueprint]\nremote = \"http://127.0.0.1:1/none.git\"\n"), 0o644)
	h := newHouse(t, "--config", config)
	w := b.window(t, h, look{})
	for _, hash := range []string{"#/", "#/blueprints", "#/releases", "#/install", "#/apps", "#/devices"} {
		w.open(hash)
		w.settle(hash)
		w.audit("empty " + hash)
		if text := w.text("main"); len(strings.Fields(text)) < 8 {
			t.Errorf("an empty %s says only %q", hash, text)
		}
	}
	w.open("#/blueprints")
	w.sees("main", "Follows http://127.0.0.1:1/none.git, looked ", "refused")
}

// Addresses lead where they say; old ones to where that is now, wrong ones to a sentence.
func webAddresses(t *testing.T, b *browser) {
	h := newHouse(t, "--sample")
	w := b.window(t, h, look{})
	w.allow(`status of 40[04]`)
	w.open("#demo_upgrade@0.0.2")
	w.until("the old address to move", `location.hash === "#/releases/demo_upgrade/0.0.2"`)
	w.sees("main", "0.0.2")
	for _, hash := range []string{"#/nonsense", "#/releases/nobody", "#/releases/demo_upgrade/9.9.9", "#/blueprints/nobody", "#/devices/0123456789abcdef", "#/apps/nobody",
		"#/releases/%E0%A4%A", "#/releases/%3Cimg%20src%3Dx%20onerror%3Dwindow.harmed%3D1%3E", "#/blueprints/..%2F..%2Fx/0.0.1", "#/install/nobody"} {
		w.turn(hash)
		w.settle(hash)
		if len(w.text("main")) < 20 && len(w.text("#problem")) < 20 {
			w.errorf("%s is answered with nothing", hash)
		}
	}
	titles := map[string]string{}
	for _, a := range webAddress[:4] {
		w.turn(a.hash)
		w.settle(a.hash)
		var title string
		w.value(&title, "document.title")
		if before, there := titles[title]; there && a.name != "blueprint" && a.name != "release" {
			t.Errorf("%s and %s are both called %q", before, a.name, title)
		}
		titles[title] = a.name
	}
	w.turn("#/apps")
	w.settle("#/apps")
	w.value(nil, "void history.back()")
	w.settle(webAddress[3].hash)
	w.value(nil, "void history.forward()")
	w.settle("#/apps")
	w.until("the link of the present page", `document.querySelector("nav a[aria-current=page]").innerText === "Apps"`)
}

//go:embed testdata/web/focus.js
var focusScript string

// focus is where the keyboard is.
type focus struct {
	Place, Of int // among all that Tab can reach; -1 for what is not a control
	Seen      bool
	What      string
}

func (w *window) focus() (f focus) {
	w.t.Helper()
	w.value(&f, focusScript)
	return f
}

// Tab reaches every control of every page in its order, one always sees where it is, and Escape closes dialogs.
func webKeyboard(t *testing.T, b *browser) {
	h := furnished(t)
	w := b.window(t, h, look{})
	w.open("#/")
	w.enter()
	w.sees("header", "Forget token")
	for _, a := range webAddress {
		w.turn(a.hash)
		w.settle(a.hash)
		w.walk(a.name)
	}
	w.open("#/")
	w.click("button", "Forget token")
	w.value(nil, `void document.getElementById("token").focus()`)
	w.press(kb.Enter)
	w.until("the dialog", `document.querySelector("dialog:modal")`)
	w.audit("token dialog")
	w.press(kb.Tab, chromedp.ModifierShift)
	w.until("the focus to stay in the dialog", `document.querySelector("dialog:modal").contains(document.activeElement) || document.activeElement === document.body`)
	w.press(kb.Escape)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
	w.until("the focus to come back", `document.activeElement.id === "token"`)
	w.load("/#/releases")
	w.settle("#/releases")
	w.press(kb.Tab)
	if f := w.focus(); !strings.Contains(f.What, "Skip") || !f.Seen {
		w.errorf("the first Tab leads to %+v, want the link that skips to the page", f)
	}
	w.press(kb.Enter)
	w.until("the focus in main", `document.activeElement === document.querySelector("main")`)
}

// walk presses Tab, from the first control of the document on, until it is round.
func (w *window) walk(name string) {
	w.t.Helper()
	w.value(nil, `void document.getElementById("skip").focus()`)
	reached := []int{0}
	f := w.focus()
	for range 400 {
		w.press(kb.Tab)
		f = w.focus()
		if f.What == "nothing" || f.Place >= 0 && slices.Contains(reached, f.Place) {
			break
		}
		if f.Place < 0 {
			continue // a region that scrolls
		}
		if f.Place < reached[len(reached)-1] {
			w.t.Errorf("%s: Tab leads back to %s", name, f.What)
		}
		if !f.Seen {
			w.t.Errorf("%s: one does not see that the focus is at %s", name, f.What)
		}
		reached = append(reached, f.Place)
	}
	if len(reached) < f.Of || f.Of < 10 {
		w.errorf("%s: Tab reaches %d of %d controls: %v", name, len(reached), f.Of, reached)
	}
}
