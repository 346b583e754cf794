// Package device puts a profile into effect on a device and takes it back again: it looks at the device
// (Survey), says what every file, folder, link and setting should be (NewPlan, which is pure), compares that
// with the disk, and changes what differs. A manifest in /etc/appliance remembers what is ours, so that a
// second run changes nothing, what a person edited is kept, and Uninstall removes exactly what was added.
//
// It works in the chroot of a kickstart, on a tree given by --root, and on a running device, where it also
// tells systemd and the firewall. It does not know how units are written (unit), what a check looks at
// (health), or how anything is updated (update).
package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/rootfs"
	"edge/appliance/unit"
)

var (
	// ErrUnfit is the cause when a device cannot be what the profile wants: its user is not there, or
	// has no subordinate IDs, or the program has no place.
	ErrUnfit = errors.New("device is not fit for the profile")
	// ErrManifest is the cause when the manifest cannot be understood.
	ErrManifest = errors.New("device manifest is damaged")
)

// Runner runs the programs of the device. command.Programs is the real one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// Options say where and how Install and Uninstall work. The zero value is this very device.
type Options struct {
	Root    string          // "": "/"
	Profile profile.Profile // for Install; as profile.Parse returns it

	DryRun bool // find out what would change, and change nothing
	Force  bool // replace what was edited; it stays beside as FILE.appliance-save
	Purge  bool // Uninstall: also what apps and checks have left: state, containers, images

	Style  unit.Style   // of the apps' units
	Podman unit.Version // zero: asked of podman where that can be run
	Binary string       // program to install where the image has none; "": the one that runs
	// Version of this program, for the manifest.
	Version string

	Run   Runner                                  // nil: command.Programs
	Now   func() time.Time                        // nil: time.Now
	Fault func(op, path string) error             // see rootfs.Options
	look  func(f Facts, err error) (Facts, error) // lets tests pretend another device
}

// Outcome is what Install or Uninstall did, or with DryRun would do.
type Outcome struct {
	DryRun  bool     `json:"dry_run,omitempty"`
	Changes []Change `json:"changes"`         // in the order in which they are made
	Ports   []string `json:"ports,omitempty"` // of the firewall, that are opened or closed
	Units   Units    `json:"units"`
	Notes   []string `json:"notes,omitempty"` // what a person should know or do
}

// Units are units that changed, by the manager they belong to. On a running device they are restarted.
type Units struct {
	User   []string `json:"user,omitempty"`
	System []string `json:"system,omitempty"`
}

// Changed reports whether anything was changed or would be. What was kept because it was edited does not
// count.
func (o Outcome) Changed() bool {
	for _, c := range o.Changes {
		if c.Action != Keep && c.Action != Skip {
			return true
		}
	}
	return len(o.Ports) > 0
}

func (o *Outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// defaults fills in what is left out, and opens the root.
func (o Options) defaults() (Options, *rootfs.Root, error) {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Run == nil {
		o.Run = command.Programs{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.look == nil {
		o.look = func(f Facts, err error) (Facts, error) { return f, err }
	}
	if o.Root == "/" && !o.DryRun && os.Geteuid() != 0 {
		return o, nil, fmt.Errorf("changing this device: %w; run it as root, for example with sudo", os.ErrPermission)
	}
	root, err := rootfs.Open(o.Root, rootfs.Options{Fault: o.Fault})
	return o, root, err
}

// Install makes the device what o.Profile says, whatever state it is in. A second run changes nothing.
func Install(ctx context.Context, o Options) (Outcome, error) {
	out := Outcome{DryRun: o.DryRun}
	o, root, err := o.defaults()
	if err != nil {
		return out, err
	}
	defer root.Close()
	if !o.DryRun {
		unlock, err := root.Lock(ctx, "/etc")
		if err != nil {
			return out, fmt.Errorf("waiting for another install or uninstall: %w", err)
		}
		defer unlock()
	}
	facts, err := o.look(Survey(ctx, root, o))
	if err != nil {
		return out, err
	}
	plan, err := NewPlan(o.Profile, facts)
	if err != nil {
		return out, err
	}
	t := &task{Options: o, facts: facts, plan: plan, places: newPlaces(root), out: &out}
	defer t.places.close()
	if err := t.install(ctx); err != nil {
		return out, fmt.Errorf("installing %q: %w", root.Path(), err)
	}
	return out, nil
}

// task is one run of Install or Uninstall.
type task struct {
	Options
	facts  Facts
	plan   Plan
	places *places
	out    *Outcome
}

func (t *task) root() *rootfs.Root { return t.places.root }
