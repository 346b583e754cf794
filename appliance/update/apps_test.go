package update

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/podman"
	"edge/appliance/profile"
)

// both runs a test on a warm and on a cold app, in a time of its own.
func both(t *testing.T, f func(w *world, a profile.App)) {
	t.Helper()
	for name, a := range map[string]profile.App{"warm": warmApp, "cold": coldApp} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(newWorld(t, a), a) })
		})
	}
}

func TestNothingNew(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		w.want(Current)
		before := len(w.calls)
		w.want(Current)
		for _, call := range w.calls[before:] {
			if strings.Contains(call, "pull") || strings.Contains(call, "tag") || strings.Contains(call, "start") {
				w.Errorf("a run without anything new does %q", call)
			}
		}
		if n := len(w.calls) - before; n > 7 {
			w.Errorf("a run without anything new starts %d programs", n)
		}
	})
}

func TestGoodUpdate(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		for _, version := range []string{"v2", "v3", "v4"} {
			v := w.publish(a, version, good)
			if r := w.want(Updated); r.To != v || r.App != a.Name || r.Warning() {
				w.Errorf("result %+v", r)
			}
			w.serves(a, v)
			w.want(Current)
		}
		s := w.state(a)
		if s.Digest != w.remote[a.Image] || s.Update == nil || s.Update.Outcome != "updated" || s.Previous.Digest != digestOf(a.Name+":v3") {
			w.Errorf("state %+v, update %+v", s, s.Update)
		}
		// The one before is kept for good, older ones make room.
		if w.names["localhost/appliance/"+a.Unit+":previous"] != idOf(s.Previous.Digest) || w.known[idOf(v1)] != nil || len(w.known) != 2 {
			w.Errorf("names %v, images %v", w.names, w.known)
		}
	})
}

// Whatever is wrong with an image: the old one serves, and the new one is tried exactly once while its
// quarantine lasts, however often the timer runs.
func TestBadUpdateIsTriedOnce(t *testing.T) {
	for name, b := range map[string]behaviour{"does not start": unstarting, "is mute": mute, "ends after three seconds": brief} {
		t.Run(name, func(t *testing.T) {
			both(t, func(w *world, a profile.App) {
				v1 := w.remote[a.Image]
				w.want(Current)
				bad := w.publish(a, "bad", b)
				r := w.want(RolledBack)
				if r.From != v1 || r.To != bad || r.Reason == "" || !r.Warning() {
					w.Errorf("result %+v", r)
				}
				if b == unstarting && !strings.Contains(r.Reason, "container-"+a.Unit+".service did not start (exit-code): crun: executable file") {
					w.Errorf("reason %q", r.Reason)
				}
				w.serves(a, v1)
				started, outages := w.containers, w.units[a.Unit].outages
				for range 10 {
					if r := w.want(Quarantined); r.Warning() || !strings.Contains(r.Reason, "rolled back 1 times, until ") {
						w.Errorf("result %+v", r)
					}
					time.Sleep(4 * time.Minute)
				}
				if !a.Cold && w.containers != started || w.units[a.Unit].outages != outages {
					w.Errorf("the bad image was tried again: %d containers, %d outages", w.containers-started, w.units[a.Unit].outages-outages)
				}
				w.quarantine(bad, 1)
				if s := w.state(a); s.Update.Outcome != "rolled back" || s.Update.Reason != r.Reason || s.Digest != v1 {
					w.Errorf("state %+v, update %+v", s, s.Update)
				}
				if w.known[idOf(bad)] != nil {
					w.Error("the bad image still takes up room")
				}
				// After the wait it has another chance, fails again and waits longer.
				time.Sleep(30 * time.Minute)
				w.want(RolledBack)
				w.quarantine(bad, 2)
				w.serves(a, v1)
			})
		})
	}
}

// A start of which systemd did not hear is no fault of the image, unless it happens again and again.
func TestUnheardStart(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v2 := w.publish(a, "v2", good)
		w.unheard = unheardStarts
		w.want(Updated)
		w.serves(a, v2)
		w.publish(a, "v3", good)
		w.unheard = unheardStarts + 1
		if r := w.want(RolledBack); !strings.Contains(r.Reason, "did not start (protocol)") {
			w.Errorf("reason %q", r.Reason)
		}
		w.serves(a, v2)
	})
}

// A unit without a gate is probed all the same.
func TestUnitWithoutGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp)
		v1 := w.remote[warmApp.Image]
		w.gateOff = true
		bad := w.publish(warmApp, "bad", mute)
		if r := w.want(RolledBack); !strings.Contains(r.Reason, "not serving after 1m0s: connection refused") {
			t.Errorf("reason %q", r.Reason)
		}
		w.serves(warmApp, v1)
		w.quarantine(bad, 1)
	})
}

// A good version after a bad one is taken at once; the bad one stays remembered, also when its tag
// comes back.
func TestGoodAfterBadAndBadAgain(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		bad := w.publish(a, "v2", mute)
		w.want(RolledBack)
		v3 := w.publish(a, "v3", good)
		w.want(Updated)
		w.serves(a, v3)
		w.remote[a.Image] = bad
		w.want(Quarantined)
		w.serves(a, v3)
		w.quarantine(bad, 1)
	})
}

// The builder takes a version back: the old digest was never bad, so devices follow.
func TestUndoOnTheBuilder(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		v2 := w.publish(a, "v2", good)
		w.want(Updated)
		w.remote[a.Image] = v1
		if r := w.want(Updated); r.From != v2 || r.To != v1 {
			w.Errorf("result %+v", r)
		}
		w.serves(a, v1)
		bad := w.publish(a, "v3", unstarting)
		w.want(RolledBack)
		w.remote[a.Image] = v1
		w.want(Current)
		w.quarantine(bad, 1)
		w.serves(a, v1)
	})
}

func TestClearedQuarantine(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		bad := w.publish(a, "v2", unstarting)
		w.want(RolledBack)
		w.does[bad] = good // the volume it lacked is there now
		w.want(Quarantined)
		if n, err := AppQuarantine(w.dir).Clear(a.Name); n != 1 || err != nil {
			w.Fatal(n, err)
		}
		w.want(Updated)
		w.serves(a, bad)
	})
}

func TestForce(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		bad := w.publish(a, "v2", unstarting)
		w.want(RolledBack)
		o := w.options()
		o.Force = true
		if r, err := Apps(w.Context(), o); err != nil || r[0].Did != RolledBack {
			w.Fatal(r, err)
		}
		w.quarantine(bad, 2)
		w.serves(a, v1)
		w.does[bad] = good
		if r, err := Apps(w.Context(), o); err != nil || r[0].Did != Updated {
			w.Fatal(r, err)
		}
		w.quarantine(bad, 0)
		w.serves(a, bad)
	})
}

func TestRegistryAway(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		w.publish(a, "v2", good)
		w.away = true
		if r := w.want(Unreachable); !r.Warning() || !strings.Contains(r.Reason, "connection refused") {
			w.Errorf("result %+v", r)
		}
		w.serves(a, v1)
		w.away, w.cutoff = false, true
		if r := w.want(Failed); !strings.Contains(r.Reason, "no space left on device") || !r.Warning() {
			w.Errorf("result %+v", r)
		}
		w.serves(a, v1)
		w.cutoff = false
		w.want(Updated)
	})
}

// A registry that wants a password tells podman and not us: then podman pulls by tag.
func TestSilentRegistry(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		w.silent = true
		w.want(Current)
		v2 := w.publish(a, "v2", good)
		w.want(Updated)
		w.serves(a, v2)
		bad := w.publish(a, "v3", mute)
		w.want(RolledBack)
		w.serves(a, v2)
		w.want(Quarantined)
		w.serves(a, v2)
		w.quarantine(bad, 1)
		// Later the registry tells an index that leads to the same image.
		w.silent = false
		w.want(Quarantined)
		w.serves(a, v2)
		if w.known[idOf(bad)] != nil || w.known[idOf(v1)] == nil {
			w.Errorf("images %v, want v2 and the one before", w.known)
		}
	})
}

// An image that failed under its platform's digest is known again under its index.
func TestPlatformDigestInQuarantine(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		v2 := w.publish(a, "v2", good)
		if err := AppQuarantine(w.dir).Add(bad(digestOf("platform " + v2))); err != nil {
			w.Fatal(err)
		}
		w.want(Quarantined)
		w.quarantine(v2, 1)
		pulls := strings.Count(strings.Join(w.calls, "\n"), "podman pull")
		w.want(Quarantined)
		if again := strings.Count(strings.Join(w.calls, "\n"), "podman pull"); again != pulls {
			w.Errorf("it is pulled again: %d times", again-pulls)
		}
		w.serves(a, v1)
	})
}

// An app that does not serve is not stopped: an update may be its cure.
func TestUpdateCuresAFailingApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp)
		w.does[w.remote[warmApp.Image]] = unstarting
		w.boot()
		v2 := w.publish(warmApp, "v2", unstarting)
		if r := w.want(Failed); !strings.Contains(r.Reason, "and the old image does not serve: ") {
			t.Errorf("reason %q", r.Reason)
		}
		w.quarantine(v2, 1)
		v3 := w.publish(warmApp, "v3", good)
		w.want(Updated)
		w.serves(warmApp, v3)
	})
}

func TestStoppedByAPerson(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		w.units[a.Unit].stop()
		w.units[a.Unit].listening = "inactive"
		w.publish(a, "v2", good)
		if r := w.want(Stopped); !strings.Contains(r.Reason, "systemctl --user start container-"+a.Unit) {
			w.Errorf("result %+v", r)
		}
		if w.units[a.Unit].container != "" {
			w.Error("it was started")
		}
	})
}

// A cold app that is used is given time to fall asleep, and cut off when it does not.
func TestColdAppInUse(t *testing.T) {
	for name, always := range map[string]bool{"until it sleeps": false, "for ever": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, coldApp)
				if err := w.probe(t.Context(), coldApp); err != nil {
					t.Fatal(err)
				}
				if always {
					w.dies = func(int, bool) { w.units[coldApp.Unit].usedAt = time.Now() }
				}
				v2 := w.publish(coldApp, "v2", good)
				begun := time.Now()
				w.want(Updated)
				if took := time.Since(begun); took < coldApp.Idle || took > time.Minute {
					t.Errorf("it took %v", took)
				}
				w.dies = nil
				w.serves(coldApp, v2)
			})
		})
	}
}

func TestMissingImage(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		w.units[a.Unit].stop()
		w.names, w.known = map[string]string{}, map[string][]string{}
		w.away = true
		w.want(Unreachable)
		w.away = false
		if r := w.want(Pulled); r.To != w.remote[a.Image] {
			w.Errorf("result %+v", r)
		}
	})
}

// A tag that was moved by hand, under a container that runs the old image, is proven like any update.
func TestTagMovedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp)
		v1 := w.remote[warmApp.Image]
		w.names[warmApp.Image] = w.store(w.publish(warmApp, "v2", mute))
		w.want(RolledBack)
		w.serves(warmApp, v1)
	})
}

// A bad image that somebody pulls by hand does not keep the tag: the next start would run it.
func TestBadImagePulledByHand(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		bad := w.publish(a, "v2", mute)
		w.want(RolledBack)
		w.names[a.Image] = w.store(bad)
		w.want(Quarantined)
		w.boot()
		w.serves(a, v1)
	})
}

func TestDryRun(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v2 := w.publish(a, "v2", good)
		o := w.options()
		o.DryRun = true
		r, err := Apps(w.Context(), o)
		if err != nil || r[0].Did != Available || r[0].To != v2 {
			w.Errorf("Apps = %+v, %v", r, err)
		}
		for _, call := range w.calls {
			if !strings.Contains(call, "inspect") && !strings.Contains(call, "show") && !strings.Contains(call, "exists") {
				w.Errorf("a dry run does %q", call)
			}
		}
		if s := w.state(a); s.Digest != "" {
			w.Errorf("a dry run writes %+v", s)
		}
	})
}

func TestOneEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp)
		w.rival = true
		if _, err := Apps(t.Context(), w.options()); !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), "systemctl --user mask --now podman-auto-update.timer") {
			t.Errorf("error %v", err)
		}
		w.rival = false
		w.profile.Updates.Engine = profile.EnginePodman
		if _, err := Apps(t.Context(), w.options()); !errors.Is(err, ErrEngine) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp)
		inner := errors.New("not run")
		w.dies = func(n int, before bool) {
			if n == 3 && before {
				w.dies = nil
				_, inner = Apps(t.Context(), w.options())
			}
		}
		w.want(Current)
		if !errors.Is(inner, ErrRunning) {
			t.Errorf("a second run gives %v", inner)
		}
	})
}

func TestChosenApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, warmApp, coldApp)
		for only, want := range map[string]string{"httpd": "simple-http", "2048": "2048"} {
			o := w.options()
			o.Only = []string{only}
			if r, err := Apps(t.Context(), o); err != nil || len(r) != 1 || r[0].App != want {
				t.Errorf("%s: %+v, %v", only, r, err)
			}
		}
		o := w.options()
		o.Only = []string{"other"}
		if _, err := Apps(t.Context(), o); !errors.Is(err, ErrNoApp) {
			t.Errorf("error %v", err)
		}
		if r, err := Apps(t.Context(), w.options()); err != nil || len(r) != 2 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAppStatusTellsTheLastUpdate(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		s := podman.New(w, nil)
		if r := AppStatus(w.Context(), s, w.dir, a); r.Update != nil || r.Digest != w.remote[a.Image] || r.Cold != a.Cold {
			w.Errorf("status %+v", r)
		}
		w.want(Current)
		known := w.known[w.names[a.Image]]
		known[0], known[1] = known[1], known[0] // podman's own digest is the platform's
		if r := AppStatus(w.Context(), s, w.dir, a); r.Digest != w.remote[a.Image] {
			w.Errorf("status %+v, want the digest %s", r, w.remote[a.Image])
		}
		known[0], known[1] = known[1], known[0]
		w.publish(a, "v2", mute)
		want := w.want(RolledBack)
		if r := AppStatus(w.Context(), s, w.dir, a); r.Update == nil || r.Update.Outcome != "rolled back" || r.Update.Reason != want.Reason {
			w.Errorf("status %+v, update %+v", r, r.Update)
		}
		if err := os.WriteFile(w.dir+"/"+a.Unit+".json", []byte("torn"), 0o644); err != nil {
			w.Fatal(err)
		}
		if r := AppStatus(w.Context(), s, w.dir, a); r.Update != nil || r.Reason == "" || r.Digest == "" {
			w.Errorf("status %+v", r)
		}
	})
}
