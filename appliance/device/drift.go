package device

import (
	"errors"
	"fmt"
	"io/fs"

	"edge/appliance/rootfs"
)

// Difference is something that is not as Install left it.
type Difference struct {
	Path  string `json:"path"`
	Kind  Kind   `json:"kind"`
	Owner string `json:"owner,omitempty"`
	Fault string `json:"fault"` // "is missing", "was edited", …
}

// Drift compares the device below root with its manifest. It returns fs.ErrNotExist where nothing is
// installed.
func Drift(root string) ([]Difference, error) {
	m, err := ReadManifest(root)
	if err != nil {
		return nil, err
	}
	r, err := rootfs.Open(root, rootfs.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := &task{places: newPlaces(r)}
	defer t.places.close()
	var all []Difference
	add := func(rec Record, fault string) {
		if fault != "" {
			all = append(all, Difference{Path: rec.Path, Kind: rec.Kind, Owner: rec.Owner, Fault: fault})
		}
	}
	if m.State != Complete {
		add(Record{Path: ManifestPath, Kind: File, Owner: "host"}, fmt.Sprintf("says %q: the last run was interrupted; run it again", m.State))
	}
	for _, rec := range m.Items {
		at, name, err := t.places.of(rec)
		if err != nil {
			add(rec, fmt.Sprintf("cannot be looked at: %v", err))
			continue
		}
		fault, err := t.drifted(at, name, rec)
		if err != nil {
			fault = fmt.Sprintf("cannot be looked at: %v", err)
		}
		add(rec, fault)
		if _, err := at.Lstat(name + suffixNew); err == nil && rec.Kind == File {
			add(Record{Path: rec.Path + suffixNew, Kind: File, Owner: rec.Owner}, "waits to be merged into the file that it lies beside")
		}
	}
	return all, nil
}

// drifted tells what is wrong with one item; "" is nothing.
func (t *task) drifted(root *rootfs.Root, name string, rec Record) (string, error) {
	look := root.Lstat
	if rec.Kind == Folder {
		look = root.Stat
	}
	i, err := look(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", err
	}
	switch rec.Kind {
	case Folder:
		if !i.Mode.IsDir() {
			return "is no folder", nil
		}
	case Setting:
		data, err := root.Read(name, largestFile)
		if err != nil || rec.Line.written(string(data)) {
			return "", err
		}
		return fmt.Sprintf("does not say %s", rec.Line.text()), nil
	case Link:
		if i.Target != rec.Target && !sameEnabling(rec.Path, i.Target, rec.Target) {
			return fmt.Sprintf("does not lead to %s", rec.Target), nil
		}
		return "", nil
	default:
		found := rec
		found.Found = false
		ours, err := t.ours(root, name, i, &found)
		if err != nil || !ours {
			return "was edited", err
		}
	}
	if !root.Fits(i, rec.attr()) {
		return attributes(i, Item{Mode: rec.attr().Mode, UID: rec.UID, GID: rec.GID}), nil
	}
	return "", nil
}
