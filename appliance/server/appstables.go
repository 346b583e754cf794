package server

import (
	"strconv"
	"strings"

	"edge/appliance/app"
	"edge/appliance/registry"
	"edge/appliance/sheet"
)

// What answers about applications look like on a terminal.

func writeApps(s *sheet.Sheet, all []app.Summary) {
	if len(all) == 0 {
		s.Line("no apps")
		return
	}
	var rows [][]string
	for _, a := range all {
		rows = append(rows, []string{a.Name, a.Tag, sheet.Dash(sheet.Digest(a.Digest)), sheet.Dash(strings.Join(a.SameAs, ", ")), strconv.Itoa(a.Tags), a.Image,
			sheet.Dash(a.Unit), sheet.Dash(port(a.Port)), features(a)})
	}
	s.Table([]string{"APP", "FOLLOWED", "DIGEST", "SAME AS", ">TAGS", "IMAGE", "UNIT", ">PORT", "REMARKS"}, rows)
	for _, a := range all {
		if a.Fault != "" {
			s.Blank()
			s.Line("%s cannot be told in full: %s", a.Name, strings.ReplaceAll(a.Fault, "\n", "; "))
		}
	}
}

func port(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// features are what few apps have.
func features(a app.Summary) string {
	var all []string
	if a.Cold {
		all = append(all, "cold")
	}
	if a.Source != "" {
		all = append(all, "from "+a.Source)
	}
	if a.Fault != "" {
		all = append(all, "fault")
	}
	return strings.Join(all, ", ")
}

func writeTags(s *sheet.Sheet, all []app.Tag) {
	if len(all) == 0 {
		s.Line("no tags")
		return
	}
	var rows [][]string
	for _, t := range all {
		created := "-"
		if t.Created != nil {
			created = sheet.When(*t.Created)
		}
		rows = append(rows, []string{t.Name, sheet.Digest(t.Digest), sheet.Dash(strings.Join(t.Platforms, ", ")), sheet.Size(t.Size), created,
			sheet.Dash(strings.Join(t.SameAs, ", ")), tagRemarks(t)})
	}
	s.Table([]string{"TAG", "DIGEST", "PLATFORMS", ">SIZE", "CREATED", "SAME AS", "REMARKS"}, rows)
}

func tagRemarks(t app.Tag) string {
	var all []string
	if t.Followed {
		all = append(all, "followed by devices")
	}
	if t.Immutable {
		all = append(all, "immutable")
	}
	return strings.Join(all, ", ")
}

func writeHistory(s *sheet.Sheet, moves []app.Move) {
	if len(moves) == 0 {
		s.Line("no moves")
		return
	}
	var rows [][]string
	for _, m := range moves {
		rows = append(rows, []string{sheet.When(m.Time), m.Kind, m.To, sheet.Dash(sheet.Digest(m.Before)), "-> " + sheet.Digest(m.After), sheet.Dash(named(m.From)), sheet.Dash(m.Actor)})
	}
	s.Table([]string{"TIME", "KIND", "TAG", "BEFORE", "AFTER", "FROM", "BY"}, rows)
}

// named is a tag as it is, and the beginning of a digest.
func named(reference string) string {
	if d, err := registry.ParseDigest(reference); err == nil {
		return sheet.Digest(d)
	}
	return reference
}

// writeMove tells both digests whole: they are what --expect takes.
func writeMove(s *sheet.Sheet, m app.Move) {
	verb := map[bool]string{false: "moved", true: "would move"}[m.DryRun]
	if m.Kind == app.Undone {
		verb = map[bool]string{false: "moved back", true: "would move back"}[m.DryRun]
	}
	if !m.Changed {
		s.Line("%s:%s names that already", m.App, m.To)
	} else {
		s.Line("%s %s:%s to %s", verb, m.App, m.To, named(m.From))
	}
	s.Fields(
		[2]string{"before", sheet.Dash(string(m.Before))},
		[2]string{"after", string(m.After)},
	)
	if m.Changed && !m.Exact && !m.DryRun {
		s.Line("this registry cannot check and write in one step: the tag was checked, written and looked at again")
	}
}

func writeMirrored(s *sheet.Sheet, m app.Mirrored) {
	s.Line("mirrored %s: %s copied from %s, %d there already", m.App, sheet.Plural(len(m.Copied), "tag"), m.From, len(m.Skipped))
	if len(m.Copied) > 0 {
		s.Line("  copied: %s", strings.Join(m.Copied, ", "))
	}
	if len(m.Kept) > 0 {
		s.Line("  left where they were moved here: %s", strings.Join(m.Kept, ", "))
	}
}
