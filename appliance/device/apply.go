package device

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"edge/appliance/rootfs"
)

// Order of an installation, and what a power cut between any two of its steps leaves behind:
//
//  1. The manifest tells the intent: everything that will be made, what it replaces, and everything that is
//     still there of an older plan. From here on a second run knows what is ours, whatever happens.
//  2. Folders, then programs, data, environments and units. None of it starts by itself. A unit of an older
//     plan may meet a newer environment; both are whole, and the next run makes them fit again.
//  3. Links that enable units. What they start is there.
//  4. The profile. The checks judge a boot by what it says, so that an app may be in it only when its unit is
//     there and enabled, and must be in it no longer before its unit goes.
//  5. Checks; the required ones at the very end. Were one there before its app, the next boot would be red,
//     and a healthy update would be rolled back for it.
//  6. What the older plan made and this one does not want goes, in the opposite order: checks and links before
//     the units that they need.
//  7. systemd and the firewall are told. What is to be told is in the manifest, so that it is told after an
//     interruption as well.
//  8. The manifest says that all of this is complete. An interrupted installation never claims to be one.
//
// Between steps all that was written is durable. Within a step every file appears whole, in no certain order.
func (t *task) install(ctx context.Context) error {
	c, err := t.compare()
	if err != nil {
		return err
	}
	t.out.Notes = append(t.out.Notes, t.plan.Notes...)
	t.out.Changes = append(append(t.out.Changes, c.changes...), c.removed...)
	m := t.intent(&c)
	if err := t.survey(ctx, &c, &m); err != nil {
		return err
	}
	if t.DryRun {
		return nil
	}
	if err := t.sweep(m); err != nil {
		return err
	}
	if !t.out.Changed() && t.settled(m, c) {
		return nil
	}
	if err := t.apply(ctx, &c, &m); err != nil {
		return err
	}
	return t.complete(&c, m)
}

// intent is the manifest for the time of applying.
func (t *task) intent(c *comparison) Manifest {
	old := t.facts.manifest
	m := Manifest{
		Format: manifestFormat, State: Applying, Version: t.Version, Time: t.Now().UTC().Truncate(time.Second),
		User: t.plan.User.Name, Items: append(slices.Clone(c.records), c.carried...), Apps: t.plan.Apps, Pending: &Pending{},
	}
	if old != nil {
		m.Wall = old.Wall
		if old.Pending != nil {
			*m.Pending = *old.Pending
		}
		kept := map[string]bool{}
		for _, r := range m.Items {
			kept[r.key()] = true
		}
		for _, r := range old.Items {
			if !kept[r.key()] && !r.foreign() {
				m.Items = append(m.Items, r)
			}
		}
	}
	t.pending(c, m.Pending)
	t.out.Units = m.Pending.Changed
	return m
}

// survey finds what programs have to say before anything is written: whether the firewall is closed, and
// whether sudo takes its file.
func (t *task) survey(ctx context.Context, c *comparison, m *Manifest) error {
	for _, change := range c.changes {
		if err := t.validate(ctx, change); err != nil {
			return err
		}
	}
	return t.surveyWall(ctx, m)
}

// settled reports whether the manifest on the disk says already what m will.
func (t *task) settled(m Manifest, c comparison) bool {
	old := t.facts.manifest
	if old == nil || old.State != Complete {
		return false
	}
	m = finished(m, c)
	m.Time = old.Time
	want, err := m.encode()
	had, err2 := old.encode()
	return err == nil && err2 == nil && string(want) == string(had)
}

func (t *task) apply(ctx context.Context, c *comparison, m *Manifest) error {
	if err := t.root().Mkdir(configDir, rootfs.Attr{Mode: 0o755}); err != nil {
		return err
	}
	if err := t.writeManifest(*m); err != nil {
		return err
	}
	for stage := StageFolder; stage <= StageCheck; stage++ {
		if err := t.makeStage(c, stage); err != nil {
			return err
		}
	}
	if err := t.stop(ctx, m.Pending.Gone); err != nil {
		return err
	}
	if err := t.removeAll(c.removed); err != nil {
		return err
	}
	return t.tell(ctx, m)
}

// bear turns a failure in a home into a note: its user must not be able to keep the device from being
// installed.
func (t *task) bear(c Change, err error) error {
	if err != nil && c.record.Home != "" && (errors.Is(err, rootfs.ErrUnsafe) || errors.Is(err, fs.ErrNotExist)) {
		t.out.note("left out: %v", err)
		return nil
	}
	return err
}

// makeStage writes what belongs to one stage, and returns when it is durable.
func (t *task) makeStage(c *comparison, stage Stage) error {
	batches := map[*rootfs.Root]*rootfs.Batch{}
	var order []*rootfs.Root
	defer func() {
		for _, b := range batches {
			b.Close()
		}
	}()
	for _, change := range c.changes {
		if change.stage != stage || change.Action == Keep || change.Action == Skip {
			continue
		}
		root, name, err := t.places.of(change.record)
		if err != nil {
			if err := t.bear(change, err); err != nil {
				return err
			}
			continue
		}
		if batches[root] == nil {
			batches[root] = root.Batch()
			order = append(order, root)
		}
		if err := t.bear(change, t.make(batches[root], root, name, change)); err != nil {
			return err
		}
	}
	for _, root := range order {
		if err := batches[root].Commit(); err != nil {
			return err
		}
	}
	return nil
}

// make adds one folder, file or link to a batch.
func (t *task) make(b *rootfs.Batch, root *rootfs.Root, name string, c Change) error {
	attr := c.record.attr()
	if c.Action == Replace {
		if err := t.save(root, name); err != nil {
			return err
		}
	}
	switch {
	case c.Kind == Folder && c.Action == Create:
		return b.Mkdir(name, attr)
	case c.Kind == Folder:
		_, err := root.Adjust(name, attr)
		return err
	case c.Kind == Setting:
		return b.Write(name, c.data, rootfs.Attr{Mode: c.item.Mode, UID: c.item.UID, GID: c.item.GID})
	case c.Kind == Link:
		return b.Symlink(name, c.item.Target)
	case c.item.Binary:
		source, err := t.openBinary()
		if err != nil {
			return err
		}
		defer source.Close()
		return b.Copy(name, source, attr)
	case c.Action == Beside:
		attr.Mode &^= 0o111
		return b.Write(name+suffixNew, c.item.Content, attr)
	case c.Reason != "" && c.Action == Update:
		// Only the attributes differ: another content that means the same stays.
		if data, err := root.Read(name, largestFile); err == nil && c.item.same != nil && c.item.same(data) {
			return b.Write(name, data, attr)
		}
	}
	return b.Write(name, c.item.Content, attr)
}

// save keeps what a person wrote beside what replaces it.
func (t *task) save(root *rootfs.Root, name string) error {
	i, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if i.Target != "" {
		_, err := root.Symlink(name+suffixSave, i.Target)
		return err
	}
	data, err := root.Read(name, largestFile)
	if err != nil {
		return err
	}
	_, err = root.Write(name+suffixSave, data, rootfs.Attr{Mode: i.Mode.Perm() &^ 0o111, UID: i.UID, GID: i.GID})
	return err
}

// removeAll removes what was planned to be removed, and puts lines back.
func (t *task) removeAll(changes []Change) error {
	for _, c := range changes {
		if c.Action != Remove && c.Action != Restore {
			continue
		}
		root, name, err := t.places.of(c.record)
		if err != nil {
			if err := t.bear(c, err); err != nil {
				return err
			}
			continue
		}
		if c.Action == Restore && c.Kind != Setting {
			err = putBack(root, name, c.record)
		} else if c.Action == Restore {
			_, err = root.Write(name, c.data, rootfs.Attr{Mode: c.item.Mode, UID: c.item.UID, GID: c.item.GID})
		} else {
			err = root.Remove(name)
		}
		if c.Kind == Folder && errors.Is(err, fs.ErrExist) {
			t.out.note("%s stays: something is in it", c.Path)
			continue
		}
		if err := t.bear(c, err); err != nil {
			return err
		}
	}
	return nil
}

// complete writes the manifest that says so, and its copy.
func (t *task) complete(c *comparison, m Manifest) error {
	m = finished(m, *c)
	for i := range m.Items {
		if r := &m.Items[i]; r.Source != nil {
			there, err := t.root().Lstat(r.Path)
			if err != nil {
				return err
			}
			r.Copied = stampOf(there)
		}
	}
	data, err := m.encode()
	if err != nil {
		return err
	}
	if _, err := t.root().Write(manifestCopy, data, rootfs.Attr{Mode: 0o644}); err != nil {
		return err
	}
	return t.writeManifest(m)
}

// finished is an intent that was carried out.
func finished(m Manifest, c comparison) Manifest {
	m.State, m.Pending = Complete, nil
	m.Items = append(slices.Clone(c.records), c.carried...)
	for i := range m.Items {
		m.Items[i].Was = ""
	}
	return m
}

func (t *task) writeManifest(m Manifest) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	_, err = t.root().Write(ManifestPath, data, rootfs.Attr{Mode: 0o644})
	return err
}

// sweep removes the temporary files of a run that was cut off.
func (t *task) sweep(m Manifest) error {
	seen := map[string]bool{}
	for _, r := range append([]Record{{Path: ManifestPath}, {Path: manifestCopy}}, m.Items...) {
		dir := path.Dir(r.Path)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		err := t.sweepFolder(dir, r)
		if err != nil && r.Home == "" { // in a home its user may do anything, also this
			return fmt.Errorf("sweeping %q: %w", dir, err)
		}
	}
	return nil
}

func (t *task) sweepFolder(dir string, r Record) error {
	root, name, err := t.places.at(dir, r.Home, r.UID, r.GID)
	if err != nil {
		return err
	}
	left, err := root.Leftovers(path.Clean("/" + name))
	if err != nil {
		return err
	}
	return root.Remove(left...)
}
