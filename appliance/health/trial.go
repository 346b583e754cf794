package health

import "strconv"

// Trial says whether the booted deployment is on trial: no check has called it green yet, and there is
// another one to return to.
type Trial struct {
	On       bool
	Attempt  int    // of the boots that a new deployment gets, from 1; 0 without a trial
	Attempts int    // how many those are
	Fallback bool   // the boot loader has given up the newest deployment and booted an older one
	Counter  string // boot_counter of the GRUB environment; "" where it is unset
}

// factor is by how much deadlines grow: what did not start in time may in a longer one.
func (t Trial) factor() int { return max(1, min(t.Attempt, t.Attempts)) }

// signs is what tells whether a deployment is on trial. Only bash greenboot arms the counter before the
// new deployment is booted, only greenboot-rs leaves its name or a trigger, and neither knows whether what
// is booted has been green before: so the record of this program has a say as well.
type signs struct {
	engine   string // one of Engine
	counter  string // boot_counter
	trigger  string // greenboot_rollback_trigger, of greenboot-rs up to 0.16.3
	next     string // greenboot_next_deployment_id, of greenboot-rs since 0.16.4
	attempts int    // as configured

	booted   string // commit; "" where nobody could tell
	others   int    // deployments that could be booted instead; -1 where nobody could tell
	staged   bool   // another one waits for the next boot
	expected string // commit that was staged last, by our own engine

	lastGreen string // commit of the last green boot; "" where none is remembered
	green     bool   // booted has been green, now or earlier
	failed    bool   // booted was on trial before and has never been green
	tried     int    // boots of this trial before this one
}

// trial weighs the signs.
func (s signs) trial() Trial {
	n, err := strconv.Atoi(s.counter)
	counter := err == nil
	// A deployment that failed before and is booted at -1 is no fallback, but what we fell back from:
	// the power went between the rollback and the end of counting.
	t := Trial{Counter: s.counter, Attempts: s.total(), Fallback: counter && n < 0 && !s.failed}
	counting := counter && n >= 0
	if s.staged && n >= s.attempts {
		counting = false // armed for the deployment that comes next
	}
	t.On = !t.Fallback && s.on(counting)
	if !t.On {
		return t
	}
	t.Attempt = max(1, s.tried+1)
	if counting {
		t.Attempt = max(t.Attempt, t.Attempts-n)
	}
	return t
}

func (s signs) on(counting bool) bool {
	told := counting || s.failed || s.trigger == "1" ||
		s.next != "" && (s.next == s.booted || s.booted == "") ||
		s.expected != "" && s.expected == s.booted
	switch {
	case s.booted == "":
		return told
	case s.others == 0:
		return false // nothing to return to: rebooting heals nothing
	case s.booted == s.lastGreen:
		return false // whatever the variables say: greenboot-rs counts also without an update
	case s.lastGreen == "", s.green:
		return told
	}
	return true
}

// total is how many boots a new deployment gets. greenboot-rs begins to count at the first failure, so that
// it gives one more than is configured.
func (s signs) total() int {
	if s.engine == GreenbootRS {
		return s.attempts + 1
	}
	return s.attempts
}
