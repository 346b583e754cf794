package cli

import (
	"fmt"
	"strings"

	"edge/appliance/device"
	"edge/appliance/sheet"
)

// printOutcome tells what install or uninstall did. A dry run that would change something ends with an exit
// code of its own.
func (g *globals) printOutcome(c console, out device.Outcome, done string) error {
	if g.json() {
		out.Changes = append([]device.Change{}, out.Changes...) // a list, also when there are none
		if err := printJSON(c.out, out); err != nil {
			return err
		}
	} else if _, err := c.out.Write(outcomeText(out, done)); err != nil {
		return err
	}
	if out.DryRun && out.Changed() {
		return errChanges
	}
	return nil
}

func outcomeText(out device.Outcome, done string) []byte {
	var s sheet.Sheet
	var rows [][]string
	for _, change := range out.Changes {
		rows = append(rows, []string{string(change.Action), change.Path, string(change.Kind), change.Owner, change.Reason})
	}
	if len(rows) > 0 {
		s.Table([]string{"ACTION", "PATH", "KIND", "FOR", "REASON"}, rows)
	}
	if out.DryRun {
		for _, change := range out.Changes {
			if change.Diff == "" {
				continue
			}
			s.Blank()
			for line := range strings.Lines(change.Diff) {
				s.Line("%s", strings.TrimSuffix(line, "\n"))
			}
		}
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"user units", out.Units.User}, {"system units", out.Units.System}, {"firewall", out.Ports}} {
		if len(list.names) > 0 {
			s.Line("%s: %s", list.what, strings.Join(list.names, ", "))
		}
	}
	for _, note := range out.Notes {
		s.Line("note: %s", note)
	}
	s.Line("%s", summary(out, done))
	return s.Bytes()
}

// summary is one line: what was done, or would be.
func summary(out device.Outcome, done string) string {
	n := map[device.Action]int{}
	for _, change := range out.Changes {
		n[change.Action]++
	}
	var parts []string
	for _, a := range []device.Action{device.Create, device.Update, device.Replace, device.Beside, device.Remove, device.Restore, device.Keep, device.Skip} {
		if n[a] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[a], a))
		}
	}
	switch {
	case !out.Changed() && len(parts) == 0:
		return done + ": nothing to change"
	case out.DryRun:
		return "would be " + done + ": " + strings.Join(parts, ", ")
	}
	return done + ": " + strings.Join(parts, ", ")
}
