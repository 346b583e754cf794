package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	recordName = "job.json"
	logName    = "log"
	workName   = "work"
	maxRecord  = 4 << 20 // bytes of a record
)

// writeRecord replaces a record atomically and returns when it is durable.
func writeRecord(dir string, j Job) (err error) {
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, recordName)); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readRecord(dir string) (Job, error) {
	f, err := os.Open(filepath.Join(dir, recordName))
	if err != nil {
		return Job{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return Job{}, err
	}
	return parseRecord(data)
}

// parseRecord reads a record of a process that may have been another version.
func parseRecord(data []byte) (Job, error) {
	var j Job
	if len(data) > maxRecord {
		return j, fmt.Errorf("reading a job: more than %d MiB", maxRecord>>20)
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return Job{}, fmt.Errorf("reading a job: %w", err)
	}
	if j.State == "" {
		return Job{}, errors.New("reading a job: it has no state")
	}
	return j, nil
}
