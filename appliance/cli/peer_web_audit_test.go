package cli_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

// The checks run inside the page. Each is an expression whose value is a list of faults.
var (
	//go:embed testdata/web/audit.js
	auditScript string
	//go:embed testdata/web/overflow.js
	overflowScript string
)

// mustBeNamed are the roles that mean nothing to a screen reader without a name.
var mustBeNamed = []string{"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "switch", "slider", "spinbutton", "tab",
	"menuitem", "dialog", "img", "image", "progressbar", "table", "DisclosureTriangle", "region"}

// audit makes errors of what is wrong with the page as it is now.
func (w *window) audit(what string) {
	w.t.Helper()
	for _, f := range w.inspect() {
		w.t.Errorf("%s, %d wide, dark %t: %s", what, w.width, w.dark, f)
	}
}

func (w *window) inspect() []string {
	w.t.Helper()
	var found, wide []string
	w.value(&found, auditScript)
	w.value(&wide, overflowScript)
	if len(wide) > 0 {
		found = append(found, "the page scrolls sideways: "+strings.Join(wide, "; "))
	}
	all, err := w.controls()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.name == "" && slices.Contains(mustBeNamed, c.role) {
			found = append(found, "a "+c.role+" has no name: "+w.markup(c))
		}
	}
	return found
}

// markup is the beginning of an element's HTML.
func (w *window) markup(c control) string {
	var html struct{ OuterHTML string }
	if err := w.try("DOM.getOuterHTML", map[string]any{"backendNodeId": c.node}, &html); err != nil {
		return err.Error()
	}
	return html.OuterHTML[:min(len(html.OuterHTML), 160)]
}

// The audit finds what it is for: a page without faults gets some of each kind.
func webAudit(t *testing.T, b *browser) {
	h := newHouse(t)
	w := b.window(t, h, look{width: 390})
	w.open("#/")
	w.settle("#/")
	if found := w.inspect(); len(found) > 0 {
		t.Fatalf("the page has faults of its own: %q", found)
	}
	for _, tt := range []struct{ markup, want string }{
		{`<p class="quiet">x</p>`, ""},
		{`<input>`, "a field has no label"},
		{`<input placeholder="Name" title="">`, "a field has no label"},
		{`<button></button>`, "a button has no name"},
		{`<a href="#/x"><svg aria-hidden="true"></svg></a>`, "a link has no name"},
		{`<img src="/ui/icon.svg">`, "an image has no alt"},
		{`<svg width="9" height="9"></svg>`, "a drawing has neither a name nor aria-hidden"},
		{`<h1>again</h1>`, "headings of level 1"},
		{`<h6>deep</h6>`, "a heading of level 6 follows"},
		{`<h3> </h3>`, "a heading is empty"},
		{`<b id="diary">x</b>`, `the ID "diary" is there 2 times`},
		{`<p aria-labelledby="nobody">x</p>`, `aria-labelledby names "nobody"`},
		{`<table><tr><td>x</table>`, "a table has no headers"},
		{`<table><tr><th>x</table>`, "a header has no scope"},
		{`<table><tr><th scope="col">x</table>`, "a table has no caption"},
		{`<dialog open>x</dialog>`, "a dialog has no name"},
		{`<b tabindex="3">x</b>`, "tabindex 3"},
		{`<p aria-hidden="true"><a href="#/x">x</a></p>`, "a control is hidden from screen readers"},
		{`<button>x <b tabindex="0">x</b><input aria-label="x"></button>`, "a control is within another"},
		{`<ul><p>x</p></ul>`, "a list has something else than items"},
		{`<main>x</main>`, "landmarks main"},
		{`<p data-style="color: #888; background: #fff">faint</p>`, "contrast is 3.5"},
		{`<p data-style="opacity: .5">faint</p>`, "contrast is"},
		{`<p data-style="width: 500px">wide</p>`, "the page scrolls sideways"},
		{`<p data-style="width: 40px; overflow-x: auto; white-space: nowrap">a long line of text</p>`, "a region scrolls and the keyboard cannot reach it"},
		{`<button aria-label="x" data-style="width: 9px; height: 9px; padding: 0"></button><button aria-label="y" data-style="width: 9px; height: 9px; padding: 0"></button>`, "a target of 9 by 9 pixels"},
		{`<select aria-label="x" data-style="width: 20px"></select>`, "a field is 20 pixels wide"},
	} {
		w.value(nil, `void (() => {
			const host = document.createElement("div");
			host.id = "planted";
			host.innerHTML = %s;
			for (const n of host.querySelectorAll("[data-style]")) { n.style.cssText = n.dataset.style; n.removeAttribute("data-style"); }
			document.querySelector("main > div").append(host);
		})()`, tt.markup)
		found := w.inspect()
		if tt.want == "" && len(found) > 0 || tt.want != "" && !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, tt.want) }) {
			t.Errorf("%s: found %q, want %q", tt.markup, found, tt.want)
		}
		w.value(nil, `void document.getElementById("planted").remove()`)
	}
}
