package update

import (
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestOSWindow(t *testing.T) {
	for _, tt := range []struct {
		name, window, now, since string
		grace                    time.Duration
		at, last                 string
	}{
		{"before", "02:00-04:00 UTC", "2026-03-04 12:00 +0000", "", 0, "2026-03-05 02:00 +0000", "2026-03-05 03:59 +0000"},
		{"open", "02:00-04:00 UTC", "2026-03-04 03:00 +0000", "2026-03-03 12:00 +0000", 0, "2026-03-04 02:00 +0000", "2026-03-04 03:59 +0000"},
		{"open, staged in it", "02:00-04:00 UTC", "2026-03-04 03:00 +0000", "2026-03-04 02:30 +0000", 0, "2026-03-04 02:30 +0000", "2026-03-04 03:59 +0000"},
		{"just over", "02:00-04:00 UTC", "2026-03-04 04:00 +0000", "2026-03-03 12:00 +0000", 0, "2026-03-05 02:00 +0000", "2026-03-05 03:59 +0000"},
		{"grace over", "02:00-04:00 UTC", "2026-03-04 03:00 +0000", "2026-03-03 12:00 +0000", 30 * time.Minute, "2026-03-05 02:00 +0000", "2026-03-05 02:30 +0000"},
		{"grace longer than the window", "02:00-04:00 UTC", "2026-03-04 03:00 +0000", "2026-03-03 12:00 +0000", 9 * time.Hour, "2026-03-04 02:00 +0000", "2026-03-04 03:59 +0000"},
		{"over midnight", "Wed 23:30-00:30 UTC", "2026-03-05 00:10 +0000", "2026-03-03 12:00 +0000", 0, "2026-03-04 23:30 +0000", "2026-03-05 00:29 +0000"},
		{"a week away", "Wed 02:00-04:00 UTC", "2026-03-04 04:00 +0000", "2026-03-03 12:00 +0000", 0, "2026-03-11 02:00 +0000", "2026-03-11 03:59 +0000"},
		{"an hour that is left out", "02:15-02:45 Europe/Madrid", "2026-03-28 23:00 +0000", "", 0, "2026-03-30 02:15 +0200", "2026-03-30 02:44 +0200"},
		{"shortened by summer time", "01:30-03:30 Europe/Madrid", "2026-03-28 23:00 +0000", "", 0, "2026-03-29 01:30 +0100", "2026-03-29 03:29 +0200"},
		{"an hour that comes twice", "02:00-03:00 Europe/Madrid", "2026-10-24 22:00 +0000", "", 0, "2026-10-25 02:00 +0200", "2026-10-25 02:59 +0100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := profile.ParseWindow(tt.window)
			if err != nil {
				t.Fatal(err)
			}
			r := &osRun{OSOptions: OSOptions{OS: profile.OS{Policy: profile.PolicyWindow, Window: w, Grace: tt.grace}}}
			if tt.since != "" {
				r.state.Since = at(t, tt.since)
			}
			begin, last, err := r.plan(at(t, tt.now))
			if err != nil || !begin.Equal(at(t, tt.at)) || !last.Truncate(time.Minute).Equal(at(t, tt.last)) {
				t.Errorf("plan = %s, %s, %v, want %s, %s", begin, last, err, tt.at, tt.last)
			}
		})
	}
	bad := &osRun{OSOptions: OSOptions{OS: profile.OS{Policy: profile.PolicyWindow, Window: profile.Window{End: time.Hour, Zone: "Nowhere/Here"}}}}
	if _, _, err := bad.plan(time.Now()); err == nil || !strings.Contains(err.Error(), "Nowhere/Here") {
		t.Errorf("an unknown zone: %v", err)
	}
}

// The delay is spread over devices, differs by commit, and is the same whenever it is asked for.
func TestOSShare(t *testing.T) {
	const devices = 500
	seen, sum := map[time.Duration]bool{}, time.Duration(0)
	for i := range devices {
		r := &osRun{OSOptions: OSOptions{Device: "device" + string(rune('a'+i%26)) + strings.Repeat("x", i)}}
		r.state.Commit = "c"
		d := r.share(time.Hour)
		if d != r.share(time.Hour) || d < 0 || d >= time.Hour {
			t.Fatalf("share = %s", d)
		}
		r.state.Commit = "d"
		if d == r.share(time.Hour) && d == r.share(30*time.Minute) {
			t.Error("the commit does not matter")
		}
		seen[d], sum = true, sum+d
	}
	if mean := sum / devices; len(seen) < devices*4/5 || mean < 25*time.Minute || mean > 35*time.Minute {
		t.Errorf("%d different delays with the mean %s", len(seen), mean)
	}
}

// A device whose window is nearer than its next run stays until then, and looks again before it reboots.
func TestOSWaits(t *testing.T) {
	w := newOSWorld(t)
	w.now = time.Date(2026, 3, 4, 1, 20, 0, 0, time.UTC)
	o := w.options(profile.PolicyWindow)
	o.OS.Window = profile.Window{Begin: 2 * time.Hour, End: 4 * time.Hour, Zone: "UTC"}
	o.OS.Delay = 20 * time.Minute
	w.run(o, OSRebooting)
	if len(w.slept) != 1 || w.slept[0] < 40*time.Minute || w.slept[0] > time.Hour {
		t.Errorf("slept %s", w.slept)
	}

	far := newOSWorld(t)
	o = far.options(profile.PolicyWindow)
	o.OS.Window = profile.Window{Begin: 2 * time.Hour, End: 4 * time.Hour, Zone: "UTC"}
	out := far.run(o, OSWaiting)
	if len(far.slept) != 0 || !out.At.Equal(time.Date(2026, 3, 5, 2, 0, 0, 0, time.UTC)) || out.Reason != "window 02:00-04:00 UTC" {
		t.Errorf("slept %s, %+v", far.slept, out)
	}
}
