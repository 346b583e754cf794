//go:build containers_image_openpgp

package osbuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newUnits is a scene whose builds are units of the systemd that runs this machine.
func newUnits(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.hang()
	if err := os.MkdirAll(filepath.Join(s.backend.Root, "run/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A unit has none of the variables that steer the fake.
	fake, err := exec.LookPath("osbuild")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(fake)
	if err != nil {
		t.Fatal(err)
	}
	var set strings.Builder
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "FAKE_") {
			fmt.Fprintf(&set, "export %s='%s'\n", name, value)
		}
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(fake, []byte(first+"\n"+set.String()+rest), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// unitsOfBuilds are those that systemd has.
func unitsOfBuilds(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemctl", "list-units", "--all", "--plain", "--no-legend", "appliance-compose-*").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestPeerSystemd runs builds as units of a real systemd: one that lasts, one that another process takes up, one that is cancelled.
func TestPeerSystemd(t *testing.T) {
	if os.Getenv("APPLIANCE_SYSTEMD") != "1" {
		t.Skip("needs a machine whose systemd may be asked for units, and APPLIANCE_SYSTEMD=1; TestLabCompose runs it in a device of the lab")
	}
	t.Run("lasts", func(t *testing.T) {
		s := newUnits(t)
		done := s.started()
		s.until("org.osbuild.rpm")
		time.Sleep(5 * glance)
		if !strings.Contains(unitsOfBuilds(t), "running") {
			t.Errorf("no unit runs: %s", unitsOfBuilds(t))
		}
		_ = os.Remove(os.Getenv("FAKE_HANG"))
		if err := <-done; err != nil {
			t.Errorf("%v\n%s", err, s.log)
		}
	})
	t.Run("is taken up", func(t *testing.T) {
		s := newUnits(t)
		done := s.started()
		s.until("org.osbuild.rpm")
		s.cancel() // as when the server ends: nobody wants the build to
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if !strings.Contains(unitsOfBuilds(t), "running") {
			t.Errorf("the unit ended with the server: %s", unitsOfBuilds(t))
		}
		s.ctx, s.cancel = context.WithCancel(t.Context())
		s.order.Resumed = true
		time.AfterFunc(3*glance, func() { _ = os.Remove(os.Getenv("FAKE_HANG")) })
		made, err := s.make()
		s.check(made, err)
	})
	t.Run("is cancelled", func(t *testing.T) {
		s := newUnits(t)
		s.wanted = true
		done := s.started()
		s.until("org.osbuild.rpm")
		s.cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if s.build().leader() != 0 {
			t.Error("the build goes on")
		}
	})
	for range 100 {
		if unitsOfBuilds(t) == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("left: %s", unitsOfBuilds(t))
}
