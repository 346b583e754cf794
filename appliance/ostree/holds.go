package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/object"
)

// A hold is a ref of ours below refs/remotes/appliance/. libostree's prune keeps what it names, and
// neither its summary nor ours lists it.
const (
	holdsFolder    = "refs/remotes/appliance"
	releaseHolds   = "release/"   // a release, whether devices may see it or not
	publishedHolds = "published/" // a commit that a ref named once; devices may still be pulling it
	headsFolder    = "refs/heads"
	maxRefFile     = 128
	maxRefs        = 100_000
)

// Hold keeps commit alive under name, such as "release/0.0.1".
func (r *Repo) Hold(ctx context.Context, name string, commit object.Checksum) error {
	unlock, err := r.lock(ctx, shared) // or a prune could remove what we are about to hold
	if err != nil {
		return fmt.Errorf("holding %q: %w", name, err)
	}
	defer unlock()
	return r.hold(name, commit)
}

// hold is Hold for callers that have the lock.
func (r *Repo) hold(name string, commit object.Checksum) error {
	if err := checkHold(name); err != nil {
		return err
	}
	if err := r.Complete(commit); err != nil {
		return fmt.Errorf("holding %q: %w", name, err)
	}
	if err := r.writeFile(holdsFolder+"/"+name, refFile(commit)); err != nil {
		return fmt.Errorf("holding %q: %w", name, err)
	}
	r.stale.Store(true)
	return nil
}

// Drop gives a hold up. One that is not there is ErrUnknown.
func (r *Repo) Drop(name string) error {
	if err := checkHold(name); err != nil {
		return err
	}
	file := holdsFolder + "/" + name
	if _, err := os.Lstat(filepath.Join(r.dir, file)); err != nil {
		return fmt.Errorf("dropping hold %q: %w", name, ErrUnknown)
	}
	if err := r.writeFiles([]change{{file, nil}}); err != nil {
		return fmt.Errorf("dropping hold %q: %w", name, err)
	}
	r.stale.Store(true)
	return nil
}

// Holds lists all holds by name.
func (r *Repo) Holds() (map[string]object.Checksum, error) { return r.readRefs(holdsFolder) }

func checkHold(name string) error {
	if _, err := object.ParseRef(name); err != nil {
		return fmt.Errorf("hold %q: %w", name, err)
	}
	return nil
}

func refFile(c object.Checksum) []byte { return []byte(string(c) + "\n") }

// readRefs reads the ref files below folder. What is no ref by its name or content is passed over,
// as libostree does with names; a damaged file names nothing that could be served.
func (r *Repo) readRefs(folder string) (map[string]object.Checksum, error) {
	refs := map[string]object.Checksum{}
	root := filepath.Join(r.dir, folder)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed while we walk, or no hold yet
		case err != nil || d.IsDir() || !d.Type().IsRegular():
			return err
		case len(refs) == maxRefs:
			return fmt.Errorf("more than %d refs", maxRefs)
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, root+"/"))
		if _, err := object.ParseRef(name); err != nil {
			return nil
		}
		data, err := readSmall(file, maxRefFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if c, err := object.ParseChecksum(strings.TrimRight(string(data), "\n")); err == nil {
			refs[name] = c
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading refs below %q: %w", root, err)
	}
	return refs, nil
}

// clash reports a ref that is a folder of another: the file system cannot hold both.
func clash(ref object.Ref, refs map[object.Ref]object.Checksum) error {
	for other := range refs {
		if strings.HasPrefix(string(other), string(ref)+"/") || strings.HasPrefix(string(ref), string(other)+"/") {
			return fmt.Errorf("ref %q: %w: it is a folder of ref %q or the other way round; choose another name", ref, object.ErrBadName, other)
		}
	}
	return nil
}
