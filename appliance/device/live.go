package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edge/appliance/command"
)

// tell makes known to the running device what was written: labels, both managers of units, the firewall.
func (t *task) tell(ctx context.Context, m *Manifest) error {
	if err := t.label(ctx, m); err != nil {
		return err
	}
	if err := t.wall(ctx, m); err != nil {
		return err
	}
	p := m.Pending
	if !t.facts.Live || p.Changed.none() && p.Gone.none() {
		return nil
	}
	if err := t.tellSystem(ctx, p); err != nil {
		return fmt.Errorf("the files are right, but systemd does not take them: %w; run it again", err)
	}
	if err := t.tellUser(ctx, p); err != nil {
		return fmt.Errorf("the files are right, but the manager of user %q does not take them: %w; run it again", t.plan.User.Name, err)
	}
	return nil
}

func (t *task) tellSystem(ctx context.Context, p *Pending) error {
	if len(p.Changed.System)+len(p.Gone.System) == 0 {
		return nil
	}
	if err := t.system(ctx, "daemon-reload"); err != nil {
		return err
	}
	if err := t.system(ctx, "restart", intersection(p.Changed.System, t.plan.Start.System)...); err != nil {
		return err
	}
	// What judges a boot is never started here: it would judge this one, and may reboot.
	return t.system(ctx, "try-restart", intersection(p.Changed.System, []string{journald, rpmOSTreed})...)
}

// tellUser starts and restarts what changed. Jobs are queued and not waited for: the first start of an app
// pulls its image.
func (t *task) tellUser(ctx context.Context, p *Pending) error {
	if len(p.Changed.User)+len(p.Gone.User) == 0 {
		return nil
	}
	manager := fmt.Sprintf("user@%d.service", t.plan.User.UID)
	if _, err := t.Run.Run(ctx, command.Spec{Argv: []string{"systemctl", "is-active", "--quiet", manager}}); err != nil {
		// The file for lingering starts it at the next boot; this is for now.
		if err := t.system(ctx, "start", manager); err != nil {
			return err
		}
	}
	if err := t.user(ctx, "daemon-reload"); err != nil {
		return err
	}
	var masked []string
	for _, i := range t.plan.Items {
		if name, user := unitOf(i.Path); i.Target == "/dev/null" && user && slices.Contains(p.Changed.User, name) {
			masked = append(masked, name)
		}
	}
	t.quietly(t.user(ctx, "stop", masked...))
	started := intersection(p.Changed.User, t.plan.Start.User)
	var behind, others []string
	for _, name := range p.Changed.User {
		switch proxy, isSocket := strings.CutSuffix(name, ".socket"); {
		case isSocket && slices.Contains(started, name):
			// systemd starts no socket whose service runs already.
			behind = append(behind, proxy+".service", strings.TrimSuffix(proxy, "-proxy")+".service")
		case strings.HasPrefix(name, "container-") && !slices.Contains(started, name) && !slices.Contains(p.Gone.User, name):
			others = append(others, name)
		}
	}
	t.quietly(t.user(ctx, "stop", append(intersection(behind, started), behind...)...))
	return errors.Join(
		t.user(ctx, "restart", started...),
		t.user(ctx, "try-restart", others...),
	)
}

// stop ends units before their files go. What cannot be stopped is told and stops nothing else.
func (t *task) stop(ctx context.Context, gone Units) error {
	if !t.facts.Live {
		return nil
	}
	t.quietly(t.system(ctx, "stop", gone.System...))
	t.quietly(t.user(ctx, "stop", gone.User...))
	return ctx.Err()
}

// notLoaded is the exit status of systemctl for a unit that it does not know.
const notLoaded = 5

func (t *task) quietly(err error) {
	var failed *command.Error
	if err == nil || errors.As(err, &failed) && failed.Exit == notLoaded {
		return
	}
	t.out.note("%v", err)
}

// system runs a verb of systemctl over units; a verb without units needs none.
func (t *task) system(ctx context.Context, verb string, units ...string) error {
	return t.systemctl(ctx, nil, nil, verb, units)
}

func (t *task) user(ctx context.Context, verb string, units ...string) error {
	if t.plan.User.Name == "" {
		return nil // the account is gone, and its manager with it
	}
	return t.systemctl(ctx, []string{"--user"}, &t.plan.User.User, verb, units)
}

func (t *task) systemctl(ctx context.Context, flags []string, as *command.User, verb string, units []string) error {
	if len(units) == 0 && verb != "daemon-reload" {
		return nil
	}
	argv := append([]string{"systemctl"}, flags...)
	if strings.HasSuffix(verb, "restart") {
		argv = append(argv, "--no-block")
	}
	argv = append(argv, verb)
	_, err := t.Run.Run(ctx, command.Spec{Argv: append(argv, units...), As: as})
	return err
}

func intersection(a, b []string) []string {
	var both []string
	for _, s := range a {
		if slices.Contains(b, s) {
			both = append(both, s)
		}
	}
	return both
}
