package embedded

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// The page is read once over slow links, and its policy allows nothing inline and nothing foreign.
func TestUI(t *testing.T) {
	const budget = 75_000
	forbidden := map[string]*regexp.Regexp{
		"markup made from data": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write`),
		"code made from text":   regexp.MustCompile(`\beval\(|new Function`),
		"an inline style":       regexp.MustCompile(`(?i)<style|\sstyle=|setAttribute\("style"`),
		"an inline script":      regexp.MustCompile(`(?i)<script>|<[^>]+\son[a-z]+=`),
		"a foreign address":     regexp.MustCompile(`(?:src|href|import|from|url\()\s*=?\s*["']?(?:https?:)?//`),
	}
	reference := regexp.MustCompile(`["'(]/ui/([^"')]+)["')]`)
	ui, total := UI(), 0
	err := fs.WalkDir(ui, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(ui, name)
		if err != nil {
			return err
		}
		total += len(data)
		if ext := path.Ext(name); strings.Contains(name, "/") || !strings.Contains(".html .css .js .svg", ext) {
			t.Errorf("%s: the server knows flat names of html, css, js and svg files only", name)
		}
		for what, pattern := range forbidden {
			if found := pattern.Find(data); found != nil {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
		for _, m := range reference.FindAllSubmatch(data, -1) {
			if _, err := fs.Stat(ui, string(m[1])); err != nil {
				t.Errorf("%s refers to %q: %v", name, m[1], err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > budget {
		t.Errorf("the page has %d bytes, the budget is %d", total, budget)
	}
}
