package device

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"edge/appliance/profile"
	"edge/appliance/unit"
)

// Kind is what an Item is.
type Kind string

// Kinds.
const (
	Folder  Kind = "dir"
	File    Kind = "file"
	Link    Kind = "link"
	Setting Kind = "ini" // one line of a file that belongs to somebody else
)

// Stage is when an Item is made. After a power cut between any two, nothing is asked for that is not there:
// what is made in one stage needs only what was made, durably, in those before.
type Stage int

// Stages, in their order. Apply tells why.
const (
	StageFolder  Stage = iota
	StageFile          // programs, data, environments, units
	StageEnable        // links that start units
	StageProfile       // device.toml, which says what the checks look at
	StageCheck         // what turns a boot red
)

// Item is one thing that should be on the device.
type Item struct {
	Path     string
	Kind     Kind
	Mode     fs.FileMode
	UID, GID uint32
	Content  []byte // of a file
	Binary   bool   // a file whose content is this program
	Target   string // of a link
	Line     Line   // of a setting
	Owner    string // component: "app:2048", "health", "host"
	Stage    Stage
	Home     string // the user's home, where the item is below it
	// same reports whether other content means the same; nil: only equal content does.
	same func([]byte) bool
}

// Plan is everything that should be on the device, in the order of making it.
type Plan struct {
	Items []Item
	Ports []string // that the firewall should let in: "8081/tcp"
	Apps  []PlannedApp
	User  Account
	Start Units // that run, once they are enabled
	Notes []string
}

// PlannedApp is what Uninstall needs to know to remove what an app has left in podman.
type PlannedApp struct {
	Unit  string `json:"unit"`
	Image string `json:"image"`
}

// Places of the device room's own files.
const (
	configDir    = "/etc/appliance"
	profilePath  = configDir + "/device.toml"
	stateDir     = "/var/lib/appliance"
	appsStateDir = stateDir + "/apps"
)

// NewPlan says what a device with these facts should have. It looks at nothing else.
func NewPlan(p profile.Profile, f Facts) (Plan, error) {
	if err := fit(p, f); err != nil {
		return Plan{}, err
	}
	entries, err := unit.Entries(p, unit.Options{
		Binary: f.Binary, Style: f.Style, Podman: f.Podman, Systemd: f.Systemd,
		UID: f.User.UID, Home: f.User.Home, Greenboot: f.Greenboot,
	})
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{User: f.User, Start: Units{unit.User(p), unit.System(p)}, Items: append(own(p, f), settings(p, f)...)}
	left := 0
	for _, e := range entries {
		item := fromEntry(e, f)
		if item.Home != "" && !f.Home {
			left++
			continue
		}
		plan.Items = append(plan.Items, item)
	}
	if left > 0 {
		plan.note("the home of %q, %s, is not there: %d links in it are left out; run install again when it is", f.User.Name, f.User.Home, left)
	}
	plan.Ports = ports(p)
	for _, a := range p.Apps {
		plan.Apps = append(plan.Apps, PlannedApp{Unit: a.Unit, Image: a.Image})
	}
	if f.Greenboot == "none" {
		plan.note("greenboot is not here: appliance-health.service judges boots in its place")
	}
	// Stable, so that within a stage the order of the entries holds; required checks are the very last.
	slices.SortStableFunc(plan.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(required(a.Path), required(b.Path)))
	})
	return plan, plan.sound()
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

func required(name string) int { return strings.Count(name, "/required.d/") }

// fit finds everything about the device that no file of ours could mend.
func fit(p profile.Profile, f Facts) error {
	user := strconv.Quote(p.User)
	var all []error
	fault := func(format string, args ...any) {
		all = append(all, fmt.Errorf("%w: "+format, append([]any{ErrUnfit}, args...)...))
	}
	switch {
	case !f.Known:
		fault("there is no user %s; make it with `useradd --create-home %s`, or name another one in the profile", user, p.User)
	case f.User.UID == 0:
		fault("user %s is root, and applications must not be; name another one in the profile", user)
	case len(p.Apps) > 0 && (!f.User.SubUIDs || !f.User.SubGIDs):
		fault("user %s has fewer than %d subordinate IDs in /etc/subuid and /etc/subgid, so that podman cannot unpack images; "+
			"add them with `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s`", user, fewestIDs, p.User)
	}
	if f.ReadOnly {
		fault("%s is on a read-only file system; put the program into the image as %s", binaryCopied, binaryInImage)
	}
	return errors.Join(all...)
}

// own are the items that are not units.
func own(p profile.Profile, f Facts) []Item {
	text := profile.Encode(p)
	items := []Item{
		{Path: stateDir, Kind: Folder, Mode: 0o755, Owner: "host"},
		{Path: appsStateDir, Kind: Folder, Mode: 0o755, UID: f.User.UID, GID: f.User.GID, Owner: "host"},
		{Path: profilePath, Kind: File, Mode: 0o640, GID: f.User.GID, Content: text, Owner: "host", Stage: StageProfile,
			same: func(data []byte) bool {
				had, err := profile.Parse(data, profilePath)
				return err == nil && string(profile.Encode(had)) == string(text)
			}},
	}
	if f.Copy {
		items = append(items, Item{Path: f.Binary, Kind: File, Binary: true, Mode: 0o755, Owner: "host", Stage: StageFile})
	}
	return items
}

// fromEntry is an entry of room unit as an item.
func fromEntry(e unit.Entry, f Facts) Item {
	item := Item{Path: e.Path, Kind: File, Mode: e.Mode, Content: []byte(e.Text), Owner: e.Owner, Stage: StageFile}
	if e.Private {
		item.GID = f.User.GID
	}
	if e.Link != "" {
		item.Kind, item.Target, item.Content = Link, e.Link, nil
	}
	switch {
	case e.Late && (e.Owner == "health" || strings.HasPrefix(e.Path, "/etc/greenboot/")):
		item.Stage = StageCheck
	case e.Late:
		item.Stage = StageEnable
	}
	if below(e.Path, f.User.Home) {
		item.Home, item.UID, item.GID = path.Clean(f.User.Home), f.User.UID, f.User.GID
	}
	return item
}

// below reports whether name is in the folder dir or deeper.
func below(name, dir string) bool {
	return dir != "" && dir != "/" && strings.HasPrefix(name, path.Clean(dir)+"/")
}

// ports are those that apps answer on for others than the device itself.
func ports(p profile.Profile) []string {
	if !p.Host.Firewall {
		return nil
	}
	var all []string
	for _, a := range p.Apps {
		if at, err := netip.ParseAddr(a.Bind); err == nil && at.IsLoopback() {
			continue
		}
		all = append(all, strconv.Itoa(a.Port)+"/tcp")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sound refuses a plan in which two items are at one place, or one is below what is no folder.
func (p *Plan) sound() error {
	kinds := map[string]Kind{}
	for _, i := range p.Items {
		if i.Kind == Setting {
			continue
		}
		if _, twice := kinds[i.Path]; twice {
			return fmt.Errorf("planning: %q is there twice", i.Path)
		}
		if !path.IsAbs(i.Path) || path.Clean(i.Path) != i.Path {
			return fmt.Errorf("planning: %q is no clean absolute path", i.Path)
		}
		kinds[i.Path] = i.Kind
	}
	for name := range kinds {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			if kind, is := kinds[dir]; is && kind != Folder {
				return fmt.Errorf("planning: %q is below %q, which is no folder", name, dir)
			}
		}
	}
	return nil
}

// boots is what greenboot has to be told so that a new deployment gets so many attempts: greenboot-rs begins
// to count at the first failure, and so boots it once more than it is told.
func boots(attempts int, greenboot string) int {
	if greenboot == "rs" {
		return max(attempts-1, 1)
	}
	return attempts
}

// settings are the lines of foreign files that have no drop-in folder.
func settings(p profile.Profile, f Facts) []Item {
	var items []Item
	if f.Greenboot != "none" && p.Health.Attempts > 0 {
		items = append(items, Item{Path: "/etc/greenboot/greenboot.conf", Kind: Setting, Mode: 0o644, Owner: "health", Stage: StageFile,
			Line: Line{Key: "GREENBOOT_MAX_BOOT_ATTEMPTS", Value: strconv.Itoa(boots(p.Health.Attempts, f.Greenboot)), Default: "3"}})
	}
	if f.RPMOSTree && p.OS.Policy != profile.PolicyOff && p.OS.Policy != "" {
		// There is never more than one engine that updates the system.
		items = append(items, Item{Path: "/etc/rpm-ostreed.conf", Kind: Setting, Mode: 0o644, Owner: "os", Stage: StageFile,
			Line: Line{Section: "Daemon", Key: "AutomaticUpdatePolicy", Value: "none", Default: "none"}})
	}
	return items
}
