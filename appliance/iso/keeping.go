package iso

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// maxCheckpoints of one base are kept; each stands for a second of hashing.
const maxCheckpoints = 64

// keepBase writes down a base with its checkpoints, and makes it known.
func (s *Shelf) keepBase(b *Base) error {
	s.mu.Lock()
	n := baseNote{b, maps.Clone(s.points[b.SHA256])}
	s.mu.Unlock()
	if err := writeJSON(filepath.Join(s.basesPath(), b.Name+".json"), n); err != nil {
		return fmt.Errorf("keeping base %q: %w", b.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bases[b.Name] != b {
		s.made.dropBase(b.Name)
	}
	s.bases[b.Name] = b
	return nil
}

// remember keeps a checkpoint in memory; s.mu is held. One more than there is room for drives out any other.
func (s *Shelf) remember(b *Base, variant string, c Checkpoint) {
	of := s.points[b.SHA256]
	if of == nil {
		of = map[string]Checkpoint{}
		s.points[b.SHA256] = of
	}
	for other := range of {
		if len(of) < maxCheckpoints {
			break
		}
		delete(of, other)
	}
	of[variant] = c
}

// writeJSON replaces a file whole: a temporary one beside it, fsync, rename, fsync of the folder.
func writeJSON(name string, v any) (err error) {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
