package cli_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// control is an element as a screen reader knows it.
type control struct {
	role, name string
	node       int // of the DOM
}

func (c control) String() string { return fmt.Sprintf("%s %q", c.role, c.name) }

// controls is the browser's own accessibility tree, without what readers never meet.
func (w *window) controls() ([]control, error) {
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
			Node       int `json:"backendDOMNodeId"`
		}
	}
	if err := w.try("Accessibility.getFullAXTree", nil, &tree); err != nil {
		return nil, err
	}
	var all []control
	for _, n := range tree.Nodes {
		role, _ := n.Role.Value.(string)
		name, _ := n.Name.Value.(string)
		if !n.Ignored && n.Node != 0 {
			all = append(all, control{role, strings.TrimSpace(name), n.Node})
		}
	}
	return all, nil
}

// find waits for the one control of a role whose whole name fits a pattern.
func (w *window) find(role, name string) control {
	w.t.Helper()
	pattern := regexp.MustCompile(`^(?s:` + name + `)$`)
	var found, same []control
	defer func() {
		if len(found) != 1 {
			w.t.Logf("of role %s there are %v", role, same)
		}
	}()
	w.wait(fmt.Sprintf("the one %s %q", role, name), func() bool {
		all, err := w.controls()
		if err != nil {
			return false // the page is changing
		}
		found, same = nil, nil
		for _, c := range all {
			if c.role == role {
				same = append(same, c)
				if pattern.MatchString(c.name) {
					found = append(found, c)
				}
			}
		}
		return len(found) == 1
	})
	return found[0]
}

// has reports whether there is a control now.
func (w *window) has(role, name string) bool {
	w.t.Helper()
	pattern := regexp.MustCompile(`^(?s:` + name + `)$`)
	all, err := w.controls()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.role == role && pattern.MatchString(c.name) {
			return true
		}
	}
	return false
}

// click presses the mouse on the one control of a role whose whole name fits a pattern.
func (w *window) click(role, name string) {
	w.t.Helper()
	w.wait(fmt.Sprintf("a click on the %s %q", role, name), func() bool {
		x, y, err := w.middle(w.find(role, name).node)
		return err == nil && w.mouse(x, y) == nil
	})
}

// clickAt presses the mouse on the first element that a selector finds.
func (w *window) clickAt(selector string) {
	w.t.Helper()
	w.wait("a click at "+selector, func() bool {
		x, y, err := w.middleOf(selector)
		return err == nil && w.mouse(x, y) == nil
	})
}

func (w *window) mouse(x, y float64) error { return chromedp.Do(w.ctx, chromedp.MouseClickXY(x, y)) }

// middleOf scrolls an element into view and tells where its middle is; it is an error when something else is there, or when it takes no clicks.
func (w *window) middleOf(selector string) (x, y float64, err error) {
	var node struct {
		Result struct{ ObjectID string }
	}
	if err := w.try("Runtime.evaluate", map[string]any{"expression": fmt.Sprintf("document.querySelector(%q)", selector)}, &node); err != nil {
		return 0, 0, err
	}
	return w.middleOfObject(node.Result.ObjectID)
}

func (w *window) middle(node int) (x, y float64, err error) {
	var object struct{ Object struct{ ObjectID string } }
	if err := w.try("DOM.resolveNode", map[string]any{"backendNodeId": node}, &object); err != nil {
		return 0, 0, err
	}
	return w.middleOfObject(object.Object.ObjectID)
}

// middleOfFunction is called with the element as this. Text nodes stand for what they are in.
const middleOfFunction = `function () {
	const node = this.nodeType === Node.TEXT_NODE ? this.parentElement : this;
	if (node.matches(":disabled")) throw new Error("it is disabled");
	node.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
	const box = node.getClientRects()[0];
	const x = box.x + box.width / 2, y = box.y + box.height / 2, hit = document.elementFromPoint(x, y);
	if (!hit || !(node.contains(hit) || hit.contains(node) || node.labels && [...node.labels].some((l) => l.contains(hit)))) throw new Error("something is over it: " + hit?.outerHTML.slice(0, 200));
	return [x, y];
}`

func (w *window) middleOfObject(id string) (x, y float64, err error) {
	var answer struct {
		Result    struct{ Value []float64 }
		Exception *struct {
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
	}
	if err := w.try("Runtime.callFunctionOn", map[string]any{"objectId": id, "functionDeclaration": middleOfFunction, "returnByValue": true}, &answer); err != nil {
		return 0, 0, err
	}
	if answer.Exception != nil || len(answer.Result.Value) != 2 {
		return 0, 0, fmt.Errorf("finding where it is: %+v", answer)
	}
	return answer.Result.Value[0], answer.Result.Value[1], nil
}

// fill clicks into a field and replaces what is in it, as a paste does.
func (w *window) fill(role, name, text string) {
	w.t.Helper()
	w.click(role, name)
	w.value(nil, `void document.activeElement.select()`)
	w.do("Input.insertText", map[string]any{"text": text}, nil)
}

// choose takes an option, by its value, of the one list with a name.
func (w *window) choose(name, option string) {
	w.t.Helper()
	c := w.find("combobox", name)
	var object struct{ Object struct{ ObjectID string } }
	w.do("DOM.resolveNode", map[string]any{"backendNodeId": c.node}, &object)
	var answer struct {
		Result struct{ Value bool }
	}
	w.do("Runtime.callFunctionOn", map[string]any{"objectId": object.Object.ObjectID, "returnByValue": true, "arguments": []map[string]any{{"value": option}},
		"functionDeclaration": `function (value) {
			if (![...this.options].some((o) => o.value === value)) return false;
			this.value = value;
			for (const kind of ["input", "change"]) this.dispatchEvent(new Event(kind, { bubbles: true }));
			return true;
		}`}, &answer)
	if !answer.Result.Value {
		w.fatalf("the list %s has no option %q", c, option)
	}
}

// press presses one key, such as kb.Tab.
func (w *window) press(key string, modifiers ...chromedp.Modifier) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(modifiers...))); err != nil {
		w.t.Fatal(err)
	}
}

// drag takes the element of one selector with the mouse and lets it go on that of another. The browser does the
// rest as for a person: it asks the page what is being dragged, and where it may be dropped.
func (w *window) drag(from, to string) {
	w.t.Helper()
	x, y, err := w.middleOf(to)
	if err == nil {
		x, y, err = w.middleOf(from)
	}
	if err != nil {
		w.fatalf("dragging %s to %s: %v", from, to, err)
	}
	var end struct{ X, Y float64 } // where it is now that the page is scrolled to from
	w.value(&end, `(() => { const b = document.querySelector(%s).getBoundingClientRect(); return { x: b.x + b.width / 2, y: b.y + b.height / 2 }; })()`, to)
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.DragAndDropXY(x, y, end.X, end.Y)); err != nil {
		w.fatalf("dragging %s to %s: %v", from, to, err)
	}
}

// enter gives the page the builder's token, as a person does.
func (w *window) enter() { w.enterToken(w.h.secret()) }

func (w *window) enterToken(token string) {
	w.t.Helper()
	w.click("button", "Enter token")
	w.fill("textbox", "Token", token)
	w.press(kb.Enter)
}
