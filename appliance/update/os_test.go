package update

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
	"edge/appliance/report"
)

func TestOSPolicies(t *testing.T) {
	for _, tt := range []struct {
		policy profile.Policy
		action OSAction
		did    []string
		notice string
	}{
		{profile.PolicyOff, OSOff, nil, ""},
		{profile.PolicyCheck, OSAvailable, nil, "0.0.2"},
		{profile.PolicyStage, OSStaged, []string{"upgrade"}, "The next reboot takes it"},
		{profile.PolicyWindow, OSStaged, []string{"upgrade"}, "The next reboot takes it"}, // the zero window is never open
		{profile.PolicyNow, OSRebooting, []string{"upgrade", "reboot"}, ""},
	} {
		w := newOSWorld(t)
		o := w.options(tt.policy)
		out := w.run(o, tt.action)
		if !slices.Equal(w.did, tt.did) {
			t.Errorf("%s: did %q, want %q", tt.policy, w.did, tt.did)
		}
		notice, _ := os.ReadFile(o.Notice)
		if tt.notice == "" && len(notice) > 0 || !strings.Contains(string(notice), tt.notice) {
			t.Errorf("%s: notice %q, want %q", tt.policy, notice, tt.notice)
		}
		if tt.policy != profile.PolicyOff && (out.From.Version != "0.0.1" || out.To.Version != "0.0.2" || out.Difference != "01..02") {
			t.Errorf("%s: %+v", tt.policy, out)
		}
	}
}

// After the reboot the device is up to date, does nothing more, and takes the notice away.
func TestOSWhole(t *testing.T) {
	w := newOSWorld(t)
	w.run(w.options(profile.PolicyStage), OSStaged)
	w.run(w.options(profile.PolicyStage), OSStaged)
	w.reboot()
	o := w.options(profile.PolicyStage)
	w.run(o, OSCurrent)
	if !slices.Equal(w.did, []string{"upgrade"}) || w.booted.Version != "0.0.2" {
		t.Errorf("did %q, booted %s", w.did, w.booted.Version)
	}
	if _, err := os.Stat(o.Notice); err == nil {
		t.Error("the notice is still there")
	}
	w.newest = osVersion(3)
	w.run(w.options(profile.PolicyNow), OSRebooting)
	w.run(w.options(profile.PolicyNow), OSCurrent)
	if !slices.Contains(w.told, "booted into 0.0.3") {
		t.Errorf("told %q", w.told)
	}
}

func TestOSOnTrial(t *testing.T) {
	w := newOSWorld(t)
	w.trial = true
	w.run(w.options(profile.PolicyNow), OSOnTrial)
	w.trial = false
	w.run(w.options(profile.PolicyNow), OSRebooting)
	if !slices.Equal(w.did, []string{"upgrade", "reboot"}) {
		t.Errorf("did %q", w.did)
	}
}

func TestOSQuarantine(t *testing.T) {
	w := newOSWorld(t)
	back := report.Rollback{Time: w.now, From: osVersion(2).Commit, FromVersion: "0.0.2", Check: "git", Reason: "exit status 127"}
	for range 3 { // told again and again
		if err := QuarantineOS(w.memory(), back); err != nil {
			t.Fatal(err)
		}
	}
	if b, known := w.memory().Has(back.From, w.now); !known || b.Times != 1 || b.Name != "0.0.2" || b.Reason != "git: exit status 127" {
		t.Errorf("remembered %+v, %t", b, known)
	}
	out := w.run(w.options(profile.PolicyNow), OSQuarantined)
	if !strings.Contains(out.Reason, "git: exit status 127") || len(w.did) != 0 {
		t.Errorf("%+v, did %q", out, w.did)
	}
	w.newest = osVersion(3) // a newer one is taken
	w.run(w.options(profile.PolicyNow), OSRebooting)
	if w.booted.Version != "0.0.3" {
		t.Errorf("booted %s", w.booted.Version)
	}
}

// What somebody staged while it was in quarantine is not booted.
func TestOSDropsQuarantined(t *testing.T) {
	w := newOSWorld(t)
	d := osVersion(2)
	w.staged = &d
	if err := w.memory().Add(report.Bad{Kind: "os", What: d.Commit, Since: w.now}); err != nil {
		t.Fatal(err)
	}
	w.run(w.options(profile.PolicyNow), OSQuarantined)
	if !slices.Equal(w.did, []string{"drop"}) || w.staged != nil {
		t.Errorf("did %q", w.did)
	}
}

func TestOSForce(t *testing.T) {
	w := newOSWorld(t)
	if err := w.memory().Add(report.Bad{Kind: "os", What: w.newest.Commit, Since: w.now}); err != nil {
		t.Fatal(err)
	}
	o := w.options(profile.PolicyOff)
	o.Force = true
	w.inhibits = `{"type":"a(ssssuu)","data":[[["shutdown","backup","writing","block",0,7]]]}`
	w.did = nil
	o.OS.Every = 0 // do not stay
	w.run(o, OSHeld)
	if w.staged == nil {
		t.Fatal("nothing is staged")
	}
	w.inhibits = ""
	w.run(w.options(profile.PolicyNow), OSRebooting) // what was forced is not dropped by the next run
	if !slices.Equal(w.did, []string{"upgrade", "reboot"}) {
		t.Errorf("did %q", w.did)
	}
	w.booted = osVersion(1) // it was rolled back once more: forcing holds for one attempt
	w.run(w.options(profile.PolicyNow), OSQuarantined)
}

// The ref moves while the update is downloaded.
func TestOSRefMoves(t *testing.T) {
	for bad, want := range map[bool]OSAction{false: OSRebooting, true: OSQuarantined} {
		w := newOSWorld(t)
		d := osVersion(3)
		w.moves = &d
		if bad {
			if err := w.memory().Add(report.Bad{Kind: "os", What: d.Commit, Since: w.now}); err != nil {
				t.Fatal(err)
			}
		}
		out := w.run(w.options(profile.PolicyNow), want)
		did := []string{"upgrade", "reboot"}
		if bad {
			did[1] = "drop"
		}
		if out.To.Version != "0.0.3" || !slices.Equal(w.did, did) {
			t.Errorf("bad %t: to %s, did %q", bad, out.To.Version, w.did)
		}
	}
}

// The builder withdraws what is staged, or brings something newer.
func TestOSWithdrawn(t *testing.T) {
	w := newOSWorld(t)
	w.run(w.options(profile.PolicyStage), OSStaged)
	w.newest = osVersion(1)
	w.run(w.options(profile.PolicyStage), OSCurrent)
	if w.staged != nil {
		t.Error("what was withdrawn is still staged")
	}
	d := osVersion(7) // a person's own doing stays
	w.staged = &d
	w.run(w.options(profile.PolicyStage), OSCurrent)
	if w.staged == nil {
		t.Error("what a person has staged is dropped")
	}
	w.newest = osVersion(4)
	w.run(w.options(profile.PolicyStage), OSStaged)
	if w.staged.Version != "0.0.4" {
		t.Errorf("staged %s", w.staged.Version)
	}
}

func TestOSBuilderAway(t *testing.T) {
	w := newOSWorld(t)
	w.away = true
	if _, err := OS(t.Context(), w.options(profile.PolicyNow)); !errors.Is(err, errAway) {
		t.Errorf("error = %v", err)
	}
	w.away = false
	w.run(w.options(profile.PolicyStage), OSStaged)
	w.away = true
	w.run(w.options(profile.PolicyNow), OSRebooting)
}

func TestOSDisk(t *testing.T) {
	w := newOSWorld(t)
	w.free = 700 << 20
	_, err := OS(t.Context(), w.options(profile.PolicyNow))
	if err == nil || !strings.Contains(err.Error(), "700 MiB are left") || !strings.Contains(err.Error(), "podman image prune") || len(w.did) != 0 {
		t.Errorf("error = %v, did %q", err, w.did)
	}
}

func TestOSDryRun(t *testing.T) {
	w := newOSWorld(t)
	o := w.options(profile.PolicyNow)
	o.DryRun = true
	o.OS.Delay = time.Hour
	out := w.run(o, OSAvailable)
	if !strings.Contains(out.Reason, "would be staged, and booted at 2026-03-04T12:") {
		t.Errorf("reason %q", out.Reason)
	}
	for _, name := range []string{o.State, o.Notice} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// A commit that never gets booted is given up before the device reboots for ever.
func TestOSFinalizingFails(t *testing.T) {
	w := newOSWorld(t)
	w.deaf = true
	for range osMissed {
		w.run(w.options(profile.PolicyNow), OSRebooting)
	}
	out := w.run(w.options(profile.PolicyNow), OSQuarantined)
	if !strings.Contains(out.Reason, "ostree-finalize-staged") {
		t.Errorf("reason %q", out.Reason)
	}
}

func TestOSKeep(t *testing.T) {
	w := newOSWorld(t)
	for n := 2; n <= 4; n++ {
		w.newest = osVersion(n)
		o := w.options(profile.PolicyNow)
		o.OS.Keep = true
		w.run(o, OSRebooting)
	}
	var pinned []string
	for _, d := range w.others {
		if d.Pinned {
			pinned = append(pinned, d.Version)
		}
	}
	if !slices.Equal(pinned, []string{"0.0.3"}) {
		t.Errorf("pinned %q, did %q", pinned, w.did)
	}
	w.booted.Pinned = true // by a person
	w.newest = osVersion(5)
	o := w.options(profile.PolicyNow)
	o.OS.Keep = true
	w.run(o, OSRebooting)
	if !w.others[1].Pinned || !w.others[0].Pinned {
		t.Errorf("a person's pin was touched: %+v", w.others)
	}
}

// Whatever moment the power fails at, the next runs bring the device to the same end, and a power cut
// puts nothing in quarantine.
func TestOSPowerCut(t *testing.T) {
	for cut := 0; ; cut++ {
		w := newOSWorld(t)
		w.others = []report.Deployment{osVersion(9)}
		w.others[0].Pinned = true
		o := w.options(profile.PolicyNow)
		o.OS.Keep = true
		if err := os.MkdirAll(o.State, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(o.State+"/state.json", []byte(`{"pinned":"`+osVersion(9).Commit+`"}`), 0o644); err != nil {
			t.Fatal(err)
		}
		w.cut = cut
		_, err := OS(t.Context(), o)
		if err == nil {
			if cut < 4 {
				t.Errorf("only %d changes", cut)
			}
			return
		}
		w.fail()
		o.Boot = "boot-again"
		w.run(o, OSRebooting)
		o.Boot = "boot-after"
		w.run(o, OSCurrent)
		list, err := w.memory().List()
		if w.booted.Version != "0.0.2" || err != nil || len(list) != 0 || !w.others[0].Pinned || w.others[1].Pinned {
			t.Errorf("cut after %d: booted %s, quarantine %v, %v, others %+v", cut, w.booted.Version, list, err, w.others)
		}
	}
}

// A file of an earlier run that is torn costs no more than its memory.
func TestOSTornState(t *testing.T) {
	w := newOSWorld(t)
	o := w.options(profile.PolicyStage)
	w.run(o, OSStaged)
	if err := os.WriteFile(o.State+"/state.json", []byte(`{"commit":`), 0o644); err != nil {
		t.Fatal(err)
	}
	w.run(o, OSStaged)
	if !strings.Contains(strings.Join(w.told, "\n"), "forgetting the last run") || !slices.Equal(w.did, []string{"upgrade"}) {
		t.Errorf("told %q, did %q", w.told, w.did)
	}
}

func TestOSOneAtATime(t *testing.T) {
	w := newOSWorld(t)
	r := &osRun{OSOptions: w.options(profile.PolicyNow).complete()}
	leave, err := r.enter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OS(t.Context(), w.options(profile.PolicyNow)); !errors.Is(err, ErrRunning) {
		t.Errorf("error = %v, want ErrRunning", err)
	}
	leave()
	w.run(w.options(profile.PolicyNow), OSRebooting)
}

func FuzzOSState(f *testing.F) {
	f.Add(`{"commit":"00","version":"1","since":"2026-03-04T12:00:00Z","boot":"b","missed":1,"forced":true,"pinned":"11"}`)
	f.Add(`{} {}`)
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseOSState([]byte(text)); err == nil && (s.Missed < 0 || len(text) > osStateMost) {
			t.Errorf("state %+v", s)
		}
	})
}
