package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"edge/appliance/sheet"
)

// Write is a status for a terminal: the boot, then its tables.
func (s Status) Write(to *sheet.Sheet) {
	to.Fields(
		[2]string{"device", strings.TrimSpace(s.Name + " " + s.Device)},
		[2]string{"blueprint", s.Blueprint},
		[2]string{"boot", s.Boot.Words()},
		[2]string{"since", sheet.When(s.Boot.Since)},
		[2]string{"judged by", s.Boot.Engine},
		[2]string{"last rollback", s.Rollback.words()},
	)
	s.WriteTables(to, nil)
}

// WriteTables are the tables of a status. version tells what an application's digest is called, from its
// name; nil: nobody knows.
func (s Status) WriteTables(to *sheet.Sheet, version func(app string) string) {
	writeDeployments(to, s.OS)
	writeResults(to, s.Boot.Checks)
	writeApps(to, s.Apps, version)
	writeBad(to, s.Quarantine)
}

// Words are a boot in few: "green", "red", "trial 2 of 3".
func (b Boot) Words() string {
	words := cmp.Or(string(b.Verdict), "not judged yet")
	if b.Trial {
		words += ", on trial"
		if b.Attempt > 0 && b.Attempts > 0 {
			words += fmt.Sprintf(" (%d of %d)", b.Attempt, b.Attempts)
		}
	}
	return words
}

func (r *Rollback) words() string {
	if r == nil {
		return ""
	}
	return sheet.When(r.Time) + " " + r.Tell()
}

// Tell says on one line what was given up, for what, and why: "0.0.2 to 0.0.1: git: exit status 127".
func (r *Rollback) Tell() string {
	words := fmt.Sprintf("%s to %s", cmp.Or(r.FromVersion, brief(r.From)), cmp.Or(r.ToVersion, brief(r.To)))
	for _, part := range []string{r.Check, r.Reason} {
		if part != "" {
			words += ": " + part
		}
	}
	return words
}

// brief is the beginning of a checksum or digest, enough to tell it from others.
func brief(sum string) string { return sheet.Short(strings.TrimPrefix(sum, "sha256:")) }

func writeDeployments(to *sheet.Sheet, all []Deployment) {
	var rows [][]string
	for _, d := range all {
		var remarks []string
		for _, r := range []struct {
			on   bool
			word string
		}{{d.Booted, "booted"}, {d.Staged, "staged"}, {d.Rollback, "rollback"}, {d.Pinned, "pinned"}, {d.Quarantined, "quarantined"}} {
			if r.on {
				remarks = append(remarks, r.word)
			}
		}
		rows = append(rows, []string{sheet.Dash(d.Version), sheet.Short(d.Commit), sheet.Dash(d.Ref), strings.Join(remarks, ", ")})
	}
	to.Part([]string{"DEPLOYMENT", "COMMIT", "REF", "REMARKS"}, rows)
}

func writeResults(to *sheet.Sheet, all []Result) {
	var rows [][]string
	for _, c := range all {
		kind := "wanted"
		if c.Required {
			kind = "required"
		}
		result := "passed"
		if !c.OK {
			result = "failed"
		}
		rows = append(rows, []string{c.Name, kind, result, c.Took.Round(time.Millisecond).String(), c.Reason})
	}
	to.Part([]string{"CHECK", "KIND", "RESULT", ">TOOK", "REASON"}, rows)
}

func writeApps(to *sheet.Sheet, all []App, version func(string) string) {
	titles := []string{"APP", "UNIT", "DIGEST", "STATE", "READY", "REASON OR LAST UPDATE"}
	if version != nil {
		titles = []string{"APP", "UNIT", "VERSION", "DIGEST", "STATE", "READY", "REASON OR LAST UPDATE"}
	}
	var rows [][]string
	for _, a := range all {
		ready, update := "yes", ""
		if !a.Ready {
			ready = "no"
		}
		if u := a.Update; u != nil {
			update = strings.TrimSpace(fmt.Sprintf("%s %s %s", sheet.When(u.Time), u.Outcome, u.Reason))
		}
		row := []string{a.Name, a.Unit}
		if version != nil {
			row = append(row, sheet.Dash(version(a.Name)))
		}
		rows = append(rows, append(row, sheet.Dash(sheet.Digest(a.Digest)), a.State, ready, cmp.Or(a.Reason, update)))
	}
	to.Part(titles, rows)
}

func writeBad(to *sheet.Sheet, all []Bad) {
	var rows [][]string
	for _, b := range all {
		rows = append(rows, []string{b.Kind, sheet.Dash(b.Name), sheet.Digest(b.What), sheet.When(b.Since), cmp.Or(sheet.When(b.Until), "cleared"), strconv.Itoa(b.Times), b.Reason})
	}
	to.Part([]string{"QUARANTINE", "NAME", "WHAT", "SINCE", "UNTIL", ">TIMES", "REASON"}, rows)
}
