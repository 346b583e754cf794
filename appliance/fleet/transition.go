package fleet

import (
	"cmp"
	"fmt"
	"time"

	"edge/appliance/report"
)

// Kinds of transitions, and of the events that tell of them.
const (
	kindReported   = "device.reported" // for the first time
	kindOS         = "device.os-changed"
	kindTrial      = "device.trial"
	kindGreen      = "device.green"
	kindRed        = "device.red"
	kindRolledBack = "device.rolled-back"
	kindUpdated    = "device.app-updated"
	kindAppBack    = "device.app-rolled-back"
	kindAppFailed  = "device.app-failed"
	kindReady      = "device.app-ready"
	kindNotReady   = "device.app-not-ready"
	kindMore       = "device.changed"
)

// maxTransitions of one report: a device that tells more is told of in one line.
const maxTransitions = 12

// transitions are what became different from one status to the next, in the order in which it happens.
func transitions(before, now *report.Status, at time.Time) []Transition {
	var all []Transition
	add := func(kind, format string, args ...any) {
		all = append(all, Transition{at, kind, fmt.Sprintf(format, args...)})
	}
	if before == nil {
		add(kindReported, "reported for the first time, runs %s", called(booted(now)))
		return all
	}
	if r := now.Rollback; r != nil && (before.Rollback == nil || !r.Time.Equal(before.Rollback.Time) || r.From != before.Rollback.From) {
		add(kindRolledBack, "%s", r.Tell())
	}
	osTransitions(before, now, add)
	appTransitions(before, now, add)
	if more := len(all) - maxTransitions; more > 0 {
		all = append(all[:maxTransitions], Transition{at, kindMore, fmt.Sprintf("and %d changes more", more)})
	}
	return all
}

func osTransitions(before, now *report.Status, add func(kind, format string, args ...any)) {
	if was, is := booted(before), booted(now); was.Commit != is.Commit && is.Commit != "" {
		add(kindOS, "runs %s, before %s", called(is), called(was))
	}
	anew := before.Boot.ID != now.Boot.ID
	if now.Boot.Trial && (anew || !before.Boot.Trial || now.Boot.Attempt != before.Boot.Attempt) {
		add(kindTrial, "boot %s of %s on trial", attempt(now.Boot), called(booted(now)))
	}
	if now.Boot.Verdict == before.Boot.Verdict && !anew {
		return
	}
	switch now.Boot.Verdict {
	case report.Green:
		add(kindGreen, "%s is green", called(booted(now)))
	case report.Red:
		add(kindRed, "%s is red: %s", called(booted(now)), Faults(now))
	}
}

func appTransitions(before, now *report.Status, add func(kind, format string, args ...any)) {
	was := map[string]report.App{}
	for _, a := range before.Apps {
		was[a.Unit] = a
	}
	for _, a := range now.Apps {
		b, known := was[a.Unit]
		if u := a.Update; u != nil && (b.Update == nil || !u.Time.Equal(b.Update.Time) || u.Outcome != b.Update.Outcome) {
			add(outcome(u.Outcome), "%s from %s to %s%s", a.Name, cmp.Or(brief(u.From), "nothing"), brief(u.To), because(u.Reason))
		}
		if !known || a.Ready == b.Ready {
			continue
		}
		if a.Ready {
			add(kindReady, "%s is ready", a.Name)
		} else {
			add(kindNotReady, "%s is not ready, %s%s", a.Name, a.State, because(a.Reason))
		}
	}
}

func outcome(word string) string {
	switch word {
	case "updated":
		return kindUpdated
	case "rolled back":
		return kindAppBack
	}
	return kindAppFailed
}

// Faults says which required check failed first and why, and how many more did.
func Faults(s *report.Status) string {
	text, more := "", 0
	for _, c := range s.Boot.Checks {
		switch {
		case c.OK || !c.Required:
		case text == "":
			text = c.Name + because(c.Reason)
		default:
			more++
		}
	}
	if more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return cmp.Or(text, "it does not say why")
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func called(d report.Deployment) string {
	if d.Commit == "" {
		return "an unknown system"
	}
	if d.Version == "" {
		return brief(d.Commit)
	}
	return d.Version + " (" + brief(d.Commit) + ")"
}

// attempt is "2 of 3", as far as it is known.
func attempt(b report.Boot) string {
	switch {
	case b.Attempt == 0:
		return "1"
	case b.Attempts == 0:
		return fmt.Sprint(b.Attempt)
	}
	return fmt.Sprintf("%d of %d", b.Attempt, b.Attempts)
}

// brief is the beginning of a checksum or digest, enough to tell it from others.
func brief(sum string) string {
	const prefix = "sha256:"
	if len(sum) > len(prefix) && sum[:len(prefix)] == prefix {
		sum = sum[len(prefix):]
	}
	return sum[:min(12, len(sum))]
}
