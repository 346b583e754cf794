//go:build containers_image_openpgp

package osbuild

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// checkDisk refuses a build that cannot end well, and warns of one that may not.
func (b *Backend) checkDisk(log io.Writer, dirs ...string) error {
	for _, dir := range dirs {
		free, err := b.free(dir)
		if err != nil {
			return err
		}
		if free < needFree {
			return fmt.Errorf("%w: %q has %d MiB, a build needs %d GiB or more; free some, or move [compose] store", ErrDisk, dir, free>>20, needFree>>30)
		}
		if free < wantFree {
			fmt.Fprintf(log, "little room: %s has %d MiB, a build may need %d GiB\n", dir, free>>20, wantFree>>30)
		}
	}
	return nil
}

func (b *Backend) free(dir string) (int64, error) {
	if b.Free != nil {
		return b.Free(dir)
	}
	for { // a folder that will be made is on the disk of the one around it
		var s syscall.Statfs_t
		err := syscall.Statfs(dir, &s)
		if err == nil {
			return int64(s.Bavail) * s.Bsize, nil
		}
		if parent := filepath.Dir(dir); os.IsNotExist(err) && parent != dir {
			dir = parent
			continue
		}
		return 0, fmt.Errorf("measuring the disk of %q: %w", dir, err)
	}
}

// mostMetadata bounds what is remembered of repositories; it is fetched again when it is gone.
const mostMetadata = 2 << 30

// trim forgets the metadata of repositories when there is too much of it.
func trim(cache string) {
	var size int64
	_ = filepath.WalkDir(cache, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be measured is not counted
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	if size > mostMetadata {
		_ = os.RemoveAll(cache)
	}
}
