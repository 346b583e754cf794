package deployment

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"edge/appliance/command"
)

// DropStaged removes what is staged, so that the next reboot stays with what is booted. It is no error
// when nothing is staged.
func (s *System) DropStaged(ctx context.Context) error {
	spec, some, err := s.dropping(ctx)
	if err == nil && some {
		_, err = s.run.Run(ctx, spec)
	}
	if err != nil {
		return fmt.Errorf("dropping the staged deployment: %w", err)
	}
	return nil
}

func (s *System) dropping(ctx context.Context) (spec command.Spec, some bool, err error) {
	if s.kind == RPMOSTree {
		list, err := s.entries(ctx)
		some = slices.ContainsFunc(list, func(e entry) bool { return e.Staged })
		return command.Spec{Argv: []string{"rpm-ostree", "cleanup", "--pending"}}, some, err
	}
	rows, err := s.rows(ctx)
	at := slices.IndexFunc(rows, func(r row) bool { return r.Staged || r.locked })
	return s.admin("undeploy", strconv.Itoa(at)), at >= 0, err
}

// Pin keeps a deployment from being cleaned away, or lets it go again.
func (s *System) Pin(ctx context.Context, commit string, keep bool) error {
	at, rows, err := s.index(ctx, commit)
	if err != nil {
		return fmt.Errorf("pinning %s: %w", short(commit), err)
	}
	if rows[at].Pinned == keep {
		return nil
	}
	spec := s.admin("pin", strconv.Itoa(at))
	if !keep {
		spec = s.admin("pin", "--unpin", strconv.Itoa(at))
	}
	if _, err := s.run.Run(ctx, spec); err != nil {
		return fmt.Errorf("pinning %s: %w", short(commit), err)
	}
	return nil
}

// index finds a deployment in ostree's own list, by what this room calls its commit.
func (s *System) index(ctx context.Context, commit string) (int, []row, error) {
	list, err := s.entries(ctx)
	if err != nil {
		return 0, nil, err
	}
	at, err := find(list, commit)
	if err != nil {
		return 0, nil, err
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return 0, nil, err
	}
	for i, r := range rows {
		if want := list[at]; r.checksum == want.checksum && r.serial == want.serial && r.stateroot == want.stateroot {
			return i, rows, nil
		}
	}
	return 0, nil, fmt.Errorf("looking for deployment %s in ostree admin status: %w", short(commit), ErrNotKnown)
}

// Rollback turns away from the version that failed: when the booted deployment is the default, the one
// after it becomes the default; when it is not, as after a fallback of GRUB, it becomes the default
// itself. So a second call takes back the first, as with every engine's own verb; MakeDefault does not.
// What is staged is dropped. Nothing is rebooted.
func (s *System) Rollback(ctx context.Context) error {
	if err := s.DropStaged(ctx); err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	list, err := s.entries(ctx)
	if err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	at, err := booted(list)
	if err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	if at > 0 {
		return s.makeDefault(ctx, list, at)
	}
	for i := 1; i < len(list); i++ {
		if list[i].stateroot == list[0].stateroot {
			return s.makeDefault(ctx, list, i)
		}
	}
	return fmt.Errorf("rolling back from %s: %w", short(list[at].Commit), ErrNoOther)
}

// MakeDefault makes the deployment of a commit the one that is booted next. What is staged is dropped,
// for it would be booted instead.
func (s *System) MakeDefault(ctx context.Context, commit string) error {
	if err := s.DropStaged(ctx); err != nil {
		return fmt.Errorf("making %s the default: %w", short(commit), err)
	}
	list, err := s.entries(ctx)
	if err != nil {
		return fmt.Errorf("making %s the default: %w", short(commit), err)
	}
	at, err := find(list, commit)
	if err != nil {
		return fmt.Errorf("making %s the default: %w", short(commit), err)
	}
	return s.makeDefault(ctx, list, at)
}

// makeDefault chooses the way. The engines' own verbs take no name: "rpm-ostree rollback" moves the
// deployment after the booted one to the front even when the booted one is meant, which brings up the
// wrong one as soon as a third is pinned; so they are used only where they can mean but one thing.
func (s *System) makeDefault(ctx context.Context, list []entry, at int) error {
	if at == 0 {
		return nil
	}
	now, err := booted(list)
	if err != nil {
		return err
	}
	commit := list[at].Commit
	swap := now == 0 && at == 1
	var spec command.Spec
	switch {
	case s.kind == RPMOSTree && swap:
		spec = command.Spec{Argv: []string{"rpm-ostree", "rollback"}}
	case s.kind == Bootc && (swap || now == 1 && at == 1):
		spec = command.Spec{Argv: []string{"bootc", "rollback"}}
	case s.canSetDefault(ctx):
		index, _, err := s.index(ctx, commit)
		if err != nil {
			return err
		}
		spec = s.admin("set-default", strconv.Itoa(index))
	case s.kind == RPMOSTree && at == now:
		spec = command.Spec{Argv: []string{"rpm-ostree", "cleanup", "--pending"}} // all before the booted one
	case s.kind == OSTree && at <= now:
		return s.undeployBefore(ctx, commit)
	case s.kind == OSTree:
		spec = s.deployAgain(list[at])
	default:
		return fmt.Errorf("making %s the default: %s cannot, and ostree is older than 2023.6", short(commit), s.kind)
	}
	if _, err := s.run.Run(ctx, spec); err != nil {
		return fmt.Errorf("making %s the default: %w", short(commit), err)
	}
	return nil
}

// canSetDefault says whether ostree has "ostree admin set-default", which came with 2023.6.
func (s *System) canSetDefault(ctx context.Context) bool {
	out, err := s.run.Run(ctx, command.Spec{Argv: []string{"ostree", "admin", "--help"}})
	return err == nil && strings.Contains(string(out), "set-default")
}

// undeployBefore removes what comes before a deployment. The list is read again after each removal, so
// that an interruption leaves nothing that a second call would do wrong.
func (s *System) undeployBefore(ctx context.Context, commit string) error {
	for range mostDeployments {
		at, _, err := s.index(ctx, commit)
		if err != nil || at == 0 {
			return err
		}
		if _, err := s.run.Run(ctx, s.admin("undeploy", "0")); err != nil {
			return fmt.Errorf("making %s the default: %w", short(commit), err)
		}
	}
	return fmt.Errorf("making %s the default: %w: it does not come first", short(commit), ErrMeaning)
}

// deployAgain deploys an installed commit once more, which brings it to the front. Nothing is
// downloaded. Its /etc is made from that of the booted deployment.
func (s *System) deployAgain(e entry) command.Spec {
	origin := fmt.Sprintf("%s/ostree/deploy/%s/deploy/%s.%d.origin", s.sysroot, e.stateroot, e.checksum, e.serial)
	return s.admin("deploy", "--os="+e.stateroot, "--origin-file="+origin, e.checksum)
}
