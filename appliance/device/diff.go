package device

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"edge/appliance/rootfs"
)

// largestFile bounds the files that are compared; those that we write are far smaller.
const largestFile = 1 << 20

// comparison is what differs between a plan and a disk, and what the manifest will say afterwards.
type comparison struct {
	changes []Change // in the order of the plan
	records []Record // of everything that will be ours, in the order of making
	removed []Change // what an older plan made and this one does not want, in the order of removing
	carried []Record // folders of older plans that cannot be removed because something else is in them
}

// compare finds what differs. It changes nothing.
func (t *task) compare() (comparison, error) {
	var c comparison
	had := t.facts.manifest.records()
	items, err := t.withFolders(had, &c)
	if err != nil {
		return c, err
	}
	wanted := map[string]bool{}
	for _, item := range items {
		wanted[item.key()] = true
		change, err := t.compareItem(item, had[item.key()])
		switch {
		case err != nil && item.Home != "":
			// Links in a home are a convenience, and its user must not be able to keep the device from
			// being installed.
			t.skip(&c, item, err)
			continue
		case err != nil:
			return c, err
		}
		if change.Action != "" {
			c.changes = append(c.changes, change)
		}
		if err := t.outdated(&c, change, had[item.key()]); err != nil {
			return c, err
		}
		if change.record.Path != "" {
			c.records = append(c.records, change.record)
		}
	}
	return c, t.obsolete(&c, wanted)
}

// outdated finds what was written beside a file that is not edited any more.
func (t *task) outdated(c *comparison, change Change, rec *Record) error {
	if change.Kind != File || rec == nil || change.Action == Beside || change.Action == Keep {
		return nil
	}
	root, name, err := t.places.of(*rec)
	if err != nil {
		return err
	}
	i, err := root.Lstat(name + suffixNew)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !i.Mode.IsRegular() {
		return nil
	}
	if err == nil {
		c.removed = append(c.removed, Change{Path: change.Path + suffixNew, Kind: File, Action: Remove, Owner: change.Owner,
			Reason: "the file beside it is as it should be", record: Record{Path: change.Path + suffixNew, Home: rec.Home, UID: rec.UID, GID: rec.GID}})
	}
	return err
}

func (t *task) skip(c *comparison, item Item, err error) {
	c.changes = append(c.changes, Change{Path: item.Path, Kind: item.Kind, Action: Skip, Owner: item.Owner, Reason: err.Error(), stage: item.Stage})
}

// key tells records apart: there may be several settings in one file.
func (i Item) key() string {
	if i.Kind == Setting {
		return string(i.Kind) + " " + i.Path + " " + i.Line.Section + " " + i.Line.Key
	}
	if i.Kind == Folder {
		return string(i.Kind) + " " + i.Path
	}
	return i.Path // a file may become a link
}

func (r Record) key() string {
	i := Item{Path: r.Path, Kind: r.Kind}
	if r.Line != nil {
		i.Line = *r.Line
	}
	return i.key()
}

// records finds what an older run made by its key.
func (m *Manifest) records() map[string]*Record {
	all := map[string]*Record{}
	if m != nil {
		for i := range m.Items {
			all[m.Items[i].key()] = &m.Items[i]
		}
	}
	return all
}

// compareItem says what is to be done about one item. An empty Action is nothing; an empty record is that
// nothing of ours will be there.
func (t *task) compareItem(item Item, rec *Record) (Change, error) {
	change := Change{Path: item.Path, Kind: item.Kind, Owner: item.Owner, Mode: item.Mode, item: item, record: newRecord(item), stage: item.Stage}
	root, name, err := t.places.at(item.Path, item.Home, item.UID, item.GID)
	if err != nil {
		return change, err
	}
	switch {
	case item.Kind == Folder:
		return change, t.compareFolder(&change, root, name, rec)
	case item.Kind == Setting:
		return change, t.compareSetting(&change, root, name, rec)
	case item.Kind == Link:
		return change, t.compareLink(&change, root, name, rec)
	case item.Binary:
		return change, t.compareBinary(&change, root, name, rec)
	default:
		return change, t.compareFile(&change, root, name, rec)
	}
}

func newRecord(item Item) Record {
	r := Record{Path: item.Path, Kind: item.Kind, Owner: item.Owner, UID: item.UID, GID: item.GID, Home: item.Home}
	switch item.Kind {
	case File:
		r.Sum = sum(item.Content)
		r.Mode = octal(item.Mode)
	case Folder:
		r.Mode = octal(item.Mode)
	case Link:
		r.Target = item.Target
	case Setting:
		line := item.Line
		r.Line = &line
	}
	return r
}

func octal(mode fs.FileMode) string { return fmt.Sprintf("%04o", mode.Perm()) }

func (t *task) compareFolder(c *Change, root *rootfs.Root, name string, rec *Record) error {
	i, err := root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Action = Create
		return nil
	case err != nil:
		return err
	case !i.Mode.IsDir():
		return fmt.Errorf("making folder %q: %w", c.Path, rootfs.ErrKind)
	}
	// The folder of our own name is ours even where a power cut came before the manifest.
	c.record.Found = c.Path != configDir && (rec == nil || rec.Found)
	if !root.Fits(i, c.record.attr()) {
		c.Action, c.Reason = Update, attributes(i, c.item)
	}
	return nil
}

// attributes tells in what the permissions or the owner of something differ.
func attributes(i rootfs.Info, item Item) string {
	if i.Mode.Perm() != item.Mode.Perm() {
		return fmt.Sprintf("mode %s, want %s", octal(i.Mode), octal(item.Mode))
	}
	return fmt.Sprintf("owner %d:%d, want %d:%d", i.UID, i.GID, item.UID, item.GID)
}

func (t *task) compareLink(c *Change, root *rootfs.Root, name string, rec *Record) error {
	i, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Action = Create
		return nil
	case err != nil:
		return err
	}
	if rec != nil {
		c.record.Saved = rec.Saved
	}
	if i.Target == c.item.Target || (rec == nil || rec.Found) && sameEnabling(c.Path, i.Target, c.item.Target) {
		c.record.Found = rec == nil || rec.Found
		return nil
	}
	ours, err := t.ours(root, name, i, rec)
	switch {
	case err != nil:
		return err
	case ours:
		c.Action = Update
		if c.record.Was = i.Target; i.Target == "" {
			c.record.Was = rec.Sum // it was a file
		}
	case i.Mode.IsDir():
		return fmt.Errorf("making link %q: %w: a folder; move it away", c.Path, rootfs.ErrKind)
	case t.Force:
		had := ""
		if i.Mode.IsRegular() {
			if had, err = sumOf(root, name); err != nil {
				return err
			}
		}
		foreign := rec == nil || rec.Found || rec.Saved.is(content(i, had))
		return t.replace(c, root, name, "somebody else made something of that name", !foreign, content(i, had))
	default:
		c.Action, c.Reason = Keep, "somebody else made something of that name; --force replaces it"
		c.record.Found = rec == nil || rec.Found
	}
	return nil
}

// sameEnabling reports whether two links at one path start the same unit: systemd goes by the name.
func sameEnabling(name, a, b string) bool { return enables(name) && path.Base(a) == path.Base(b) }

// ours reports whether what is on the disk is just as we left it.
func (t *task) ours(root *rootfs.Root, name string, i rootfs.Info, rec *Record) (bool, error) {
	switch {
	case rec == nil || rec.Found:
		return false, nil
	case i.Mode.Type() == fs.ModeSymlink && rec.Saved.is(i.Target):
		return false, nil
	case i.Mode.Type() == fs.ModeSymlink:
		return i.Target == rec.Target && rec.Kind == Link || i.Target == rec.Was, nil
	case !i.Mode.IsRegular():
		return false, nil
	case rec.Copied != nil && rec.Copied.fits(i):
		return true, nil
	}
	had, err := sumOf(root, name)
	return (had == rec.Sum || had == rec.Was) && !rec.Saved.is(had), err
}

// obsolete finds what an older plan made and this one does not want. The last thing made is the first to go.
func (t *task) obsolete(c *comparison, wanted map[string]bool) error {
	if t.facts.manifest == nil {
		return nil
	}
	r := remover{task: t, going: map[string]bool{}}
	for _, rec := range slices.Backward(t.facts.manifest.Items) {
		if wanted[rec.key()] {
			continue
		}
		left, err := r.plan(rec)
		if err != nil {
			return err
		}
		if left {
			c.carried = append(c.carried, rec)
		}
	}
	slices.Reverse(c.carried)
	c.removed = append(c.removed, r.changes...)
	return nil
}
