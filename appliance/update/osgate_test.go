package update

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

func writeGate(t *testing.T, w *osWorld, mode os.FileMode, names ...string) string {
	t.Helper()
	dir := filepath.Join(w.dir, "gate.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOSGate(t *testing.T) {
	w := newOSWorld(t)
	o := w.options(profile.PolicyNow)
	o.Gate = writeGate(t, w, 0o755, "20_line", "10_door")
	writeGate(t, w, 0o644, "30_readme")
	w.says["20_line"] = &command.Error{Exit: 1, Stderr: "some noise\nline 3 is running"}
	o.OS.Every = time.Second
	out := w.run(o, OSHeld)
	if !strings.HasSuffix(out.Reason, "20_line says no: line 3 is running") {
		t.Errorf("reason %q", out.Reason)
	}
	if want := []string{"upgrade", "10_door", "20_line"}; !slices.Equal(w.did, want) {
		t.Errorf("did %q, want %q", w.did, want)
	}
	// It is asked again every minute while the run may stay.
	o.OS.Every = 2 * time.Minute
	w.did = nil
	w.run(o, OSHeld)
	if n := len(w.did); n != 8 {
		t.Errorf("asked %d times: %q", n/2, w.did)
	}
	delete(w.says, "20_line")
	w.run(o, OSRebooting)
}

// A gate that closes when the window does leaves the reboot to the next window.
func TestOSGateUntilTheEndOfTheWindow(t *testing.T) {
	w := newOSWorld(t)
	w.now = time.Date(2026, 3, 4, 2, 0, 0, 0, time.UTC)
	o := w.options(profile.PolicyWindow)
	o.OS.Window = profile.Window{Begin: 2 * time.Hour, End: 2*time.Hour + 10*time.Minute, Zone: "UTC"}
	o.Gate = writeGate(t, w, 0o755, "no")
	w.says["no"] = &command.Error{Exit: 9}
	out := w.run(o, OSHeld)
	if len(w.slept) != 9 || !strings.HasSuffix(out.Reason, "exit status 9") {
		t.Errorf("slept %s, %+v", w.slept, out)
	}
}

// Root runs nothing that somebody else could have written.
func TestOSGateOfOthers(t *testing.T) {
	w := newOSWorld(t)
	o := w.options(profile.PolicyNow)
	o.OS.Every = time.Second
	o.Gate = writeGate(t, w, 0o777, "open")
	if out := w.run(o, OSHeld); !strings.Contains(out.Reason, "chmod go-w") || slices.Contains(w.did, "open") {
		t.Errorf("%+v, did %q", out, w.did)
	}
	if err := os.Remove(filepath.Join(o.Gate, "open")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/true", filepath.Join(o.Gate, "link")); err != nil {
		t.Fatal(err)
	}
	if out := w.run(o, OSHeld); !strings.Contains(out.Reason, "link") {
		t.Errorf("%+v", out)
	}
	if err := os.Chmod(o.Gate, 0o777); err != nil {
		t.Fatal(err)
	}
	if out := w.run(o, OSHeld); !strings.Contains(out.Reason, "gate.d can be changed by others") {
		t.Errorf("%+v", out)
	}
	if os.Getuid() == 0 {
		path := writeGate(t, w, 0o755, "theirs") + "/theirs"
		if err := os.Chown(path, 4711, -1); err != nil {
			t.Fatal(err)
		}
		if fault := osUnsafe(path, 0); !strings.Contains(fault, "does not belong to root") {
			t.Errorf("fault %q", fault)
		}
	}
}

func TestOSInhibitors(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"a(ssssuu)","data":[[]]}`: "",
		`{"type":"a(ssssuu)","data":[[["sleep","NetworkManager","turns off","delay",0,9],["handle-power-key","me","x","block",0,7]]]}`: "",
		`{"type":"a(ssssuu)","data":[[["idle:shutdown","backup","writing a tape","block",0,7]]]}`:                                      `"backup" inhibits it: "writing a tape"`,
		`{"type":"a(ssssuu)","data":[[["shutdown",1]]]}`:                                                                               "",
	} {
		if got, err := parseInhibitors([]byte(text)); err != nil || got != want {
			t.Errorf("parseInhibitors(%s) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "{}", `{"type":"s","data":["shutdown"]}`, strings.Repeat(" ", 2<<20)} {
		if got, err := parseInhibitors([]byte(text)); err == nil {
			t.Errorf("parseInhibitors(%.20q) = %q", text, got)
		}
	}
}

func FuzzInhibitors(f *testing.F) {
	f.Add(`{"type":"a(ssssuu)","data":[[["idle:shutdown","backup","writing","block",0,7]]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseInhibitors([]byte(text)); err == nil && (len(got) > 4000 || strings.ContainsAny(got, "\n\x1b")) {
			t.Errorf("reason %q", got)
		}
	})
}

func TestOSOtherEngines(t *testing.T) {
	quiet := "Id=zincati.service\nActiveState=inactive\nUnitFileState=\n\nActiveState=inactive\nId=flightctl-agent.service\nUnitFileState=disabled\n"
	for _, tt := range []struct{ name, units, config, want string }{
		{"none", quiet, "", ""},
		{"zincati", "Id=zincati.service\nActiveState=active\nUnitFileState=enabled\n", "", "systemctl disable --now zincati.service"},
		{"flightctl, not up yet", "ActiveState=inactive\nUnitFileState=enabled\nId=flightctl-agent.service\n", "", "flightctl-agent.service"},
		{"timer of bootc", quiet + "\nId=bootc-fetch-apply-updates.timer\nActiveState=active\n", "", "bootc-fetch-apply-updates.timer"},
		{"timer of rpm-ostree without a policy", "Id=rpm-ostreed-automatic.timer\nActiveState=active\n", "", ""},
		{"timer of rpm-ostree, policy none", "Id=rpm-ostreed-automatic.timer\nActiveState=active\n", "[Daemon]\nAutomaticUpdatePolicy=stage\nAutomaticUpdatePolicy=none\n", ""},
		{"timer of rpm-ostree", "Id=rpm-ostreed-automatic.timer\nActiveState=active\n", "# x\n[Daemon]\n#AutomaticUpdatePolicy=none\nAutomaticUpdatePolicy = stage\n", "rpm-ostreed-automatic.timer"},
		{"policy without the timer", quiet, "[Daemon]\nAutomaticUpdatePolicy=stage\n", ""},
		{"policy elsewhere", "Id=rpm-ostreed-automatic.timer\nActiveState=active\n", "[Experimental]\nAutomaticUpdatePolicy=stage\n", ""},
	} {
		w := newOSWorld(t)
		o := w.options(profile.PolicyNow)
		w.units = tt.units
		if tt.config != "" {
			if err := os.WriteFile(o.Config, []byte(tt.config), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if tt.want == "" {
			w.run(o, OSRebooting)
			continue
		}
		if _, err := OS(t.Context(), o); !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), tt.want) || len(w.did) > 0 {
			t.Errorf("%s: error = %v, want %q; did %q", tt.name, err, tt.want, w.did)
		}
		w.run(w.options(profile.PolicyCheck), OSAvailable) // to look is no conflict
	}
}
