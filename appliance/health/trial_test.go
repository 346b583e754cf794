package health

import "testing"

// Each row is a state that one of the two greenboots, or this program, leaves when a boot is judged.
func TestTrial(t *testing.T) {
	t.Parallel()
	bash := signs{engine: Greenboot, attempts: 3, booted: v2, others: 1, lastGreen: v1}
	rust := signs{engine: GreenbootRS, attempts: 3, booted: v2, others: 1, lastGreen: v1}
	for _, tt := range []struct {
		name string
		from signs
		with func(*signs)
		want Trial
	}{
		{"bash: first boot of a new deployment", bash, func(s *signs) { s.counter = "2" }, Trial{On: true, Attempt: 1}},
		{"bash: second", bash, func(s *signs) { s.counter, s.tried, s.failed = "1", 1, true }, Trial{On: true, Attempt: 2}},
		{"bash: second, the first was cut off before it was recorded", bash, func(s *signs) { s.counter = "1" }, Trial{On: true, Attempt: 2}},
		{"bash: last", bash, func(s *signs) { s.counter, s.tried, s.failed = "0", 2, true }, Trial{On: true, Attempt: 3}},
		{"bash: GRUB does not count", bash, func(s *signs) { s.counter, s.tried, s.failed = "3", 1, true }, Trial{On: true, Attempt: 2}},
		{"bash: fallback", bash, func(s *signs) { s.counter, s.booted, s.lastGreen, s.green = "-1", v1, v1, true }, Trial{Fallback: true}},
		{"bash: fallback, nothing remembered", bash, func(s *signs) { s.counter, s.booted, s.lastGreen = "-1", v1, "" }, Trial{Fallback: true}},
		{"bash: after the fallback was kept", bash, func(s *signs) { s.booted, s.lastGreen, s.green = v1, v1, true }, Trial{}},
		{"bash: green, an update is staged", bash, func(s *signs) { s.counter, s.booted, s.staged, s.green = "3", v1, true, true }, Trial{}},
		{"bash: just installed, an update is staged", bash, func(s *signs) { s.counter, s.booted, s.staged, s.lastGreen = "3", v1, true, "" }, Trial{}},
		{"bash: green, the staged update was not finalized", bash, func(s *signs) { s.counter, s.booted, s.green = "2", v1, true }, Trial{}},
		{"bash: nothing remembered, counting", bash, func(s *signs) { s.counter, s.lastGreen = "2", "" }, Trial{On: true, Attempt: 1}},
		{"bash: nothing remembered, not counting", bash, func(s *signs) { s.lastGreen = "" }, Trial{}},
		{"bash: fresh device", bash, func(s *signs) { s.lastGreen, s.others = "", 0 }, Trial{}},
		{"bash: fresh device that counts all the same", bash, func(s *signs) { s.lastGreen, s.others, s.counter = "", 0, "2" }, Trial{}},
		{"bash: deployed without staging", bash, func(*signs) {}, Trial{On: true, Attempt: 1}},
		{"bash: a person went back to what was green", bash, func(s *signs) { s.booted, s.lastGreen, s.green = v1, v2, true }, Trial{}},
		{"bash: an update to what was green before", bash, func(s *signs) { s.counter, s.booted, s.lastGreen, s.green = "2", v1, v2, true }, Trial{On: true, Attempt: 1}},
		{"bash: boot_success was set too early, nothing remembered", bash, func(s *signs) { s.counter, s.lastGreen = "2", "" }, Trial{On: true, Attempt: 1}},
		{"bash: the deployments are unknown", bash, func(s *signs) { s.counter, s.booted, s.others, s.lastGreen = "2", "", -1, "" }, Trial{On: true, Attempt: 1}},
		{"bash: the deployments are unknown, not counting", bash, func(s *signs) { s.booted, s.others = "", -1 }, Trial{}},
		{"bash: nonsense in the counter", bash, func(s *signs) { s.counter, s.booted, s.green = "many", v1, true }, Trial{}},

		{"rust 0.16.4: first boot of a new deployment", rust, func(s *signs) { s.next = v2 }, Trial{On: true, Attempt: 1}},
		{"rust 0.16.4: nothing remembered", rust, func(s *signs) { s.next, s.lastGreen = v2, "" }, Trial{On: true, Attempt: 1}},
		{"rust 0.16.4: second boot", rust, func(s *signs) { s.next, s.counter, s.tried, s.failed = v2, "2", 1, true }, Trial{On: true, Attempt: 2}},
		{"rust 0.16.4: last boot", rust, func(s *signs) { s.next, s.counter, s.tried, s.failed = v2, "0", 3, true }, Trial{On: true, Attempt: 4}},
		{"rust 0.16.4: the kernel did not start", rust, func(s *signs) { s.next, s.booted, s.lastGreen = v2, v1, "" }, Trial{}},
		{"rust 0.16.4: the deployments are unknown", rust, func(s *signs) { s.next, s.booted, s.others = v2, "", -1 }, Trial{On: true, Attempt: 1}},
		{"rust 0.16.3: trigger", rust, func(s *signs) { s.trigger, s.lastGreen = "1", "" }, Trial{On: true, Attempt: 1}},
		{"rust 0.16.3: trigger on a fresh device", rust, func(s *signs) { s.trigger, s.lastGreen, s.others = "1", "", 0 }, Trial{}},
		{"rust: somebody else's check fails without an update", rust, func(s *signs) { s.counter, s.booted, s.green = "2", v1, true }, Trial{}},
		{"rust: and the countdown has ended", rust, func(s *signs) { s.counter, s.booted, s.green = "0", v1, true }, Trial{}},

		{"own: the counter is gone, the record is not", bash, func(s *signs) { s.engine, s.tried, s.failed = Appliance, 1, true }, Trial{On: true, Attempt: 2}},
		{"own: no GRUB environment, staged before anything was green", bash, func(s *signs) { s.engine, s.expected, s.lastGreen = Appliance, v2, "" }, Trial{On: true, Attempt: 1}},
		{"own: the power went between rollback and end of counting", bash, func(s *signs) { s.engine, s.counter, s.failed = Appliance, "-1", true }, Trial{On: true, Attempt: 1}},
		{"own: the same, nothing remembered as green", bash, func(s *signs) { s.engine, s.counter, s.failed, s.lastGreen = Appliance, "-1", true, "" }, Trial{On: true, Attempt: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.from
			tt.with(&s)
			tt.want.Counter, tt.want.Attempts = s.counter, 3
			if s.engine == GreenbootRS {
				tt.want.Attempts = 4
			}
			if got := s.trial(); got != tt.want {
				t.Errorf("trial = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestFactor(t *testing.T) {
	t.Parallel()
	for trial, want := range map[Trial]int{
		{}:                                   1,
		{On: true, Attempt: 1, Attempts: 3}:  1,
		{On: true, Attempt: 3, Attempts: 3}:  3,
		{On: true, Attempt: 40, Attempts: 3}: 3,
	} {
		if got := trial.factor(); got != want {
			t.Errorf("factor of %+v = %d, want %d", trial, got, want)
		}
	}
}
