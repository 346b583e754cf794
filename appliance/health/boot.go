package health

import (
	"context"
	"fmt"
	"strings"

	"edge/appliance/command"
	"edge/appliance/report"
)

// Boot is the present boot and how it was judged. It changes nothing. What could not be found out is
// missing; the error tells what that is, and the rest is true.
func (d Device) Boot(ctx context.Context) (report.Boot, error) {
	d = d.complete()
	now := d.look(ctx)
	b := now.fresh().Boot
	b.Verdict, b.Checks = now.present.Verdict, now.present.Checks
	if now.present.ID != "" && now.present.Trial && b.Verdict != report.Green {
		// The counter was perhaps armed since for what comes next.
		b.Trial, b.Attempt, b.Attempts = true, now.present.Attempt, now.present.Attempts
	}
	if b.Verdict == report.Unknown || b.Verdict == report.Running {
		b.Verdict = d.askGreenboot(ctx, now.engine, b.Verdict)
	}
	if b.Verdict == report.Green {
		b.Trial, b.Attempt = false, 0
	}
	if len(now.notes) > 0 {
		return b, fmt.Errorf("looking at the boot: %s", strings.Join(now.notes, "; "))
	}
	return b, nil
}

// askGreenboot asks systemd about greenboot's own unit, for devices whose greenboot does not call us, as
// flightctl sees to. known is what is known without.
func (d Device) askGreenboot(ctx context.Context, engine string, known report.Verdict) report.Verdict {
	if engine != Greenboot && engine != GreenbootRS {
		return known
	}
	state, err := d.unit(ctx, nil, "greenboot-healthcheck.service")
	switch {
	case err != nil:
		return known
	case state.active == "active":
		return report.Green
	case state.active == "failed":
		return report.Red
	case state.active == "activating":
		return report.Running
	}
	return known
}

// Record is the verdict of whoever judges: the scripts in green.d and red.d pass it on. A green boot ends
// the trial of its deployment.
func (d Device) Record(ctx context.Context, v report.Verdict) error {
	if v != report.Green && v != report.Red {
		return fmt.Errorf("recording the verdict %q: want %q or %q", v, report.Green, report.Red)
	}
	d = d.complete()
	now := d.begin(ctx)
	return d.verdict(ctx, now, v)
}

func (d Device) verdict(ctx context.Context, now scene, v report.Verdict, more ...report.Result) error {
	err := d.shelf().update(ctx, now.fresh(), func(r *record) {
		r.Verdict = v
		if v == report.Red && len(failing(r.Checks, true)) > 0 {
			return // they are the reason
		}
		r.merge(more)
	})
	if err != nil || v != report.Green || now.expected.Commit == "" || now.expected.Commit != now.booted.Commit {
		return err
	}
	return d.shelf().locked(ctx, func() error { return d.shelf().remove(expectedFile) })
}

// unitState is what systemd says of a unit.
type unitState struct{ load, active, sub, result string }

// unit asks systemd, or the manager of a user.
func (d Device) unit(ctx context.Context, as *command.User, name string) (unitState, error) {
	spec, err := d.systemctl(as, "show", "--property=LoadState,ActiveState,SubState,Result", "--", name)
	if err != nil {
		return unitState{}, err
	}
	out, err := d.Run.Run(ctx, spec)
	if err != nil {
		return unitState{}, err
	}
	return parseUnit(out), nil
}

// parseUnit reads the properties that systemctl show prints, a line each.
func parseUnit(out []byte) unitState {
	var s unitState
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		switch name {
		case "LoadState":
			s.load = value
		case "ActiveState":
			s.active = value
		case "SubState":
			s.sub = value
		case "Result":
			s.result = value
		}
	}
	return s
}

// fault is why a unit does not do its work; nil when it does.
func (s unitState) fault() error {
	switch {
	case s.load != "loaded" && s.load != "":
		return fmt.Errorf("the unit is %s", oneLine(s.load))
	case s.active == "active" || s.active == "reloading":
		return nil
	case s.active == "failed" && s.result != "":
		return fmt.Errorf("the unit has failed (%s)", oneLine(s.result))
	case s.active == "":
		return fmt.Errorf("systemd does not tell its state")
	}
	return fmt.Errorf("the unit is %s (%s)", oneLine(s.active), oneLine(s.sub))
}
