package health

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/profile"
	"edge/appliance/report"
)

// after is well once so much time has gone by.
func after(d time.Duration) func(context.Context) error {
	begin := time.Now()
	return func(context.Context) error {
		if time.Since(begin) < d {
			return errors.New("not yet")
		}
		return nil
	}
}

func examine(t *testing.T, h profile.Health, factor int, checks ...check) []report.Result {
	t.Helper()
	return Device{Profile: profile.Profile{Health: h}}.complete().examine(t.Context(), checks, factor)
}

// A deadline grows with the attempt, and that of all together too.
func TestDeadlinesGrow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ready, deadline, whole time.Duration
		factor                 int
		ok                     bool
	}{
		{0, 30 * time.Second, time.Hour, 1, true},
		{20 * time.Second, 30 * time.Second, time.Hour, 1, true},
		{50 * time.Second, 30 * time.Second, time.Hour, 1, false},
		{50 * time.Second, 30 * time.Second, time.Hour, 2, true},
		{80 * time.Second, 30 * time.Second, time.Hour, 3, true},
		{20 * time.Second, 30 * time.Second, 10 * time.Second, 1, false},
		{20 * time.Second, 30 * time.Second, 10 * time.Second, 3, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := examine(t, profile.Health{Deadline: tt.whole}, tt.factor, check{name: "x", required: true, deadline: tt.deadline, look: after(tt.ready)})
			if r[0].OK != tt.ok || !tt.ok && r[0].Reason != "not yet" {
				t.Errorf("%+v: %+v", tt, r[0])
			}
			if tt.ok && (r[0].Took < tt.ready || r[0].Took > tt.ready+longPause) {
				t.Errorf("%+v took %v", tt, r[0].Took)
			}
		})
	}
}

func TestChecksRunSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var all []check
		for range 50 {
			all = append(all, check{name: "x", deadline: time.Minute, look: after(20 * time.Second)})
		}
		examine(t, profile.Health{}, 1, all...)
		if took := time.Since(begin); took > 25*time.Second {
			t.Errorf("50 checks of 20 s took %v", took)
		}
	})
}

// What waiting cannot heal is not waited for.
func TestHopelessChecksEndAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := examine(t, profile.Health{}, 3, check{name: "x", required: true, deadline: time.Minute, look: never(errors.New("no such thing"))})
		if r[0].OK || r[0].Reason != "no such thing" || time.Since(begin) != 0 {
			t.Errorf("%+v after %v", r[0], time.Since(begin))
		}
	})
}

// A look that is cut off by the deadline says less than the one before.
func TestTheLastRealReasonCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var looks int
		r := examine(t, profile.Health{}, 1, check{name: "x", deadline: time.Minute, look: func(ctx context.Context) error {
			if looks++; looks == 1 {
				return errors.New("status 503")
			}
			<-ctx.Done()
			return ctx.Err()
		}})
		if r[0].Reason != "status 503" {
			t.Errorf("%+v", r[0])
		}
	})
}

// flaps is well for up, then not for down, and so on.
func flaps(up, down time.Duration) func(context.Context) error {
	begin := time.Now()
	return func(context.Context) error {
		if time.Since(begin)%(up+down) < up {
			return nil
		}
		return errors.New("it is down")
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	h := profile.Health{Deadline: 5 * time.Minute, Settle: 10 * time.Second}
	type look = func(context.Context) error
	for _, tt := range []struct {
		name        string
		look        func() look // made when time begins
		required    bool
		ok          bool
		least, most time.Duration // that the whole takes
		reason      string
	}{
		{"steady", func() look { return after(0) }, true, true, 10 * time.Second, 12 * time.Second, ""},
		{"steady, late", func() look { return after(25 * time.Second) }, true, true, 35 * time.Second, 40 * time.Second, ""},
		{"falls again and again", func() look { return flaps(5*time.Second, 3*time.Second) }, true, false,
			5 * time.Minute, 5*time.Minute + 15*time.Second, "it did not stay well: it is down"},
		{"wanted, fell", func() look { return flaps(4*time.Second, 2*time.Second) }, false, false, 10 * time.Second, 12 * time.Second, "it is down"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, look := time.Now(), tt.look()
				r := examine(t, h, 1, check{name: "x", required: tt.required, deadline: time.Minute, look: look, again: look})
				took := time.Since(begin)
				if r[0].OK != tt.ok || r[0].Reason != tt.reason || took < tt.least || took > tt.most {
					t.Errorf("%+v after %v", r[0], took)
				}
			})
		})
	}
}

// One fall is forgiven when all is well for the whole window afterwards.
func TestSettleCountsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		look := func(context.Context) error {
			if at := time.Since(begin); at > 4*time.Second && at < 8*time.Second {
				return errors.New("restarting")
			}
			return nil
		}
		r := examine(t, profile.Health{Settle: 10 * time.Second}, 1, check{name: "x", required: true, deadline: 5 * time.Second, look: look, again: look})
		if took := time.Since(begin); !r[0].OK || took < 18*time.Second || took > 22*time.Second {
			t.Errorf("%+v after %v", r[0], took)
		}
	})
}

// Where something required has failed already, or nothing can change, nobody waits.
func TestSettleIsNotForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		h := profile.Health{Settle: time.Hour}
		examine(t, h, 1, check{name: "once", required: true, deadline: time.Second, look: after(0)})
		examine(t, h, 1, check{name: "bad", required: true, deadline: time.Second, look: never(errors.New("bad"))},
			check{name: "steady", required: true, deadline: time.Second, look: after(0), again: after(0)})
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func TestExcuse(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int32
			excuse := func(context.Context) error { asked.Add(1); return errNoImage }
			r := examine(t, profile.Health{Always: always}, 1,
				check{name: "bad", required: true, deadline: time.Second, look: never(errors.New("bad")), excuse: excuse},
				check{name: "good", required: true, deadline: time.Second, look: after(0), excuse: excuse})
			if r[0].Required != always || r[0].OK || !r[1].OK || !r[1].Required {
				t.Errorf("always %v: %+v", always, r)
			}
			if want := map[bool]int32{false: 1, true: 0}[always]; asked.Load() != want {
				t.Errorf("always %v: asked %d times", always, asked.Load())
			}
		})
	}
}
