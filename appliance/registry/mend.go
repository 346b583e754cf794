package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mend brings every repository into a state that was acknowledged and returns what it did, a line each.
func (s *Store) mend() ([]string, error) {
	names, err := s.repositories()
	if err != nil {
		return nil, err
	}
	var done []string
	for _, name := range names {
		l, err := s.claim(name)
		if err != nil {
			continue // a folder from elsewhere, which cannot be asked for
		}
		said, err := l.mend()
		if err != nil {
			return done, fmt.Errorf("mending repository %q: %w", name, err)
		}
		if said != "" {
			done = append(done, fmt.Sprintf("repository %q: %s", name, said))
		}
	}
	return done, nil
}

// mend removes what a killed process left half written, and after a power cut goes back to the last
// index.json that was durable.
func (l *layout) mend() (said string, err error) {
	if err := l.sweep(); err != nil {
		return "", err
	}
	index, good := filepath.Join(l.dir, indexFile), filepath.Join(l.dir, goodFile)
	now, err := os.Stat(index)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	before, goodErr := os.Stat(good)
	if err == nil && goodErr == nil && os.SameFile(now, before) {
		return "", nil
	}
	fault := l.fault()
	if fault != nil && goodErr == nil {
		return fmt.Sprintf("the last change of a tag was not finished (%v); the tags are those before it", fault),
			errors.Join(link(good, index), syncPath(l.dir))
	}
	entries, unread := l.entries()
	switch {
	case errors.Is(unread, ErrUnknown):
		return "", nil // nothing was ever pushed
	case unread != nil: // nothing was ever acknowledged, or the files came from elsewhere
		return fmt.Sprintf("index.json is not readable (%v) and is kept as index.json.broken", unread), os.Rename(index, index+".broken")
	case fault != nil:
		said = fmt.Sprintf("index.json names something that is not there: %v", fault)
	}
	return said, l.settle(l.present(entries)...)
}

// present are the manifests of entries that are there.
func (l *layout) present(entries []descriptor) []Digest {
	var all []Digest
	for _, d := range entries {
		if _, err := os.Stat(l.blob(d.Digest)); err == nil {
			all = append(all, d.Digest)
		}
	}
	return all
}

// fault is what is wrong with index.json or with a manifest that it names.
func (l *layout) fault() error {
	entries, err := l.entries()
	if err != nil {
		return err
	}
	for _, d := range entries {
		if _, err := l.readBlob(d.Digest, max(d.Size, 0)); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes temporary files and writes oci-layout, without which olareg sees no repository.
func (l *layout) sweep() error {
	if err := os.RemoveAll(filepath.Join(l.dir, uploads)); err != nil {
		return err
	}
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		digits, isTemp := strings.CutPrefix(f.Name(), indexFile+".")
		if isTemp && digits != "" && strings.Trim(digits, "0123456789") == "" && f.Type().IsRegular() {
			if err := os.Remove(filepath.Join(l.dir, f.Name())); err != nil {
				return err
			}
		}
	}
	name := filepath.Join(l.dir, layoutFile)
	if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), "imageLayoutVersion") {
		return nil
	}
	return errors.Join(os.WriteFile(name, []byte(layoutContent), 0o644), syncPath(name))
}
