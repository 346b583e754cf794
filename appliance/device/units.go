package device

import (
	"path"
	"slices"
	"strings"
)

// Folders of units, by the manager that reads them.
const (
	userUnits   = "/etc/systemd/user/"
	systemUnits = "/etc/systemd/system/"
	unitTexts   = configDir + "/units/" // what links in the folder of user units lead to
	appsEnv     = configDir + "/apps/"
	quadlets    = "/containers/systemd/"
)

// unitOf names the unit that a file has to do with: its own text, a drop-in, a link that enables it, or the
// environment of its app. name is "" for files that are no affair of a running manager.
func unitOf(file string) (name string, user bool) {
	if rest, in := strings.CutPrefix(file, userUnits); in {
		return unitBelow(rest), true
	}
	if rest, in := strings.CutPrefix(file, unitTexts); in {
		return unitBelow(rest), true
	}
	if rest, in := strings.CutPrefix(file, systemUnits); in {
		return unitBelow(rest), false
	}
	base := path.Base(file)
	switch {
	case path.Dir(file)+"/" == appsEnv && strings.HasSuffix(base, ".env"):
		return "container-" + strings.TrimSuffix(base, ".env") + ".service", true
	case strings.Contains(file, quadlets) && strings.HasSuffix(base, ".container"):
		return strings.TrimSuffix(base, ".container") + ".service", true
	case strings.HasPrefix(file, "/etc/systemd/journald.conf.d/"):
		return journald, false
	case file == "/etc/rpm-ostreed.conf":
		return rpmOSTreed, false
	}
	return "", false
}

// Units of the system that read what we write only when they start.
const (
	journald   = "systemd-journald.service"
	rpmOSTreed = "rpm-ostreed.service"
)

// unitBelow is the unit of a path below a folder of units: NAME, TARGET.wants/NAME, NAME.d/FILE.
func unitBelow(rest string) string {
	dir, file, nested := strings.Cut(rest, "/")
	if nested {
		if of, dropIn := strings.CutSuffix(dir, ".d"); dropIn {
			file = of
		}
		rest = file
	}
	if !isUnit(rest) {
		return ""
	}
	return rest
}

// enables reports whether a path is that of a link which starts a unit with a target.
func enables(file string) bool {
	dir := path.Dir(file)
	return strings.HasSuffix(dir, ".wants") || strings.HasSuffix(dir, ".requires")
}

// pending adds to p what changes will have to be told to systemd.
func (t *task) pending(c *comparison, p *Pending) {
	for _, change := range c.changes {
		if change.Kind != Folder && (change.Action == Create || change.Action == Update || change.Action == Replace) {
			p.Changed.add(change.Path)
		}
	}
	for _, change := range c.removed {
		switch {
		case change.Action != Remove && change.Action != Restore || change.Kind == Folder:
		case carries(change.record):
			p.Gone.add(change.Path)
		default: // something that a unit reads
			p.Changed.add(change.Path)
		}
	}
}

// carries reports whether a unit of ours cannot run without something: its text, or the link that starts it.
func carries(r Record) bool {
	name, _ := unitOf(r.Path)
	switch {
	case name == "":
		return false
	case r.Kind == Link:
		return enables(r.Path) && path.Base(r.Path) == name && (strings.HasPrefix(r.Target, userUnits) || strings.HasPrefix(r.Target, systemUnits))
	default:
		return r.Kind == File && (path.Base(r.Path) == name || strings.Contains(r.Path, quadlets))
	}
}

func (u *Units) add(file string) {
	name, user := unitOf(file)
	list := &u.System
	if user {
		list = &u.User
	}
	if name == "" || slices.Contains(*list, name) {
		return
	}
	*list = append(*list, name)
	slices.Sort(*list)
}

func (u Units) none() bool { return len(u.User)+len(u.System) == 0 }
