package device

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"edge/appliance/rootfs"
)

// remover finds out what of a manifest is to be removed. It is asked for one record after the other, in the
// order of removing, and changes nothing.
type remover struct {
	task    *task
	going   map[string]bool // real paths that will be gone by then
	changes []Change
}

// plan adds what is to be done about one record. left tells that a folder stays because something is in it:
// it is still ours.
func (r *remover) plan(rec Record) (left bool, err error) {
	if rec.foreign() && rec.Kind != File {
		return false, nil
	}
	root, name, err := r.task.places.of(rec)
	if errors.Is(err, fs.ErrNotExist) || err != nil && rec.Home != "" {
		// The home is gone or led elsewhere: what was in it is none of our affair any more.
		return false, nil
	}
	if err != nil {
		return false, err
	}
	i, err := root.Lstat(name)
	if rec.Home != "" && errors.Is(err, rootfs.ErrUnsafe) {
		return false, nil
	}
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && !absent {
		return false, err
	}
	switch {
	case rec.Kind == Folder:
		return r.folder(root, name, rec, i, absent)
	case rec.Kind == Setting:
		return false, r.setting(root, name, rec, i, absent)
	}
	if err := r.beside(root, name, rec); err != nil || absent || rec.foreign() {
		return false, err
	}
	ours, err := r.task.ours(root, name, i, &rec)
	if err != nil {
		return false, err
	}
	if !ours && rec.Saved != nil {
		had := ""
		if i.Mode.IsRegular() {
			if had, err = sumOf(root, name); err != nil {
				return false, err
			}
		}
		if rec.Saved.is(content(i, had)) {
			return false, r.copyOf(root, name, rec)
		}
	}
	if !ours {
		r.add(rec, Keep, "it was edited")
		return false, nil
	}
	if rec.Saved == nil || !saved(root, name) {
		r.remove(rec, "")
		return false, nil
	}
	r.add(rec, Restore, "as it was saved in "+suffixSave[1:])
	if real, err := r.task.places.real(rec.Path+suffixSave, rec.Home); err == nil {
		r.going[real] = true
	}
	return false, nil
}

func (r *remover) add(rec Record, action Action, reason string) {
	r.changes = append(r.changes, Change{Path: rec.Path, Kind: rec.Kind, Action: action, Owner: rec.Owner, Reason: reason, record: rec})
}

func (r *remover) remove(rec Record, reason string) {
	if real, err := r.task.places.real(rec.Path, rec.Home); err == nil {
		r.going[real] = true
	}
	r.add(rec, Remove, reason)
}

// beside removes what we wrote beside a file that was edited.
func (r *remover) beside(root *rootfs.Root, name string, rec Record) error {
	if rec.Kind != File {
		return nil
	}
	i, err := root.Lstat(name + suffixNew)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !i.Mode.IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	had, err := sumOf(root, name+suffixNew)
	if err != nil || had != rec.Sum {
		return err
	}
	rec.Path += suffixNew
	r.remove(rec, "")
	return nil
}

func (r *remover) folder(root *rootfs.Root, name string, rec Record, i rootfs.Info, absent bool) (left bool, err error) {
	if absent || !i.Mode.IsDir() {
		return false, nil
	}
	names, err := root.Names(name)
	if err != nil {
		return false, err
	}
	real, err := r.task.places.real(rec.Path, rec.Home)
	if err != nil {
		return false, err
	}
	for _, in := range names {
		if !r.going[path.Join(real, in)] {
			return true, nil
		}
	}
	r.remove(rec, "")
	return false, nil
}

// setting puts the old lines back, where the file still says what we wrote.
func (r *remover) setting(root *rootfs.Root, name string, rec Record, i rootfs.Info, absent bool) error {
	if absent || !i.Mode.IsRegular() {
		return nil
	}
	data, err := root.Read(name, largestFile)
	if err != nil {
		return err
	}
	text := string(data)
	back := rec.Line.unset(text, rec.Old, rec.Section)
	switch {
	case back == "" && text != "" && !rec.Found:
		// A file that was made for this line alone.
		r.remove(rec, "")
	case back != text:
		c := Change{Path: rec.Path, Kind: Setting, Action: Restore, Owner: rec.Owner, Diff: unified(rec.Path, text, back), record: rec, data: []byte(back)}
		c.item = Item{Path: rec.Path, Kind: Setting, Mode: i.Mode.Perm(), UID: i.UID, GID: i.GID}
		r.changes = append(r.changes, c)
	case !rec.Line.isOld(text, rec.Old):
		r.add(rec, Keep, fmt.Sprintf("it was edited and does not say %s any more", rec.Line.text()))
	}
	return nil
}
