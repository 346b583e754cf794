package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPeerWeb drives the web page of the built program with a real browser: every page, every action, and what
// strangers and broken lines may do to it. The tests share the browser; each has a window of its own.
func TestPeerWeb(t *testing.T) {
	needPeers(t, "chromium")
	b := newBrowser(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *browser)
	}{
		{"NotInTheProgram", webNotInTheProgram},
		{"Faults", webFaults},
		{"Audit", webAudit},
		{"Pages", webPages},
		{"EmptyBuilder", webEmptyBuilder},
		{"Addresses", webAddresses},
		{"FirstPaint", webFirstPaint},
		{"Keyboard", webKeyboard},
		{"Token", webToken},
		{"Private", webPrivate},
		{"Publish", webPublish},
		{"Difference", webDifference},
		{"ComposeSample", webComposeSample},
		{"Compose", webCompose},
		{"Upkeep", webUpkeep},
		{"Blueprint", webBlueprint},
		{"Install", webInstall},
		{"Apps", webApps},
		{"Devices", webDevices},
		{"Tour", webTour},
		{"Reconnect", webReconnect},
		{"Hostile", webHostile},
		{"Screenshots", webScreenshots},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}

// What drives the browser is for tests only.
func webNotInTheProgram(t *testing.T, _ *browser) {
	if out := run(t, "go", "list", "-deps", "edge"); strings.Contains(out, "chromedp") || !strings.Contains(out, "edge/appliance/cli") {
		t.Error("the program has chromedp in it")
	}
}

// browser is one headless Chromium with a profile of its own, which goes with it.
type browser struct{ ctx context.Context }

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], // as root this leaves the sandbox out, which wants another user
		chromedp.ExecPath("chromium"), chromedp.Flag("no-proxy-server", true), chromedp.Flag("lang", "en"))
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		ended, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := chromedp.Cancel(ended); err != nil {
			t.Errorf("ending the browser: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return &browser{ctx}
}
