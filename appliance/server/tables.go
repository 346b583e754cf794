package server

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"edge/appliance/ostree"
	"edge/appliance/release"
	"edge/appliance/rpm"
	"edge/appliance/sheet"
)

// What the answers look like on a terminal.

func writeReleases(s *sheet.Sheet, all []release.Release) {
	if len(all) == 0 {
		s.Line("no releases")
		return
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{string(r.Blueprint), string(r.Version), string(r.State), sheet.Dash(string(r.Ref)), sheet.Short(r.Commit),
			sheet.When(r.Time), packages(r), sheet.Size(r.Size), remarks(r)})
	}
	s.Table([]string{"BLUEPRINT", "VERSION", "STATE", "REF", "COMMIT", "TIME", ">PACKAGES", ">SIZE", "REMARKS"}, rows)
}

func packages(r release.Release) string {
	if r.Packages < 0 {
		return "-"
	}
	return strconv.Itoa(r.Packages)
}

// remarks are what few releases have.
func remarks(r release.Release) string {
	var all []string
	if r.Pinned {
		all = append(all, "pinned")
	}
	if r.Sample {
		all = append(all, "sample")
	}
	if r.Source != r.Commit {
		all = append(all, "re-stamped")
	}
	return strings.Join(all, ", ")
}

func writeRelease(s *sheet.Sheet, r release.Release) {
	published := ""
	if r.PublishedAt != nil {
		published = sheet.When(*r.PublishedAt)
	}
	source := ""
	if r.Source != r.Commit {
		source = string(r.Source)
	}
	s.Fields(
		[2]string{"release", r.ID().String()},
		[2]string{"state", string(r.State)},
		[2]string{"remarks", remarks(r)},
		[2]string{"ref", string(r.Ref)},
		[2]string{"commit", string(r.Commit)},
		[2]string{"imported as", source},
		[2]string{"parent", string(r.Parent)},
		[2]string{"commit version", r.CommitVersion},
		[2]string{"subject", r.Subject},
		[2]string{"time", sheet.When(r.Time)},
		[2]string{"added", sheet.When(r.Added)},
		[2]string{"published", published},
		[2]string{"origin", r.Origin},
		[2]string{"packages", packages(r)},
		[2]string{"size", fmt.Sprintf("%s in %s, %d of them new", sheet.Size(r.Size), sheet.Plural(r.Objects, "object"), r.New)},
		[2]string{"signatures", signatures(r.Signatures)},
	)
}

func signatures(kinds map[string]int) string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		all = append(all, fmt.Sprintf("%d %s", kinds[kind], kind))
	}
	return strings.Join(all, ", ")
}

func writePackages(s *sheet.Sheet, all []rpm.Package) {
	for _, p := range all {
		s.Line("%s", p)
	}
}

func writeDifference(s *sheet.Sheet, d release.Difference) {
	s.Line("%s -> %s", d.FromName, d.ToName)
	if d.Packages == nil {
		writeFiles(s, d.Files)
		return
	}
	p := d.Packages
	s.Line("%d removed, %d added, %d upgraded, %d downgraded", len(p.Removed), len(p.Added), len(p.Upgraded), len(p.Downgraded))
	writeGroup(s, "Removed", p.Removed)
	writeGroup(s, "Added", p.Added)
	writeMoves(s, "Upgraded", p.Upgraded)
	writeMoves(s, "Downgraded", p.Downgraded)
}

func writeGroup(s *sheet.Sheet, title string, all []rpm.Package) {
	if len(all) == 0 {
		return
	}
	s.Blank()
	s.Line("%s (%d)", title, len(all))
	for _, p := range all {
		s.Line("  %s", p)
	}
}

func writeMoves(s *sheet.Sheet, title string, all []rpm.Change) {
	if len(all) == 0 {
		return
	}
	s.Blank()
	s.Line("%s (%d)", title, len(all))
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{"  " + c.To.Name + "." + c.To.Arch, c.From.EVR(), "-> " + c.To.EVR()})
	}
	s.Rows(rows)
}

func writeFiles(s *sheet.Sheet, all []ostree.FileChange) {
	s.Line("not both list their packages; files compared instead: %s", sheet.Plural(len(all), "difference"))
	if len(all) == 0 {
		return
	}
	s.Blank()
	var rows [][]string
	for _, f := range all {
		path := f.Path
		if f.Dir {
			path += "/"
		}
		rows = append(rows, []string{f.Change, path})
	}
	s.Rows(rows)
}

func writePublication(s *sheet.Sheet, p release.Publication) {
	id := p.Release.ID()
	if !p.Changed {
		s.Line("%s is published already: %s is %s", id, p.Ref, sheet.Short(p.After))
		return
	}
	before := "nothing"
	if p.Before != "" {
		before = sheet.Short(p.Before)
	}
	s.Line("published %s: %s goes from %s to %s", id, p.Ref, before, sheet.Short(p.After))
	if p.Restamped {
		s.Line("re-stamped: a new commit over the same tree, so that devices see no step back in time")
	}
	for _, f := range p.Forced {
		s.Line("forced over %s: %s", f.Check, f.Message)
	}
}

func writePruneReport(s *sheet.Sheet, r release.PruneReport) {
	verb := "removed"
	if r.DryRun {
		verb = "would remove"
	}
	s.Line("%s %s", verb, sheet.Plural(len(r.Releases), "release"))
	for _, id := range r.Releases {
		s.Line("  %s", id)
	}
	s.Line("%s %s of %s, %s; kept %s", verb, sheet.Plural(r.Objects.Removed, "object"), sheet.Size(r.Objects.Bytes),
		sheet.Plural(r.Objects.Deltas, "delta"), sheet.Plural(r.Objects.Kept, "object"))
}

func writeVerified(s *sheet.Sheet, v ostree.Verified) {
	s.Line("verified %s in %s, %s: %s", sheet.Plural(v.Objects, "object"), sheet.Plural(v.Commits, "commit"), sheet.Size(v.Bytes), sheet.Plural(len(v.Faults), "fault"))
	if len(v.Faults) == 0 {
		return
	}
	s.Blank()
	var rows [][]string
	for _, f := range v.Faults {
		rows = append(rows, []string{f.Cause, sheet.Short(f.Object.Checksum) + "…." + string(f.Object.Kind), sheet.Dash(f.Path), f.Detail})
	}
	s.Table([]string{"CAUSE", "OBJECT", "PATH", "DETAIL"}, rows)
}

func writeDeltas(s *sheet.Sheet, all []release.Delta) {
	if len(all) == 0 {
		s.Line("no deltas")
		return
	}
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{deltaEnd(d.From), deltaEnd(d.To), sheet.Size(d.Size)})
	}
	s.Table([]string{"FROM", "TO", ">SIZE"}, rows)
}

func writeDelta(s *sheet.Sheet, d release.Delta) {
	s.Line("made a delta from %s to %s of %s", deltaEnd(d.From), deltaEnd(d.To), sheet.Size(d.Size))
}

// deltaEnd is a version, the beginning of a checksum, or nothing.
func deltaEnd(s string) string {
	switch len(s) {
	case 0:
		return "nothing"
	case 64:
		return sheet.Short(s)
	}
	return s
}
