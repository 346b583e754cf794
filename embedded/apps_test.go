package embedded

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// The pages of the sample applications ask nobody but their own server, whose policy allows nothing
// inline, and what travels in the binary for them stays small.
func TestApps(t *testing.T) {
	const budget = 2_000_000
	forbidden := map[string]*regexp.Regexp{
		"an inline style":   regexp.MustCompile(`(?i)<style|\sstyle=|setAttribute\("style"`),
		"an inline script":  regexp.MustCompile(`(?i)<script>|<[^>]+\son[a-z]+=`),
		"a foreign address": regexp.MustCompile(`(?:src|href|import|from|fetch|url)\s*[=(]?\s*["']?(?:https?:)?//`),
	}
	reference := regexp.MustCompile(`(?:src=|href=|from )"(?:\./)?([^"]+)"`)
	apps, total := Apps(), 0
	err := fs.WalkDir(apps, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(apps, name)
		if err != nil {
			return err
		}
		total += len(data)
		if strings.HasPrefix(name, "server-") {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			program, err := io.ReadAll(z)
			if err != nil || !bytes.HasPrefix(program, []byte("\x7fELF")) {
				t.Errorf("%s is no ELF program: %v", name, err)
			}
			return nil
		}
		for what, pattern := range forbidden {
			if found := pattern.Find(data); found != nil {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
		for _, m := range reference.FindAllSubmatch(data, -1) {
			if _, err := fs.Stat(apps, path.Join(path.Dir(name), string(m[1]))); err != nil {
				t.Errorf("%s refers to %q: %v", name, m[1], err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > budget {
		t.Errorf("the applications have %d bytes, the budget is %d", total, budget)
	}
}
