package cli_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/web/watch.js
var watchScript string

// look is how a window shows a page.
type look struct {
	width  int  // of the window in pixels; 0 means 1400
	dark   bool // the reader prefers dark
	motion bool // the reader has nothing against motion
}

// window is one tab that shows a builder's page. What must never happen in a page is an error of its test.
type window struct {
	t testing.TB
	h *house
	look
	ctx    context.Context
	faults *faults
}

// patience is how long a window waits for anything; a busy machine is slow.
const patience = 20 * time.Second

// window opens a tab that shares nothing with the others.
func (b *browser) window(t testing.TB, h *house, l look) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	w := &window{t: t, h: h, look: l, ctx: ctx, faults: newFaults(h)}
	if w.width == 0 {
		w.width = 1400
	}
	t.Cleanup(func() {
		w.faults.check(w)
		cancel()
	})
	if err := chromedp.Listen(ctx, w.faults.hear); err != nil {
		t.Fatalf("opening a window: %v", err)
	}
	scheme, motion := "light", "reduce"
	if l.dark {
		scheme = "dark"
	}
	if l.motion {
		motion = "no-preference"
	}
	w.do("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": watchScript}, nil)
	w.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}}}, nil)
	w.resize(900)
	return w
}

// resize gives the window a height.
func (w *window) resize(height int) {
	w.t.Helper()
	w.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": w.width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// do sends one command of the DevTools protocol.
func (w *window) do(method string, params, result any) {
	w.t.Helper()
	if err := w.try(method, params, result); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
}

func (w *window) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if params == nil {
		params = map[string]any{}
	}
	answer, err := chromedp.Call(ctx, cdp.Command[any, json.RawMessage]{Method: method}, params)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(answer, result)
}

// value is what an expression is in the page. Its %s and %v stand for args as JavaScript has them.
func (w *window) value(into any, expression string, args ...any) {
	w.t.Helper()
	if err := w.tryValue(into, expression, args...); err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
}

func (w *window) tryValue(into any, expression string, args ...any) error {
	quoted := make([]any, len(args))
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		quoted[i] = string(text)
	}
	if len(args) > 0 {
		expression = fmt.Sprintf(expression, quoted...)
	}
	var answer struct {
		Result    struct{ Value json.RawMessage }
		Exception *struct {
			Text      string
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
	}
	if err := w.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer); err != nil {
		return err
	}
	if e := answer.Exception; e != nil {
		return fmt.Errorf("%s %s", e.Text, e.Exception.Description)
	}
	if into == nil || len(answer.Result.Value) == 0 {
		return nil // nothing is wanted, or it is undefined
	}
	return json.Unmarshal(answer.Result.Value, into)
}

// open goes to an address of the builder, such as "#/releases", and waits for the page's first heading.
func (w *window) open(address string) {
	w.t.Helper()
	w.load("/" + address)
	if strings.HasPrefix(address, "#/") || address == "" {
		w.until("the first heading of "+address, `document.querySelector("main h2")?.innerText.trim()`)
	}
}

// load goes to a path of the builder anew, whatever was shown before.
func (w *window) load(path string) {
	w.t.Helper()
	w.do("Page.navigate", map[string]any{"url": "about:blank"}, nil)
	w.do("Page.navigate", map[string]any{"url": w.h.url + path}, nil)
	w.until("the page "+path, `location.href !== "about:blank" && document.readyState === "complete"`)
}

// turn changes the address within the page, as a link does.
func (w *window) turn(hash string) {
	w.t.Helper()
	w.value(nil, `void (location.hash = %s)`, hash)
}

// until waits for an expression to become true.
func (w *window) until(what, expression string, args ...any) {
	w.t.Helper()
	w.wait(what, func() bool {
		var is any
		err := w.tryValue(&is, expression, args...)
		return err == nil && is != nil && is != false && is != "" && is != 0.0
	})
}

// wait tries until it works.
func (w *window) wait(what string, try func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !try(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.fatalf("waited in vain for %s", what)
		}
	}
}

// text is what a reader sees of all that a selector finds; "" when nothing is there.
func (w *window) text(selector string) string {
	w.t.Helper()
	var text string
	w.value(&text, `[...document.querySelectorAll(%s)].map((n) => n.innerText).join("\n")`, selector)
	return text
}

// sees waits until a reader can see each of texts in what a selector finds.
func (w *window) sees(selector string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		w.until(fmt.Sprintf("%q in %s", text, selector), `[...document.querySelectorAll(%s)].some((n) => n.innerText.includes(%s))`, selector, text)
	}
}

// misses waits until nobody can see text in what a selector finds.
func (w *window) misses(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%q to be gone from %s", text, selector), `![...document.querySelectorAll(%s)].some((n) => n.innerText.includes(%s))`, selector, text)
}

// fatalf ends the test with what is on the page.
func (w *window) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), w.told())
}

func (w *window) errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("%s\n%s", fmt.Sprintf(format, args...), w.told())
}

// told is what a failing test says of its window.
func (w *window) told() string {
	var page string
	if err := w.tryValue(&page, `location.href + "\n" + (document.querySelector("dialog:modal") || document.body).innerText`); err != nil {
		page = err.Error()
	}
	if len(page) > 4000 {
		page = page[:4000] + "…"
	}
	w.shoot("failed-" + strings.ReplaceAll(w.t.Name(), "/", "-"))
	return "on the page: " + page + w.faults.told()
}
