package cli_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// A boot ISO is built of ticked boxes and proven; the kickstart stands there with what the lint finds; a one-time link
// is shown once, and its machine is followed until it is installed.
func webInstall(t *testing.T, b *browser) {
	h := furnished(t)
	w := b.window(t, h, look{})
	w.open("#/install/demo_upgrade")
	w.sees("#live", "live")
	w.enter()
	w.buildISO()
	w.readKickstart()
	w.makeLink()
}

func (w *window) buildISO() {
	w.t.Helper()
	w.click("checkbox", `Serial console.*`)
	w.click("checkbox", `FIPS mode.*`)
	w.sees("main", "console=tty0 console=ttyS0,115200 fips=1")
	w.fill("textbox", "Name", "kiosk")
	w.fill("textbox", "Fixed address", "192.0.2.10/24")
	w.fill("textbox", "Gateway", "192.0.2.1")
	w.sees("main", w.h.url+"/demo_upgrade/images/kiosk.iso")
	w.click("button", `Build the ISO`)
	w.sees("#notice", "/demo_upgrade/images/kiosk.iso is served now")
	w.sees("main", "Differs in", "of 1,048,576 bytes")
	if resp, err := http.Head(w.h.url + "/demo_upgrade/images/kiosk.iso"); err != nil || resp.StatusCode != 200 {
		w.errorf("the link leads to %v, %v", resp, err)
	}
	if out := w.h.must("iso", "list"); !strings.Contains(out, "kiosk") || !strings.Contains(out, "console=ttyS0 fips") || !strings.Contains(out, "ip=192.0.2.10/24") {
		w.errorf("built was %s", out)
	}
	w.click("button", `Run the media check`)
	w.sees("main", "passes", "Install Red Hat Enterprise Linux 9.6 by itself")
	w.audit("a proof")
	w.shoot("proof")
	w.click("button", `QR code of the address of /demo_upgrade/images/kiosk\.iso`)
	w.until("the code", `document.querySelector("dialog:modal img")?.naturalWidth > 20`)
	w.audit("a QR code")
	w.press(kb.Escape)
	w.until("the dialog to close", `!document.querySelector("dialog:modal")`)
}

func (w *window) readKickstart() {
	w.t.Helper()
	w.click("tab", `Kickstart`)
	w.sees("main", "ostreesetup --osname=rhel", "What the lint finds")
	found := w.h.must("kickstart", "demo_upgrade", "--lint")
	lines := strings.Count(found, "\n")
	if strings.Contains(found, "nothing is wrong") {
		lines = 0
	}
	w.until("as many findings as the command line tells", `document.querySelectorAll("main .lint li").length === %v`, lines)
	w.choose("Installer", "rhel10")
	w.sees("main", "for RHEL 10")
	w.audit("kickstart")
	w.shoot("kickstart")
}

func (w *window) makeLink() {
	w.t.Helper()
	w.click("tab", `Links and machines`)
	w.fill("textbox", "Device", "edge-7")
	w.fill("textbox", "Fixed address", "192.0.2.17/24")
	w.fill("textbox", "Gateway", "192.0.2.1")
	w.fill("textbox", "Name server", "192.0.2.53")
	w.click("button", `Make a one-time link`)
	w.sees("main", "it is shown this once", w.h.url+"/k/", "inst.ks="+w.h.url+"/k/")
	w.audit("a one-time link")
	w.shoot("link")
	var link string
	w.value(&link, `[...document.querySelectorAll("main code")].map((n) => n.innerText).find((text) => /^http.*[/]k[/][a-z2-7]{26}$/.test(text))`)
	w.sees("main table", "edge-7", "made")
	installer := machine{w.h, link}
	if text := installer.fetch(); !strings.Contains(text, "--ip=192.0.2.17 ") || !strings.Contains(text, "--nameserver=192.0.2.53") {
		w.errorf("the kickstart has another address:\n%s", text)
	}
	w.sees("main table", "fetched")
	installer.says("installing", "")
	w.sees("main table", "installing")
	installer.says("failed", "the disk is gone")
	w.sees("main table", "failed")
	w.click("button", `Log of edge-7`)
	w.sees("main", "the disk is gone")
	w.click("button", `I have it`)
	w.misses("body", link)
	var kept string
	w.value(&kept, `location.href + Object.values(sessionStorage).join() + document.documentElement.outerHTML`)
	if strings.Contains(kept, link) {
		w.errorf("the link can still be found in the page")
	}

	w.fill("textbox", "Device", "edge-8")
	w.click("button", `Make a one-time link`)
	w.click("button", `Revoke the link of edge-8`)
	w.click("button", `Revoke`)
	w.sees("main table", "revoked")
}
