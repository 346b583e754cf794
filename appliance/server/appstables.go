package server

import (
	"strconv"
	"strings"

	"edge/appliance/app"
	"edge/appliance/registry"
)

// What answers about applications look like on a terminal.

func writeApps(s *sheet, all []app.Summary) {
	if len(all) == 0 {
		s.line("no apps")
		return
	}
	var rows [][]string
	for _, a := range all {
		rows = append(rows, []string{a.Name, a.Tag, dash(shortDigest(a.Digest)), dash(strings.Join(a.SameAs, ", ")), strconv.Itoa(a.Tags), a.Image,
			dash(a.Unit), dash(port(a.Port)), features(a)})
	}
	s.table([]string{"APP", "FOLLOWED", "DIGEST", "SAME AS", ">TAGS", "IMAGE", "UNIT", ">PORT", "REMARKS"}, rows)
	for _, a := range all {
		if a.Fault != "" {
			s.blank()
			s.line("%s cannot be told in full: %s", a.Name, strings.ReplaceAll(a.Fault, "\n", "; "))
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

func writeTags(s *sheet, all []app.Tag) {
	if len(all) == 0 {
		s.line("no tags")
		return
	}
	var rows [][]string
	for _, t := range all {
		created := "-"
		if t.Created != nil {
			created = when(*t.Created)
		}
		rows = append(rows, []string{t.Name, shortDigest(t.Digest), dash(strings.Join(t.Platforms, ", ")), size(t.Size), created,
			dash(strings.Join(t.SameAs, ", ")), tagRemarks(t)})
	}
	s.table([]string{"TAG", "DIGEST", "PLATFORMS", ">SIZE", "CREATED", "SAME AS", "REMARKS"}, rows)
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

func writeHistory(s *sheet, moves []app.Move) {
	if len(moves) == 0 {
		s.line("no moves")
		return
	}
	var rows [][]string
	for _, m := range moves {
		rows = append(rows, []string{when(m.Time), m.Kind, m.To, dash(shortDigest(m.Before)), "-> " + shortDigest(m.After), dash(named(m.From)), dash(m.Actor)})
	}
	s.table([]string{"TIME", "KIND", "TAG", "BEFORE", "AFTER", "FROM", "BY"}, rows)
}

// named is a tag as it is, and the beginning of a digest.
func named(reference string) string {
	if d, err := registry.ParseDigest(reference); err == nil {
		return shortDigest(d)
	}
	return reference
}

// writeMove tells both digests whole: they are what --expect takes.
func writeMove(s *sheet, m app.Move) {
	verb := map[bool]string{false: "moved", true: "would move"}[m.DryRun]
	if m.Kind == app.Undone {
		verb = map[bool]string{false: "moved back", true: "would move back"}[m.DryRun]
	}
	if !m.Changed {
		s.line("%s:%s names that already", m.App, m.To)
	} else {
		s.line("%s %s:%s to %s", verb, m.App, m.To, named(m.From))
	}
	s.fields(
		[2]string{"before", dash(string(m.Before))},
		[2]string{"after", string(m.After)},
	)
	if m.Changed && !m.Exact && !m.DryRun {
		s.line("this registry cannot check and write in one step: the tag was checked, written and looked at again")
	}
}

func writeMirrored(s *sheet, m app.Mirrored) {
	s.line("mirrored %s: %s copied from %s, %d there already", m.App, plural(len(m.Copied), "tag"), m.From, len(m.Skipped))
	if len(m.Copied) > 0 {
		s.line("  copied: %s", strings.Join(m.Copied, ", "))
	}
	if len(m.Kept) > 0 {
		s.line("  left where they were moved here: %s", strings.Join(m.Kept, ", "))
	}
}

// shortDigest is the beginning of a digest, enough to tell it from others.
func shortDigest(d registry.Digest) string {
	algorithm, hex, ok := strings.Cut(string(d), ":")
	if !ok {
		return string(d)
	}
	return algorithm + ":" + short(hex)
}
