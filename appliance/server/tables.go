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
)

// What the answers look like on a terminal.

func writeReleases(s *sheet, all []release.Release) {
	if len(all) == 0 {
		s.line("no releases")
		return
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{string(r.Blueprint), string(r.Version), string(r.State), dash(string(r.Ref)), short(r.Commit),
			when(r.Time), packages(r), size(r.Size), remarks(r)})
	}
	s.table([]string{"BLUEPRINT", "VERSION", "STATE", "REF", "COMMIT", "TIME", ">PACKAGES", ">SIZE", "REMARKS"}, rows)
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

func writeRelease(s *sheet, r release.Release) {
	published := ""
	if r.PublishedAt != nil {
		published = when(*r.PublishedAt)
	}
	source := ""
	if r.Source != r.Commit {
		source = string(r.Source)
	}
	s.fields(
		[2]string{"release", r.ID().String()},
		[2]string{"state", string(r.State)},
		[2]string{"remarks", remarks(r)},
		[2]string{"ref", string(r.Ref)},
		[2]string{"commit", string(r.Commit)},
		[2]string{"imported as", source},
		[2]string{"parent", string(r.Parent)},
		[2]string{"commit version", r.CommitVersion},
		[2]string{"subject", r.Subject},
		[2]string{"time", when(r.Time)},
		[2]string{"added", when(r.Added)},
		[2]string{"published", published},
		[2]string{"origin", r.Origin},
		[2]string{"packages", packages(r)},
		[2]string{"size", fmt.Sprintf("%s in %s, %d of them new", size(r.Size), plural(r.Objects, "object"), r.New)},
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

func writePackages(s *sheet, all []rpm.Package) {
	for _, p := range all {
		s.line("%s", p)
	}
}

func writeDifference(s *sheet, d release.Difference) {
	s.line("%s -> %s", d.FromName, d.ToName)
	if d.Packages == nil {
		writeFiles(s, d.Files)
		return
	}
	p := d.Packages
	s.line("%d removed, %d added, %d upgraded, %d downgraded", len(p.Removed), len(p.Added), len(p.Upgraded), len(p.Downgraded))
	writeGroup(s, "Removed", p.Removed)
	writeGroup(s, "Added", p.Added)
	writeMoves(s, "Upgraded", p.Upgraded)
	writeMoves(s, "Downgraded", p.Downgraded)
}

func writeGroup(s *sheet, title string, all []rpm.Package) {
	if len(all) == 0 {
		return
	}
	s.blank()
	s.line("%s (%d)", title, len(all))
	for _, p := range all {
		s.line("  %s", p)
	}
}

func writeMoves(s *sheet, title string, all []rpm.Change) {
	if len(all) == 0 {
		return
	}
	s.blank()
	s.line("%s (%d)", title, len(all))
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{"  " + c.To.Name + "." + c.To.Arch, c.From.EVR(), "-> " + c.To.EVR()})
	}
	s.columns(rows, nil)
}

func writeFiles(s *sheet, all []ostree.FileChange) {
	s.line("not both list their packages; files compared instead: %s", plural(len(all), "difference"))
	if len(all) == 0 {
		return
	}
	s.blank()
	var rows [][]string
	for _, f := range all {
		path := f.Path
		if f.Dir {
			path += "/"
		}
		rows = append(rows, []string{f.Change, path})
	}
	s.columns(rows, nil)
}

func writePublication(s *sheet, p release.Publication) {
	id := p.Release.ID()
	if !p.Changed {
		s.line("%s is published already: %s is %s", id, p.Ref, short(p.After))
		return
	}
	before := "nothing"
	if p.Before != "" {
		before = short(p.Before)
	}
	s.line("published %s: %s goes from %s to %s", id, p.Ref, before, short(p.After))
	if p.Restamped {
		s.line("re-stamped: a new commit over the same tree, so that devices see no step back in time")
	}
	for _, f := range p.Forced {
		s.line("forced over %s: %s", f.Check, f.Message)
	}
}

func writePruneReport(s *sheet, r release.PruneReport) {
	verb := "removed"
	if r.DryRun {
		verb = "would remove"
	}
	s.line("%s %s", verb, plural(len(r.Releases), "release"))
	for _, id := range r.Releases {
		s.line("  %s", id)
	}
	s.line("%s %s of %s, %s; kept %s", verb, plural(r.Objects.Removed, "object"), size(r.Objects.Bytes),
		plural(r.Objects.Deltas, "delta"), plural(r.Objects.Kept, "object"))
}

func writeVerified(s *sheet, v ostree.Verified) {
	s.line("verified %s in %s, %s: %s", plural(v.Objects, "object"), plural(v.Commits, "commit"), size(v.Bytes), plural(len(v.Faults), "fault"))
	if len(v.Faults) == 0 {
		return
	}
	s.blank()
	var rows [][]string
	for _, f := range v.Faults {
		rows = append(rows, []string{f.Cause, short(f.Object.Checksum) + "…." + string(f.Object.Kind), dash(f.Path), f.Detail})
	}
	s.table([]string{"CAUSE", "OBJECT", "PATH", "DETAIL"}, rows)
}

func writeDeltas(s *sheet, all []release.Delta) {
	if len(all) == 0 {
		s.line("no deltas")
		return
	}
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{deltaEnd(d.From), deltaEnd(d.To), size(d.Size)})
	}
	s.table([]string{"FROM", "TO", ">SIZE"}, rows)
}

func writeDelta(s *sheet, d release.Delta) {
	s.line("made a delta from %s to %s of %s", deltaEnd(d.From), deltaEnd(d.To), size(d.Size))
}

// deltaEnd is a version, the beginning of a checksum, or nothing.
func deltaEnd(s string) string {
	switch len(s) {
	case 0:
		return "nothing"
	case 64:
		return short(s)
	}
	return s
}
