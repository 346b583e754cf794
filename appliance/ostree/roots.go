package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"edge/appliance/object"
)

// root is a ref on disk, published or hold or foreign. All of them keep commits alive.
type root struct {
	name   string          // below the repository: refs/heads/rhel/9/x86_64/edge
	commit object.Checksum // "" with err
	err    error           // the file is no ref
}

// roots reads every ref from disk, where libostree's programs may have changed some. Unlike a list
// of refs it leaves out no file on account of its name: what may be a root must count as one.
func (r *Repo) roots() ([]root, error) {
	var all []root
	for _, folder := range []string{"refs/heads", "refs/remotes", "refs/mirrors"} {
		err := filepath.WalkDir(filepath.Join(r.dir, folder), func(file string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it vanished under our eyes
			case err != nil || e.IsDir():
				return err
			case strings.HasPrefix(e.Name(), "."):
				return nil // a temporary file; no ref may begin so
			}
			found, err := readRoot(r.dir, file)
			if !errors.Is(err, fs.ErrNotExist) {
				all = append(all, found)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the refs: %w", err)
		}
	}
	return all, nil
}

// readRoot returns the error in the root, too.
func readRoot(dir, file string) (root, error) {
	found := root{name: strings.TrimPrefix(file, dir+"/")}
	data, err := readSmall(file, 256)
	if err == nil {
		found.commit, err = object.ParseChecksum(strings.TrimSpace(string(data)))
	}
	if err != nil {
		found.err = fmt.Errorf("ref %q holds no checksum of a commit: %w", found.name, err)
	}
	return found, err
}
