package cli_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/report"
	"edge/embedded"
)

// harm runs code where it becomes markup, and is nothing but words where it does not.
const harm = `<script>window.harmed=1</script><img src=x onerror=window.harmed=1>"'><svg onload=window.harmed=1>`

// Whatever strangers write - packagers, authors of blueprints, devices, installers - is shown as they wrote it, and
// nothing of it runs.
func webHostile(t *testing.T, b *browser) {
	h := furnished(t)
	h.plant(t)
	w := b.window(t, h, look{})
	w.allow(`status of 40[04]`)
	w.open("#/")
	w.enter()
	id := h.enrolled("edge-3")
	for _, page := range []struct{ hash, shows string }{
		{"#/", ""},
		{"#/blueprints/hostile", "onerror"},
		{"#/blueprints/hostile/0.0.1", "onerror"},
		{"#/releases/hostile/0.0.1", ""},
		{"#/releases/hostile/0.0.2", "onerror"},
		{"#/install/demo_upgrade", ""},
		{"#/apps/2048", ""},
		{"#/devices", "onerror"},
		{"#/devices/" + id, "onerror"},
		{"#/releases/" + url.PathEscape(harm), "onerror"},
		{"#/blueprints/" + url.PathEscape(harm), ""},
		{"#/install/" + url.PathEscape(harm), ""},
		{"#/apps/" + url.PathEscape(harm), ""},
		{"#/" + url.PathEscape(harm), "onerror"},
	} {
		w.turn(page.hash)
		w.settle(page.hash)
		w.value(nil, `void document.querySelectorAll("main details").forEach((d) => { d.open = true; })`)
		if page.shows != "" {
			w.until("the words of strangers on "+page.hash, `(document.querySelector("main").innerText + [...document.querySelectorAll("main textarea, #problem")].map((n) => n.value || n.innerText).join()).includes(%s)`, page.shows)
		}
		w.unharmed(page.hash)
	}
	w.shoot("hostile")
}

// unharmed looks for what must not have become markup.
func (w *window) unharmed(where string) {
	w.t.Helper()
	var found string
	w.value(&found, `(window.harmed ? "code of a stranger ran" : "")
		+ [...document.querySelectorAll("body script, img[onerror], img[src='x'], svg[onload], iframe, object, embed")].map((n) => n.outerHTML.slice(0, 100)).join()`)
	if found != "" {
		w.errorf("%s: %s", where, found)
	}
}

// plant puts harm wherever a stranger may write.
func (h *house) plant(t *testing.T) {
	t.Helper()
	text := fmt.Sprintf("name = \"hostile\"\ndescription = %q\nversion = \"0.0.1\"\n\n[[packages]]\nname = \"git\"\nversion = \"*\"\n", harm)
	query := url.Values{"message": {harm}, "author": {"<img src=x onerror=window.harmed=1>"}}
	if status, body, err := h.call(http.MethodPut, "/api/v1/blueprints/hostile?"+query.Encode(), strings.NewReader(text)); err != nil || status != http.StatusCreated {
		t.Fatalf("pushing: %d %s %v", status, body, err)
	}
	if status, _, _ := h.call(http.MethodPut, "/api/v1/blueprints/"+url.PathEscape("<script>"), strings.NewReader(text)); status < 400 {
		t.Errorf("a blueprint may be called <script>: %d", status)
	}
	for _, version := range []blueprint.Version{"0.0.1", "0.0.2"} {
		h.must("release", "import", "hostile@"+string(version), hostileCommit(t, version), "--stamp")
	}
	h.must("release", "publish", "hostile@0.0.1", "--force")

	bad := rolledBack(harm)
	bad.OS[0].Version = "<img src=x onerror=window.harmed=1>"
	bad.Rollback.Check = harm
	bad.Boot.Checks = []report.Result{{Name: harm, Required: true, Reason: harm}}
	bad.Apps = append(bad.Apps, report.App{Name: harm, Unit: harm, Image: harm, State: harm, Reason: harm, Update: &report.Update{Time: time.Now(), Outcome: "rolled back", Reason: harm}})
	h.enrol("edge-3").tell(bad)

	installer := h.link("edge-4")
	installer.fetch()
	installer.says("failed", harm)
}

// hostileCommit writes a commit; the second one has packages that are called as no packager would call them.
func hostileCommit(t *testing.T, version blueprint.Version) string {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded.Samples(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(embedded.Samples(), name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The second version has zsh and these. A form feed parts words in HTML, and not in names of packages.
	files["zsh.txt"].Data = append(files["zsh.txt"].Data, "<script>window.harmed=1-1-1.el9.x86_64\n<img\fsrc=x\fonerror=window.harmed=1>-1-1.el9.x86_64\n"...)
	var out bytes.Buffer
	if err := compose.NewSample(files).Compose(t.Context(), compose.Request{ID: blueprint.ID{Blueprint: compose.SampleBlueprint, Version: version}}, &out); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "commit.tar")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
