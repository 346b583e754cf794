// Package unit turns a device's profile into text: systemd units for its applications and its updates,
// Quadlet files, greenboot checks, and the small configuration files that belong to them. All of it is
// pure: the same profile gives the same files, and a text of the profile means nothing but itself in them.
//
// It does not know what is on the device. It neither writes nor starts anything, and never asks systemd.
package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"edge/appliance/profile"
)

// ErrStyle is the cause when a device cannot have units of the style that was asked for.
var ErrStyle = errors.New("unit style not possible")

// Entry is one file or symbolic link of the device.
type Entry struct {
	Path    string      // absolute on the device
	Text    string      // content of a file; "" where Link is set
	Link    string      // target of a symbolic link
	Mode    fs.FileMode // permission bits of a file
	Private bool        // readable for the user's group besides root: root:GROUP 0640
	Late    bool        // an enable link or a check: written last, so that a power cut never leaves a check before its app
	Owner   string      // component that it belongs to: "app:2048", "health", "updates", "os", "report", "host"
}

// Options say what kind of device the entries are for.
type Options struct {
	Binary    string  // this program on the device; default /usr/local/bin/appliance
	Style     Style   // default Plain
	Podman    Version // the zero Version is unknown and counts as 4.0
	Systemd   int     // 252; 0 is unknown, and nothing newer than RHEL 9.0 is used
	UID       uint32  // of the profile's user
	Home      string  // of the profile's user; "": no links in it
	Greenboot string  // what judges boots: "bash" (0.15), "rs" (0.16), "none"; "" is "none"
}

// What judges boots on a device, as Options.Greenboot says it.
const (
	greenbootBash = "bash"
	greenbootRS   = "rs"
	greenbootNone = "none"
)

const (
	defaultBinary = "/usr/local/bin/appliance"

	userUnits   = "/etc/systemd/user/"
	systemUnits = "/etc/systemd/system/"
	unitTexts   = "/etc/appliance/units/" // of the user's manager
	appsDir     = "/etc/appliance/apps/"
	stateDir    = "/var/lib/appliance"
)

// Components of a device.
const (
	ownerHealth  = "health"
	ownerUpdates = "updates"
	ownerOS      = "os"
	ownerReport  = "report"
	ownerHost    = "host"
)

func ownerApp(a profile.App) string { return "app:" + a.Name }

// Entries are all files and links that a device with this profile has, in an order that does not change.
// A profile that Parse would refuse is refused here as well (profile.ErrInvalid) where it could harm.
func Entries(p profile.Profile, o Options) ([]Entry, error) {
	if o.Binary == "" {
		o.Binary = defaultBinary
	}
	if o.Greenboot == "" {
		o.Greenboot = greenbootNone
	}
	if err := check(p, o); err != nil {
		return nil, err
	}
	l := &list{Profile: p, Options: o}
	l.host()
	for _, a := range p.Apps {
		l.app(a)
	}
	l.updates()
	l.osUpdates()
	l.report()
	l.health()
	l.presets()
	if err := l.fault(); err != nil {
		return nil, err
	}
	return l.entries, nil
}

// list gathers the entries of one device.
type list struct {
	profile.Profile
	Options
	entries []Entry
	faults  []error
}

func (l *list) add(e Entry) { l.entries = append(l.entries, e) }

// file adds a file that everyone may read.
func (l *list) file(owner, path, text string) {
	l.add(Entry{Path: path, Text: text, Mode: 0o644, Owner: owner})
}

// enable adds a symbolic link that enables something.
func (l *list) enable(owner, path, target string) {
	l.add(Entry{Path: path, Link: target, Late: true, Owner: owner})
}

// unit adds what d says; its faults are kept with the name of the file.
func (l *list) unit(owner, path string, d *document) {
	if err := errors.Join(d.faults...); err != nil {
		l.faults = append(l.faults, fmt.Errorf("writing %q: %w", path, err))
	}
	l.file(owner, path, d.String())
}

// userUnit adds a unit of the user's manager. Its text lies in a folder of its own, and two links lead to
// it, as "systemctl link" would make them: the one in /etc has the fate of the deployment and needs nothing
// in a home, the one in the home is where people look for the units of a user. A link from the home into
// /etc/systemd/user would not do: systemd takes it for an alias, and says of an alias with the unit's own
// name that there are too many levels of symbolic links. wants is the target that starts the unit, or "".
func (l *list) userUnit(owner, name, wants string, d *document) {
	l.unit(owner, unitTexts+name, d)
	l.add(Entry{Path: userUnits + name, Link: unitTexts + name, Owner: owner})
	if l.Home != "" {
		l.add(Entry{Path: l.Home + "/.config/systemd/user/" + name, Link: unitTexts + name, Owner: owner})
	}
	if wants != "" {
		l.enable(owner, userUnits+wants+".wants/"+name, userUnits+name)
	}
}

// systemUnit adds a unit of the system's manager; wanted is the target that starts it, or "".
func (l *list) systemUnit(owner, name, wanted string, d *document) {
	l.unit(owner, systemUnits+name, d)
	if wanted != "" {
		l.enable(owner, systemUnits+wanted+".wants/"+name, systemUnits+name)
	}
}

// fault tells what went wrong, and whether two entries want the same place.
func (l *list) fault() error {
	faults := l.faults
	owners := map[string]string{}
	for _, e := range l.entries {
		if other, taken := owners[e.Path]; taken {
			faults = append(faults, fmt.Errorf("%w: %q and %q both need %q: give one of them another unit name",
				profile.ErrInvalid, other, e.Owner, e.Path))
		}
		owners[e.Path] = e.Owner
	}
	return errors.Join(faults...)
}

// App are the user units of one app. The first is the one that is started: the service of a warm app,
// the socket of a cold one, whose services come and go by themselves.
func App(a profile.App) []string {
	service := service(a)
	if !a.Cold {
		return []string{service}
	}
	base := strings.TrimSuffix(service, ".service")
	return []string{base + "-proxy.socket", base + "-proxy.service", service}
}

// User are the units of the user's manager that are started and stopped: those of the apps, the first
// pull of their images, and the timer of their updates.
func User(p profile.Profile) []string {
	var names []string
	for _, a := range p.Apps {
		names = append(names, App(a)[0])
	}
	if len(p.Apps) > 0 {
		names = append(names, prepull)
	}
	switch p.Updates.Engine {
	case profile.EngineAppliance:
		names = append(names, appUpdate+".timer")
	case profile.EnginePodman:
		names = append(names, podmanUpdate+".timer")
	}
	return names
}

// System are the units of the system's manager that are started and stopped on a live device. What
// judges a boot is not among them: it runs when the device boots.
func System(p profile.Profile) []string {
	var names []string
	if p.OS.Policy != profile.PolicyOff && p.OS.Policy != "" {
		names = append(names, osUpdate+".timer")
	}
	if p.Report.Enabled {
		names = append(names, reportUnit+".timer")
	}
	return names
}

func service(a profile.App) string { return "container-" + a.Unit + ".service" }
