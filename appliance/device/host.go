package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edge/appliance/command"
)

// label gives the paths that were written the SELinux labels that the policy has for them: those paths and no
// others, and without -F, which would reset what containers have labelled.
func (t *task) label(ctx context.Context, m *Manifest) error {
	var paths []string
	for _, c := range t.out.Changes {
		if c.Action != Keep && c.Action != Skip && c.Action != Remove {
			paths = append(paths, c.Path)
		}
	}
	if old := t.facts.manifest; old != nil && old.State != Complete {
		// Written by a run that was cut off, perhaps before it came to this.
		for _, r := range m.Items {
			paths = append(paths, r.Path)
		}
	}
	if !t.facts.SELinux || len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	paths = slices.Compact(append(paths, ManifestPath))
	const cure = "on the device, run `restorecon -R /etc/appliance /etc/systemd /etc/greenboot /var/lib/appliance /usr/local/bin`"
	if !t.facts.Here {
		t.out.note("SELinux labels are not set, because the programs of %s cannot be run from here: %s", t.root().Path(), cure)
		return nil
	}
	_, err := t.Run.Run(ctx, command.Spec{Argv: append([]string{"restorecon", "-i"}, paths...)})
	var failed *command.Error
	if errors.Is(err, command.ErrNotFound) || errors.As(err, &failed) {
		t.out.note("SELinux labels are not set: %v; %s", err, cure)
		return nil
	}
	return err
}

// validate asks visudo about rules for sudo before they are written: sudo refuses everybody everything when one
// file is wrong.
func (t *task) validate(ctx context.Context, c Change) error {
	writes := c.Action == Create || c.Action == Update || c.Action == Replace
	if !writes || c.Kind != File || !strings.HasPrefix(c.Path, "/etc/sudoers.d/") || !t.facts.Here {
		return nil
	}
	_, err := t.Run.Run(ctx, command.Spec{Argv: []string{"visudo", "-cf", "-"}, Stdin: c.item.Content})
	if err != nil && !errors.Is(err, command.ErrNotFound) {
		return fmt.Errorf("checking %q: %w", c.Path, err)
	}
	return nil
}

// surveyWall finds the ports that are yet to be opened, and puts them into the manifest before they are: only
// ports that were closed before are ever closed again.
func (t *task) surveyWall(ctx context.Context, m *Manifest) error {
	old := m.Wall
	m.Wall.Ports, m.Wall.Added = t.plan.Ports, slices.Clone(old.Added)
	switch t.facts.Firewall {
	case "none", "":
		return nil
	case "unreachable":
		if len(t.plan.Ports) > 0 {
			t.out.note("the firewall of %s is left as it is, because its programs cannot be run from here: on the device, run `firewall-cmd --permanent --add-port=%s && firewall-cmd --reload`",
				t.root().Path(), strings.Join(t.plan.Ports, " --add-port="))
		}
		m.Wall = old
		return nil
	}
	for _, port := range t.plan.Ports {
		if slices.Contains(old.Ports, port) || slices.Contains(old.Added, port) {
			continue // looked after; doctor tells when somebody closed it again
		}
		open, err := t.open(ctx, port)
		if err != nil {
			return err
		}
		if !open {
			m.Wall.Added = append(m.Wall.Added, port)
			t.out.Ports = append(t.out.Ports, "open "+port)
		}
	}
	for _, port := range m.Wall.Added {
		if !slices.Contains(t.plan.Ports, port) {
			t.out.Ports = append(t.out.Ports, "close "+port)
		}
	}
	return nil
}

// firewallTools are the programs that look after ports, with their flags. On a running device both what is
// in force and what will be after a restart is changed; nothing is reloaded, which would drop the rules that
// others have only in force.
func (t *task) firewallTools() [][]string {
	if t.facts.Firewall == "live" {
		return [][]string{{"firewall-cmd"}, {"firewall-cmd", "--permanent"}}
	}
	return [][]string{{"firewall-offline-cmd"}}
}

// open reports whether a port is open, now and after a restart.
func (t *task) open(ctx context.Context, port string) (bool, error) {
	for _, tool := range t.firewallTools() {
		open, err := t.query(ctx, tool, port)
		if err != nil || !open {
			return false, err
		}
	}
	return true, nil
}

func (t *task) query(ctx context.Context, tool []string, port string) (bool, error) {
	_, err := t.Run.Run(ctx, command.Spec{Argv: append(slices.Clone(tool), "--query-port="+port)})
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 1 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking the firewall about port %s: %w", port, err)
	}
	return true, nil
}

// wall opens the ports of the plan that we look after, and closes those that are in it no more.
func (t *task) wall(ctx context.Context, m *Manifest) error {
	for _, port := range slices.Clone(m.Wall.Added) {
		wanted := slices.Contains(t.plan.Ports, port)
		if err := t.setPort(ctx, port, wanted); err != nil {
			return err
		}
		if !wanted {
			m.Wall.Added = slices.DeleteFunc(m.Wall.Added, func(p string) bool { return p == port })
		}
	}
	return nil
}

func (t *task) setPort(ctx context.Context, port string, open bool) error {
	if t.facts.Firewall != "live" && t.facts.Firewall != "offline" {
		return nil
	}
	if !slices.Contains(t.out.Ports, "open "+port) && !slices.Contains(t.out.Ports, "close "+port) &&
		(t.facts.manifest == nil || t.facts.manifest.State == Complete) {
		return nil
	}
	verb, what := "--remove-port=", "closing"
	if open {
		verb, what = "--add-port=", "opening"
	}
	for _, tool := range t.firewallTools() {
		is, err := t.query(ctx, tool, port)
		if err != nil {
			return err
		}
		if is == open {
			continue
		}
		if _, err := t.Run.Run(ctx, command.Spec{Argv: append(slices.Clone(tool), verb+port)}); err != nil {
			return fmt.Errorf("%s port %s in the firewall: %w", what, port, err)
		}
	}
	return nil
}
