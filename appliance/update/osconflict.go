package update

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"edge/appliance/command"
)

// osOthers are the engines that would update the operating system too. Two of them undo each other's
// rollbacks.
var osOthers = []string{"zincati.service", "flightctl-agent.service", "bootc-fetch-apply-updates.timer", "rpm-ostreed-automatic.timer"}

// osConflict finds another engine and says how to be rid of one of the two.
func (o OSOptions) osConflict(ctx context.Context) error {
	argv := append([]string{"systemctl", "show", "--property=Id,ActiveState,UnitFileState"}, osOthers...)
	out, err := o.Run.Run(ctx, command.Spec{Argv: argv})
	if err != nil {
		return fmt.Errorf("looking for other engines: %w", err)
	}
	units := parseUnits(out)
	for _, name := range osOthers {
		active := units[name]["ActiveState"] == "active" || units[name]["ActiveState"] == "activating"
		switch name {
		case "flightctl-agent.service":
			active = active || units[name]["UnitFileState"] == "enabled"
		case "rpm-ostreed-automatic.timer":
			policy, err := osPolicy(o.Config)
			if err != nil {
				return err
			}
			active = active && policy != "none"
		}
		if active {
			return fmt.Errorf("%w: %s; stop it with %q, or leave updates to it with updates = \"off\" in [os] of the device's profile",
				ErrEngine, name, "systemctl disable --now "+name)
		}
	}
	return nil
}

// parseUnits reads what "systemctl show" prints: blocks of NAME=VALUE, one for each unit, in which Id
// need not come first.
func parseUnits(out []byte) map[string]map[string]string {
	units := map[string]map[string]string{}
	for block := range strings.SplitSeq(string(out), "\n\n") {
		unit := map[string]string{}
		for line := range strings.Lines(block) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				unit[name] = value
			}
		}
		units[unit["Id"]] = unit
	}
	return units
}

// osPolicy is AutomaticUpdatePolicy in the section Daemon of rpm-ostreed.conf: "none" where it is not
// set. As in a GLib key file the last one counts.
func osPolicy(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "none", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the policy of rpm-ostree: %w", err)
	}
	defer f.Close()
	policy, section := "none", ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = line
		}
		name, value, ok := strings.Cut(line, "=")
		if ok && section == "[Daemon]" && strings.TrimSpace(name) == "AutomaticUpdatePolicy" {
			policy = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("reading the policy of rpm-ostree: %w", err)
	}
	return policy, nil
}
