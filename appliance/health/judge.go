package health

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"edge/appliance/command"
	"edge/appliance/grub"
	"edge/appliance/report"
)

// ErrGreenboot is the refusal to judge beside greenboot: two of them would count each boot twice.
var ErrGreenboot = errors.New("greenboot judges the boots of this device")

// Action is what follows a verdict.
type Action string

// Actions.
const (
	Stay     Action = "stay"
	Reboot   Action = "reboot"    // try again, or let GRUB fall back
	RollBack Action = "roll back" // make the other deployment the default one, then reboot
)

// Judgement is what Judge has found and done.
type Judgement struct {
	Verdict report.Verdict
	Trial   Trial
	Scripts []Script // in the order in which they ran
	Action  Action
	Reason  string // for the action
	Notes   []string
}

func (j *Judgement) note(errs ...error) {
	for _, err := range errs {
		if err != nil {
			j.Notes = append(j.Notes, reason(err))
		}
	}
}

// Judge does once in a boot what greenboot does, on systems that lack it: it runs the scripts of the same
// folders, those that must succeed before those that should, and stops at the first of the former that
// fails. Green: the scripts of green.d run and counting ends. Red: those of red.d run, and while a new
// deployment is on trial the device reboots, until the attempts are used up and the older deployment is
// made the default one again, by GRUB or, where it does not count, from here.
// The error is a refusal; what goes wrong on the way is noted, and the verdict holds.
func (d Device) Judge(ctx context.Context) (Judgement, error) {
	d = d.complete()
	if e := Engine(d.Root); e == Greenboot || e == GreenbootRS {
		return Judgement{}, fmt.Errorf("judging the boot: %w (%s); disable appliance-health.service, or remove the greenboot package", ErrGreenboot, e)
	}
	now := d.begin(ctx)
	j := Judgement{Trial: now.trial, Action: Stay, Notes: now.notes}
	counting := false // goes on
	if now.trial.Fallback {
		err := d.keepFallback(ctx, &now)
		j.note(err)
		counting = err != nil // or the next boot would be one of the deployment that failed
	}
	var well bool
	j.Scripts, well = d.runChecks(ctx, now.trial)
	if err := ctx.Err(); err != nil {
		return j, fmt.Errorf("judging the boot: %w", err) // neither green nor red: the power-off came first
	}
	if well {
		d.green(ctx, now, &j, counting)
	} else {
		d.red(ctx, now, &j, counting)
	}
	return j, nil
}

// green ends counting first: a power cut before the verdict is written down costs at most another trial,
// one before counting ends could cost a good deployment.
func (d Device) green(ctx context.Context, now scene, j *Judgement, counting bool) {
	j.Verdict, j.Reason = report.Green, "all required checks passed"
	if !counting {
		j.note(d.endCounting(ctx, "1"))
	}
	j.note(d.verdict(ctx, now, report.Green))
	j.Scripts = append(j.Scripts, d.runAll(ctx, "green.d")...)
}

func (d Device) red(ctx context.Context, now scene, j *Judgement, counting bool) {
	j.Verdict = report.Red
	j.note(d.verdict(ctx, now, report.Red, blame(j.Scripts)...))
	j.Scripts = append(j.Scripts, d.runAll(ctx, "red.d")...)
	j.Action, j.Reason = now.next()
	switch j.Action {
	case Stay:
		if !now.trial.On && !counting {
			j.note(d.endCounting(ctx, "0"))
		}
		return
	case RollBack:
		if err := d.giveUp(ctx, &now); err != nil {
			j.note(err)
			j.Action, j.Reason = Stay, "the older deployment cannot be made the default one; boot it from the menu of the boot loader"
			return
		}
	}
	if _, err := d.Run.Run(ctx, command.Spec{Argv: []string{"systemctl", "reboot"}}); err != nil {
		j.note(err)
	}
}

// next is what follows a red boot.
func (now *scene) next() (Action, string) {
	t := now.trial
	others, _ := now.others()
	switch {
	case !t.On:
		return Stay, "no new deployment is on trial, so a reboot would heal nothing"
	case others == 0:
		return Stay, "there is no other deployment to return to"
	case now.counted() && t.Attempt <= t.Attempts:
		return Reboot, fmt.Sprintf("attempt %d of %d has failed", t.Attempt, t.Attempts)
	case t.Attempt < t.Attempts:
		return Reboot, fmt.Sprintf("attempt %d of %d has failed; GRUB does not count, so this program does", t.Attempt, t.Attempts)
	}
	return RollBack, fmt.Sprintf("all %d attempts have failed", t.Attempts)
}

// counted reports whether GRUB has counted this boot. Where it lacks the lines for it, or something sets
// boot_success too early, the counter stays as it was armed or as the boot before has found it.
func (now *scene) counted() bool {
	n, err := strconv.Atoi(now.signs.counter)
	if err != nil || n >= now.signs.attempts {
		return false
	}
	if n < 0 {
		return true // nobody else writes that
	}
	if now.history.tried == 0 {
		return true
	}
	before, err := strconv.Atoi(now.earlier[len(now.earlier)-1].Counter)
	return err != nil || n < before
}

// endCounting removes the counter and says how the boot went. A deployment that was staged meanwhile has
// armed it for itself: then it stays.
func (d Device) endCounting(ctx context.Context, success string) error {
	w := d.waits(ctx)
	if w.next != nil || !w.known {
		return errors.Join(w.err, d.setEnv(ctx, d.armed))
	}
	return errors.Join(w.err, d.setEnv(ctx, func(b *grub.Block) error {
		b.Unset("boot_counter")
		return b.Set("boot_success", success)
	}))
}

// keepFallback makes the deployment that GRUB fell back to the default one.
func (d Device) keepFallback(ctx context.Context, now *scene) error {
	first, known := now.byDefault()
	if !known {
		return errors.New("keeping the deployment that GRUB fell back to: the deployments are unknown")
	}
	return d.exchange(ctx, !first.Booted)
}

// giveUp makes another deployment than the booted one the default.
func (d Device) giveUp(ctx context.Context, now *scene) error {
	first, known := now.byDefault()
	if !known {
		return errors.New("rolling back: the deployments are unknown")
	}
	return d.exchange(ctx, first.Booted)
}

// exchange rolls back, where that is still to be done, and ends counting. The two lie on different disks
// and cannot be one step, and the meaning of the variables depends on the order of deployments: at -1
// GRUB boots the second one. So for the while boot_success makes it boot the first: before the exchange
// that is the bad deployment, once more, after it the good one; at no point is it the bad one for ever.
func (d Device) exchange(ctx context.Context, needed bool) error {
	if needed {
		if err := d.setEnv(ctx, func(b *grub.Block) error { return b.Set("boot_success", "1") }); err != nil {
			return fmt.Errorf("preparing the rollback: %w", err)
		}
		limit, cancel := context.WithTimeout(ctx, rollbackPatience)
		defer cancel()
		if err := d.OS.Rollback(limit); err != nil {
			undo := d.setEnv(ctx, func(b *grub.Block) error { return b.Set("boot_success", "0") })
			return errors.Join(fmt.Errorf("rolling back: %w", err), undo)
		}
	}
	return d.setEnv(ctx, func(b *grub.Block) error {
		b.Unset("boot_counter")
		return b.Set("boot_success", "0")
	})
}

const rollbackPatience = 5 * time.Minute
