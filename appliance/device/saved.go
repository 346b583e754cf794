package device

import (
	"errors"
	"io/fs"

	"edge/appliance/rootfs"
)

// saved reports whether what was replaced is still beside its place.
func saved(root *rootfs.Root, name string) bool {
	i, err := root.Lstat(name + suffixSave)
	return err == nil && (i.Mode.IsRegular() || i.Target != "")
}

// copyOf removes what was saved where a run was cut off: what was to be replaced is in its place, still or
// again.
func (r *remover) copyOf(root *rootfs.Root, name string, rec Record) error {
	i, err := root.Lstat(name + suffixSave)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	had := ""
	if i.Mode.IsRegular() {
		if had, err = sumOf(root, name+suffixSave); err != nil {
			return err
		}
	}
	if rec.Saved.is(content(i, had)) {
		rec.Path += suffixSave
		r.remove(rec, "")
	}
	return nil
}

// putBack gives what was replaced its place back. It is written anew and then removed where it was saved, so
// that at any moment it is in one of the two places.
func putBack(root *rootfs.Root, name string, rec Record) error {
	i, err := root.Lstat(name + suffixSave)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if i.Target != "" {
		if _, err := root.Symlink(name, i.Target); err != nil {
			return err
		}
		return root.Remove(name + suffixSave)
	}
	data, err := root.Read(name+suffixSave, largestFile)
	if err != nil {
		return err
	}
	mode, err := parseMode(rec.Saved.Mode)
	if err != nil {
		return err
	}
	if _, err := root.Write(name, data, rootfs.Attr{Mode: mode, UID: i.UID, GID: i.GID}); err != nil {
		return err
	}
	return root.Remove(name + suffixSave)
}
