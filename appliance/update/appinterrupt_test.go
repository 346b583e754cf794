package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/profile"
)

// scene is an update that is interrupted around its n-th program.
type scene struct {
	app    profile.App
	does   behaviour
	silent bool
	n      int
	before bool
}

// play begins the scene's update and has interrupt called at its moment.
func (s scene) play(t *testing.T, interrupt func(w *world)) (w *world, v1, v2 string) {
	w = newWorld(t, s.app)
	v1 = w.remote[s.app.Image]
	w.want(Current)
	w.silent = s.silent
	v2 = w.publish(s.app, "v2", s.does)
	begin := len(w.calls)
	w.dies = func(n int, before bool) {
		if n == begin+s.n && before == s.before {
			w.dies = nil
			interrupt(w)
		}
	}
	return w, v1, v2
}

// ends expects what an undisturbed run would have come to.
func (s scene) ends(w *world, v1, v2 string) {
	w.Helper()
	if w.does[v2] = s.does; s.does == good {
		w.serves(s.app, v2)
		w.quarantine(v2, 0)
		return
	}
	w.serves(s.app, v1)
	w.quarantine(v2, 1)
}

// everywhere plays a scene at every program of a run, until one is not interrupted any more.
func everywhere(t *testing.T, play func(t *testing.T, s scene) (interrupted bool)) {
	t.Helper()
	for _, a := range []profile.App{warmApp, coldApp} {
		for _, does := range []behaviour{good, unstarting, mute, brief} {
			for _, silent := range []bool{false, true} {
				for _, before := range []bool{true, false} {
					if silent && !before {
						continue // which differs in nothing but time
					}
					name := fmt.Sprintf("%s/%d/silent=%v/before=%v", a.Unit, does, silent, before)
					t.Run(name, func(t *testing.T) {
						interrupted := true
						for n := 0; interrupted && !t.Failed(); n++ {
							synctest.Test(t, func(t *testing.T) {
								defer func() {
									if t.Failed() {
										t.Logf("interrupted around program %d", n)
									}
								}()
								interrupted = play(t, scene{a, does, silent, n, before})
							})
							if !interrupted && n < 8 {
								t.Errorf("a run has only %d programs", n)
							}
						}
					})
				}
			}
		}
	}
}

// Killed around any program, and whether or not the device goes down with it, the next runs bring the same
// end as an undisturbed one.
func TestKilledAnywhere(t *testing.T) {
	for name, down := range map[string]bool{"the run alone": false, "with the device": true} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, s scene) bool {
				w, v1, v2 := s.play(t, func(*world) { panic(killed{}) })
				_, interrupted := w.run()
				w.dies = nil
				if interrupted && down {
					time.Sleep(time.Minute)
					w.boot()
				}
				for range 2 { // one finishes what was begun, one looks again
					w.run()
				}
				s.ends(w, v1, v2)
				return interrupted
			})
		})
	}
}

// Asked to end, a run ends without a verdict.
func TestCancelledAnywhere(t *testing.T) {
	everywhere(t, func(t *testing.T, s scene) bool {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, v1, v2 := s.play(t, func(*world) { cancel() })
		_, err := Apps(ctx, w.options())
		w.dies = nil
		if (err != nil) != (ctx.Err() != nil) || err != nil && !errors.Is(err, context.Canceled) {
			// What is asked at the last program may still come to its end.
			t.Errorf("Apps = %v, and ctx %v", err, ctx.Err())
		}
		for range 2 {
			w.run()
		}
		s.ends(w, v1, v2)
		return ctx.Err() != nil
	})
}

// While the device goes down every unit fails, which is no image's fault.
func TestDeviceGoesDown(t *testing.T) {
	everywhere(t, func(t *testing.T, s scene) bool {
		w, v1, v2 := s.play(t, func(w *world) {
			w.going = true
			for _, u := range w.units {
				u.stop()
			}
		})
		_, err := Apps(t.Context(), w.options())
		w.dies = nil
		interrupted := w.going
		if err != nil && !errors.Is(err, errGoingDown) {
			t.Errorf("Apps = %v", err)
		}
		if s.does == good {
			w.quarantine(v2, 0)
		}
		w.going = false
		w.boot()
		for range 2 {
			w.run()
		}
		s.ends(w, v1, v2)
		return interrupted
	})
}

// An image that takes the device down whenever it is tried is given up after three boots.
func TestImageTakesTheDeviceDown(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		v2 := w.publish(a, "v2", good)
		for boots := 1; ; boots++ {
			if boots > 5 {
				w.Fatal("the device goes down for ever")
			}
			w.dies = func(int, bool) {
				if w.known[w.units[a.Unit].image] != nil && w.known[w.units[a.Unit].image][0] == v2 && w.units[a.Unit].container != "" {
					panic(killed{})
				}
			}
			_, down := w.run()
			w.dies = nil
			if !down {
				break
			}
			w.boot()
			if !a.Cold { // which dies of it again, by itself, until it is switched off and on
				w.units[a.Unit].stop()
			}
		}
		w.serves(a, v1)
		w.quarantine(v2, 1)
	})
}

// Where the state cannot be written, nothing is tried.
func TestFullDisk(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes everywhere")
	}
	both(t, func(w *world, a profile.App) {
		v1 := w.remote[a.Image]
		w.want(Current)
		w.publish(a, "v2", good)
		if err := os.Chmod(w.dir, 0o555); err != nil {
			w.Fatal(err)
		}
		w.want(Failed)
		w.serves(a, v1)
		if err := os.Chmod(w.dir, 0o755); err != nil {
			w.Fatal(err)
		}
		w.want(Updated)
	})
}

// A state that somebody has torn or replaced costs history and no outage.
func TestTornState(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		w.want(Current)
		if err := os.WriteFile(w.dir+"/"+a.Unit+".json", []byte(`{"format":1,"tr`), 0o644); err != nil {
			w.Fatal(err)
		}
		v2 := w.publish(a, "v2", good)
		w.want(Updated)
		w.serves(a, v2)
	})
}
