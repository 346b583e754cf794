package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/blueprint"
)

// record is a Release as it lies on disk. The outer fields hide those of the same JSON names: they
// follow from the repository and would only grow stale.
type record struct {
	Release
	State      State          `json:"state,omitempty"`
	Signatures map[string]int `json:"signatures,omitempty"`
}

// recordSuffix and maxRecord are name and size of a record's file; tempPrefix begins the names of
// those that are being written.
const (
	recordSuffix = ".json"
	maxRecord    = 1 << 20
	tempPrefix   = ".new-"
)

func recordFile(dir string, v blueprint.Version) string {
	return filepath.Join(dir, string(v)+recordSuffix)
}

// writeRecord replaces a record atomically and returns when it is durable.
func writeRecord(dir string, r Release) (err error) {
	data, err := json.MarshalIndent(record{Release: r}, "", "  ")
	if err != nil {
		return err
	}
	if err := makeFolder(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(data, '\n'))
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), recordFile(dir, r.Version)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// makeFolder makes dir, durably, where it is missing.
func makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil // where it is no folder, the next step says so
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

func readRecord(dir string, v blueprint.Version) (Release, error) {
	name := recordFile(dir, v)
	info, err := os.Stat(name)
	if err != nil {
		return Release{}, err
	}
	if info.Size() > maxRecord {
		return Release{}, fmt.Errorf("reading record %q: %d bytes are too many", name, info.Size())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return Release{}, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return Release{}, fmt.Errorf("reading record %q: %w", name, err)
	}
	if r.Version != v {
		return Release{}, fmt.Errorf("reading record %q: it is that of version %q", name, r.Version)
	}
	return r.Release, nil
}

func removeRecord(dir string, v blueprint.Version) error {
	if err := os.Remove(recordFile(dir, v)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a record: %w", err)
	}
	if err := os.RemoveAll(documentsDir(dir, v)); err != nil {
		return fmt.Errorf("removing the documents of a release: %w", err)
	}
	return syncFolder(dir)
}

// recorded lists the versions of which there are records, and removes what a killed process was
// writing.
func recorded(dir string) ([]blueprint.Version, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var versions []blueprint.Version
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
		name, ok := strings.CutSuffix(e.Name(), recordSuffix)
		if v, err := blueprint.ParseVersion(name); ok && err == nil {
			versions = append(versions, v)
		}
	}
	return versions, nil
}

func syncFolder(name string) error {
	d, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
