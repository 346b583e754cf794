package server

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"edge/appliance/installation"
	"edge/appliance/sheet"
)

// What answers about installations look like on a terminal.

func writeInstallations(s *sheet.Sheet, all []installation.Installation) {
	if len(all) == 0 {
		s.Line("no installations")
		return
	}
	var rows [][]string
	for _, i := range all {
		last := i.Created
		if n := len(i.Past); n > 0 {
			last = i.Past[n-1].Time
		}
		rows = append(rows, []string{i.ID, sheet.Dash(cmp.Or(i.Device, i.Hostname)), i.Blueprint, string(i.Step), sheet.When(last), linkLife(i, time.Now()), sheet.When(i.Expires)})
	}
	s.Table([]string{"ID", "DEVICE", "BLUEPRINT", "STEP", "SINCE", "USES LEFT", "LINK EXPIRES"}, rows)
}

func writeInstallation(s *sheet.Sheet, i installation.Installation) {
	log := ""
	if i.LogSize > 0 {
		log = "appliance kickstart log " + i.ID
	}
	s.Fields(
		[2]string{"installation", i.ID},
		[2]string{"device", i.Device},
		[2]string{"hostname", i.Hostname},
		[2]string{"blueprint", i.Blueprint},
		[2]string{"step", string(i.Step)},
		[2]string{"made", sheet.When(i.Created)},
		[2]string{"link", linkLife(i, time.Now()) + ", until " + sheet.When(i.Expires)},
		[2]string{"enrols with", i.Token},
		[2]string{"log", log},
	)
	var rows [][]string
	for _, p := range i.Past {
		rows = append(rows, []string{sheet.When(p.Time), string(p.Step), sheet.Dash(p.From)})
	}
	s.Part([]string{"TIME", "STEP", "FROM"}, rows)
}

func writeNewLink(s *sheet.Sheet, l newLink) {
	s.Fields(
		[2]string{"link", l.URL},
		[2]string{"known as", l.ID},
		[2]string{"installs", sheet.Plural(l.Uses, "machine") + " with " + l.Blueprint},
		[2]string{"hostname", l.Hostname},
		[2]string{"until", sheet.When(l.Expires)},
	)
	s.Blank()
	s.Line("It is told this once. An installer takes it as an argument of its kernel:")
	s.Blank()
	s.Line("  %s", l.Kernel)
}

// installationLog is what a failed installation has sent.
type installationLog struct {
	Log string `json:"log"`
}

func writeInstallationLog(s *sheet.Sheet, l installationLog) {
	for line := range strings.Lines(l.Log) {
		s.Line("%s", strings.TrimRight(line, "\r\n"))
	}
}

// linkLife is for tables: how long a link still lives.
func linkLife(i installation.Installation, now time.Time) string {
	switch {
	case i.Revoked:
		return "revoked"
	case i.Left < 1:
		return "spent"
	case !now.Before(i.Expires):
		return "expired"
	}
	return fmt.Sprintf("%d of %d", i.Left, i.Uses)
}
