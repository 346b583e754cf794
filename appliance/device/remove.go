package device

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/rootfs"
)

// Uninstall takes back what Install did, as the manifest tells it: what was edited stays and is told, folders
// go when they are empty, and nothing foreign is touched. Where nothing is installed it does nothing.
func Uninstall(ctx context.Context, o Options) (Outcome, error) {
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
	m, err := readManifest(root)
	if err != nil {
		return out, err
	}
	o.Profile = profile.Profile{}
	if m != nil {
		o.Profile.User = m.User
	}
	facts, err := o.look(Survey(ctx, root, o))
	if err != nil {
		return out, err
	}
	t := &task{Options: o, facts: facts, plan: Plan{User: facts.User}, places: newPlaces(root), out: &out}
	defer t.places.close()
	if err := t.uninstall(ctx); err != nil {
		return out, fmt.Errorf("uninstalling from %q: %w", root.Path(), err)
	}
	return out, nil
}

// uninstall removes in the opposite order of installing, so that checks go first: at no time does one ask for
// what is not there any more. The manifest is the very last.
func (t *task) uninstall(ctx context.Context) error {
	changes, err := t.removals()
	if err != nil {
		return err
	}
	t.out.Changes = changes
	if t.Purge && t.root().Exists(stateDir) {
		t.out.Changes = append(t.out.Changes, Change{Path: stateDir, Kind: Folder, Action: Remove, Owner: "host", Reason: "with everything in it"})
	}
	m := t.facts.manifest
	if m == nil {
		t.out.note("nothing is installed in %s", t.root().Path())
		if t.DryRun {
			return nil
		}
		return t.last(ctx)
	}
	units := m.units()
	t.out.Units = units
	if t.facts.Firewall == "live" || t.facts.Firewall == "offline" {
		for _, port := range m.Wall.Added {
			t.out.Ports = append(t.out.Ports, "close "+port)
		}
	}
	if t.DryRun {
		return nil
	}
	removing := *m
	removing.State, removing.Time = Removing, t.Now().UTC()
	if err := t.writeManifest(removing); err != nil {
		return err
	}
	if err := t.sweep(removing); err != nil {
		return err
	}
	if err := t.stop(ctx, units); err != nil {
		return err
	}
	t.purgeContainers(ctx)
	if err := t.root().Remove(manifestCopy); err != nil {
		return err
	}
	if err := t.removeAll(changes); err != nil {
		return err
	}
	if err := t.wall(ctx, &removing); err != nil {
		return err
	}
	if t.facts.Live {
		t.quietly(t.system(ctx, "daemon-reload"))
		t.quietly(t.user(ctx, "daemon-reload"))
		t.quietly(t.system(ctx, "try-restart", journald))
	}
	return t.last(ctx)
}

// removals plans what goes. The folder of the manifest is left to the end.
func (t *task) removals() ([]Change, error) {
	m := t.facts.manifest
	if m == nil {
		return nil, nil
	}
	r := remover{task: t, going: map[string]bool{ManifestPath: true, manifestCopy: true}}
	for _, rec := range slices.Backward(m.Items) {
		if rec.Kind == Folder && (rec.Path == configDir || t.Purge && (rec.Path == stateDir || below(rec.Path, stateDir))) {
			continue
		}
		if rec.Found && rec.Source != nil {
			t.out.note("%s stays: it was there before the installation", rec.Path)
		}
		left, err := r.plan(rec)
		if err != nil {
			return nil, err
		}
		if left {
			t.out.note("%s stays: something is in it", rec.Path)
		}
		if t.Purge && path.Dir(rec.Path) == stateDir {
			r.going[rec.Path] = true
		}
	}
	return r.changes, nil
}

// units are those that cannot run without what the manifest has.
func (m *Manifest) units() Units {
	var all Units
	for _, r := range m.Items {
		if !r.Found && carries(r) {
			all.add(r.Path)
		}
	}
	return all
}

// last removes what has no record: state, when that is wanted, and the manifest with its folder.
func (t *task) last(ctx context.Context) error {
	root := t.root()
	if t.Purge {
		if err := t.purge(); err != nil {
			return err
		}
	}
	if err := root.Remove(ManifestPath); err != nil {
		return err
	}
	left, err := root.Names(configDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(left) > 0:
		t.out.note("%s stays: something is in it", configDir)
		return nil
	}
	return root.Remove(configDir)
}

// purgeContainers removes what the apps have left in podman: containers by the names of the apps, and images of
// the profile, with the one before, where nothing else uses them. Volumes are the user's data and stay. It comes
// before the user's manager may end, without which podman of that user has nowhere to work.
func (t *task) purgeContainers(ctx context.Context) {
	m := t.facts.manifest
	if !t.Purge || len(m.Apps) == 0 || !t.facts.Known {
		return
	}
	if !t.facts.Live {
		t.out.note("containers and images of %q stay: podman can only remove them on the running device", m.User)
		return
	}
	podman := func(args ...string) error {
		_, err := t.Run.Run(ctx, command.Spec{Argv: append([]string{"podman"}, args...), As: &t.facts.User.User})
		return err
	}
	remove := []string{"rm", "--force", "--ignore"}
	for _, a := range m.Apps {
		remove = append(remove, a.Unit)
	}
	if err := podman(remove...); err != nil {
		t.out.note("%v", err)
	}
	for _, a := range m.Apps {
		for _, image := range []string{a.Image, "localhost/appliance/" + a.Unit + ":previous"} {
			if podman("image", "exists", image) != nil {
				continue
			}
			if err := podman("image", "rm", image); err != nil {
				t.out.note("%v", err)
			}
		}
	}
}

// purge removes all state.
func (t *task) purge() error {
	err := t.root().RemoveAll(stateDir)
	if errors.Is(err, rootfs.ErrKind) {
		t.out.note("%v", err)
		return nil
	}
	return err
}
