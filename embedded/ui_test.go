package embedded

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readUI gives every file of the web page by its name.
func readUI(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(UI(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(UI(), name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The page is read over slow links, and its policy allows nothing inline and nothing foreign.
func TestUI(t *testing.T) {
	const budget = 300_000
	forbidden := map[string]*regexp.Regexp{
		"markup made from data": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment`),
		"code made from text":   regexp.MustCompile(`\beval\(|new Function`),
		"an inline style":       regexp.MustCompile(`(?i)<style|\sstyle=|setAttribute\("style"|[{,]\s*style:\s*["'\x60]`),
		"an inline script":      regexp.MustCompile(`(?i)<script>|<[^>]+\son[a-z]+=|javascript:`),
		"a foreign address":     regexp.MustCompile(`(?:src|href|import|from|url\(|fetch\()[ \t]*=?[ \t]*["'\x60]?(?:https?:)?//|https?://[a-z0-9-]+\.[a-z0-9.-]*[a-z]{2}`),
	}
	const svg = "http://www.w3.org/2000/svg" // a name, not an address
	total := 0
	for name, text := range readUI(t) {
		total += len(text)
		if !slices.Contains([]string{".html", ".css", ".js", ".svg"}, path.Ext(name)) || strings.Count(name, "/") > 1 {
			t.Errorf("%s: the page is made of html, css, js and svg files, at most one folder down", name)
		}
		for what, pattern := range forbidden {
			if found := pattern.FindString(strings.ReplaceAll(text, svg, "")); found != "" {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
	}
	if total > budget {
		t.Errorf("the page has %d bytes, the budget is %d", total, budget)
	}
}

var (
	reference  = regexp.MustCompile(`["'(]/ui/([^"')]+)["')]`)
	imported   = regexp.MustCompile(`(?m)^(?:import|export)\s*(?:\{([^}]*)\}|\*\s+as\s+\w+)?\s*(?:from\s*)?["']([^"']+)["']`)
	exported   = regexp.MustCompile(`(?m)^export\s+(?:async\s+)?(?:function\*?|const|let|class)\s+([\w$]+)`)
	ofPage     = regexp.MustCompile(`data-page="([a-z]+)"`)
	preloaded  = regexp.MustCompile(`rel="modulepreload" href="/ui/([^"]+)"`)
	stylesheet = regexp.MustCompile(`rel="stylesheet" href="/ui/([^"]+)"`)
)

// A module that asks for what is not there is a blank page, and only in the browser.
func TestUIModulesResolve(t *testing.T) {
	files := readUI(t)
	used := map[string]bool{"index.html": true, "app.js": true, "listing.css": true} // the last is of the folder listings
	for name, text := range files {
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if _, ok := files[m[1]]; !ok {
				t.Errorf("%s refers to %q, which is not there", name, m[1])
			}
		}
		if path.Ext(name) != ".js" {
			continue
		}
		for _, m := range imported.FindAllStringSubmatch(text, -1) {
			target, inside := strings.CutPrefix(m[2], "/ui/")
			if !inside {
				t.Errorf("%s imports %q: modules are imported by their whole path, /ui/…", name, m[2])
			}
			offered := offers(files[target])
			for want := range strings.SplitSeq(m[1], ",") {
				want, _, _ = strings.Cut(strings.TrimSpace(want), " as ")
				if want != "" && !offered[want] {
					t.Errorf("%s imports %s from %q, which does not export it", name, want, m[2])
				}
			}
		}
	}
	for _, m := range ofPage.FindAllStringSubmatch(files["index.html"], -1) {
		module := m[1] + "/page.js"
		used[module] = true
		if !offers(files[module])["page"] {
			t.Errorf("the navigation names the page %q, but %s exports no page()", m[1], module)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !used[name] {
			t.Errorf("nothing uses %s", name)
		}
	}
}

// offers are the names that a module exports.
func offers(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range exported.FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	return names
}

// What the shell needs is asked for at once, not one module after the other; what only a page needs is not.
func TestUIPreloadsTheShell(t *testing.T) {
	files := readUI(t)
	preloads := map[string]bool{}
	for _, m := range preloaded.FindAllStringSubmatch(files["index.html"], -1) {
		preloads[m[1]] = true
	}
	need, queue := map[string]bool{}, []string{"app.js"}
	for len(queue) > 0 {
		text := files[queue[0]]
		queue = queue[1:]
		for _, m := range imported.FindAllStringSubmatch(text, -1) {
			if target := strings.TrimPrefix(m[2], "/ui/"); !need[target] {
				need[target] = true
				queue = append(queue, target)
			}
		}
	}
	if !maps.Equal(need, preloads) {
		t.Errorf("index.html preloads %q, the shell is made of %q", slices.Sorted(maps.Keys(preloads)), slices.Sorted(maps.Keys(need)))
	}
	sheets := map[string]bool{}
	for _, m := range stylesheet.FindAllStringSubmatch(files["index.html"], -1) {
		sheets[m[1]] = true
	}
	for name := range files {
		if path.Base(name) == "page.css" && !sheets[name] {
			t.Errorf("index.html does not link %s", name)
		}
	}
}
