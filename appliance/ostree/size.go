package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"edge/appliance/object"
)

// Size is the bytes of all objects and deltas on disk, and their number.
func (r *Repo) Size() (bytes int64, objects int, err error) {
	err = r.eachObject(func(_ object.Name, size int64) {
		bytes += size
		objects++
	})
	if err != nil {
		return 0, 0, fmt.Errorf("measuring %q: %w", r.dir, err)
	}
	deltas, err := r.Deltas()
	if err != nil {
		return 0, 0, fmt.Errorf("measuring %q: %w", r.dir, err)
	}
	for _, d := range deltas {
		bytes += d.Size
	}
	return bytes, objects, nil
}

// eachObject visits the loose objects on disk with their stored sizes, and passes over files of
// other names. One that vanishes meanwhile is none.
func (r *Repo) eachObject(visit func(n object.Name, size int64)) error {
	folders, err := os.ReadDir(r.dir + "/objects")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		entries, err := os.ReadDir(r.dir + "/objects/" + folder.Name())
		if err != nil {
			if !folder.IsDir() || errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return err
		}
		for _, e := range entries {
			n, err := object.ParseName(folder.Name() + "/" + e.Name())
			if err != nil || !e.Type().IsRegular() {
				continue
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			visit(n, info.Size())
		}
	}
	return nil
}
