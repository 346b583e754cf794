package server

import (
	"cmp"
	"fmt"
	"strings"

	"edge/appliance/fleet"
	"edge/appliance/registry"
	"edge/appliance/report"
	"edge/appliance/sheet"
)

// What answers about devices look like on a terminal. Most of it was written by devices; the sheet cleans it.

func writeDevices(s *sheet.Sheet, all []fleet.Row) {
	if len(all) == 0 {
		s.Line("no devices")
		return
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{r.ID, r.Name, sheet.Dash(r.Blueprint), sheet.Dash(osVersion(r)), stateWords(r), sheet.Dash(appsWords(r.Apps)), rollbackWords(r.Rollback), contact(r)})
	}
	s.Table([]string{"ID", "NAME", "BLUEPRINT", "OS VERSION", "STATE", "APPS", "LAST ROLLBACK", "LAST CONTACT"}, rows)
}

// osVersion is the builder's word for what is booted, or else the device's own.
func osVersion(r fleet.Row) string { return cmp.Or(r.Release, r.OSVersion, sheet.Short(r.Commit)) }

func stateWords(r fleet.Row) string {
	switch words := strings.ReplaceAll(string(r.State), "-", " "); {
	case r.State == fleet.Trial && r.Attempt > 0 && r.Attempts > 0:
		return fmt.Sprintf("trial %d of %d", r.Attempt, r.Attempts)
	default:
		return words
	}
}

func appsWords(apps []fleet.App) string {
	var all []string
	for _, a := range apps {
		words := a.Name + " " + cmp.Or(a.Version, sheet.Digest(registry.Digest(a.Digest)), "?")
		if !a.Ready {
			words += " (not ready)"
		}
		all = append(all, words)
	}
	return strings.Join(all, ", ")
}

func rollbackWords(r *report.Rollback) string {
	if r == nil {
		return "-"
	}
	return r.Tell()
}

func contact(r fleet.Row) string {
	words := cmp.Or(sheet.When(r.Contact), "never")
	if r.Stale {
		words += " (stale)"
	}
	return words
}

func writeDevice(s *sheet.Sheet, d fleet.Device) {
	fields := [][2]string{
		{"device", d.ID},
		{"name", d.Name},
		{"blueprint", d.Blueprint},
		{"state", stateWords(d.Row)},
		{"os version", osVersion(d.Row)},
		{"last contact", contact(d.Row)},
		{"enrolled", sheet.When(d.Enrolled) + " with token " + d.Token},
	}
	if r := d.Rollback; r != nil {
		fields = append(fields, [2]string{"last rollback", sheet.When(r.Time) + " " + r.Tell()})
	}
	if d.Status != nil {
		fields = append(fields, [2]string{"booted", sheet.When(d.Status.Boot.Since)}, [2]string{"judged by", d.Status.Boot.Engine}, [2]string{"appliance", d.Status.Version})
	}
	s.Fields(fields...)
	if d.Status != nil {
		d.Status.WriteTables(s, versionsIn(d.Apps))
	}
	writeTransitions(s, d.History)
}

// versionsIn tells what a device's applications run, by the builder's tags.
func versionsIn(apps []fleet.App) func(string) string {
	return func(name string) string {
		for _, a := range apps {
			if a.Name == name {
				return a.Version
			}
		}
		return ""
	}
}

func writeTransitions(s *sheet.Sheet, all []fleet.Transition) {
	var rows [][]string
	for _, t := range all {
		rows = append(rows, []string{sheet.When(t.Time), strings.TrimPrefix(t.Kind, "device."), t.Message})
	}
	s.Part([]string{"TIME", "WHAT HAPPENED", ""}, rows)
}

func writeForgotten(s *sheet.Sheet, r fleet.Row) {
	s.Line("forgot %s (%s): its key counts no more; to come back it must enrol with a new token", r.ID, r.Name)
}

func writeEnrolled(s *sheet.Sheet, r fleet.Row) {
	s.Line("enrolled %s (%s) as a device of %s", r.ID, r.Name, sheet.Dash(r.Blueprint))
}

func writeTokens(s *sheet.Sheet, all []fleet.Token) {
	if len(all) == 0 {
		s.Line("no enrolment tokens")
		return
	}
	var rows [][]string
	for _, t := range all {
		rows = append(rows, []string{t.ID, sheet.Dash(t.Blueprint), sheet.When(t.Created), sheet.When(t.Expires), fmt.Sprintf("%d of %d", t.Left, t.Uses)})
	}
	s.Table([]string{"TOKEN", "BLUEPRINT", "MADE", "EXPIRES", "USES LEFT"}, rows)
}

func writeNewToken(s *sheet.Sheet, t newToken) {
	s.Fields(
		[2]string{"token", t.Secret},
		[2]string{"known as", t.ID},
		[2]string{"enrols", sheet.Plural(t.Uses, "device") + " of " + t.Blueprint},
		[2]string{"until", sheet.When(t.Expires)},
	)
	s.Blank()
	s.Line("It is told this once. On the device, as root, or in a kickstart's %%post:")
	s.Blank()
	s.Line("  %s", t.Install)
}
