package ostree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"edge/appliance/object"
)

// path is where an object lies on disk.
func (r *Repo) path(n object.Name) string { return r.dir + "/objects/" + n.Path() }

// has reports whether an object lies in the repository.
func (r *Repo) has(n object.Name) bool {
	_, ok := r.stat(n)
	return ok
}

// stat returns the stored size of an object. One that is not a regular file is none.
func (r *Repo) stat(n object.Name) (size int64, ok bool) {
	info, err := os.Lstat(r.path(n))
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// open opens an object; one that is not there is ErrUnknown.
func (r *Repo) open(n object.Name) (*os.File, error) {
	f, err := os.Open(r.path(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("object %s.%s: %w", n.Checksum, n.Kind, ErrUnknown)
	}
	return f, err
}

// readMetadata reads a commit, dirtree or dirmeta without verifying it.
func (r *Repo) readMetadata(n object.Name) ([]byte, error) {
	data, err := readSmall(r.path(n), object.MaxMetadata)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("object %s.%s: %w", n.Checksum, n.Kind, ErrUnknown)
	}
	return data, err
}

// Commit reads a commit object.
func (r *Repo) Commit(c object.Checksum) (object.Commit, error) {
	data, err := r.readMetadata(object.Name{Checksum: c, Kind: object.KindCommit})
	if err != nil {
		return object.Commit{}, fmt.Errorf("reading commit %s: %w", c, err)
	}
	commit, err := object.ParseCommit(data)
	if err != nil {
		return object.Commit{}, fmt.Errorf("reading commit %s: %w", c, err)
	}
	return commit, nil
}

// Complete reports whether c is there and not marked partial. It does not walk the closure: every
// way into the repository has done that, and Verify does it again.
func (r *Repo) Complete(c object.Checksum) error {
	if !r.has(object.Name{Checksum: c, Kind: object.KindCommit}) {
		return fmt.Errorf("commit %s: %w", c, ErrUnknown)
	}
	if _, err := os.Lstat(r.dir + "/" + partialMark(c)); err == nil {
		return fmt.Errorf("commit %s: %w: it is marked partial; import it again", c, ErrIncomplete)
	}
	return nil
}

// partialMark is the file by which libostree says that a commit's closure has holes.
func partialMark(c object.Checksum) string { return "state/" + string(c) + ".commitpartial" }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
