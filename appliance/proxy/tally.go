package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Tally is what a proxy has counted; in its file it adds up over all runs.
type Tally struct {
	Connections uint64        `json:"connections"`
	Starts      uint64        `json:"cold_starts"`    // of the application, with success
	Failures    uint64        `json:"failed_starts"`  // it did not become ready
	Last        time.Duration `json:"last_start"`     // from the first request until it was ready, nanoseconds
	Longest     time.Duration `json:"longest_start"`  // nanoseconds
	Since       time.Time     `json:"since,omitzero"` // when the first run ended
	Ended       time.Time     `json:"ended,omitzero"` // when the last run did
}

const mostTally = 4 << 10 // bytes of the file

// ReadTally reads the file of a proxy. The zero Tally is what there is before the first run has ended. Whoever the
// application belongs to can write the file: only a regular file of some 4 KiB is believed.
func ReadTally(path string) (Tally, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Tally{}, nil
	}
	if err != nil {
		return Tally{}, fmt.Errorf("reading the tally: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() > mostTally) {
		err = fmt.Errorf("%q is no regular file of at most %d bytes", path, mostTally)
	}
	if err != nil {
		return Tally{}, fmt.Errorf("reading the tally: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, mostTally+1))
	if err != nil {
		return Tally{}, fmt.Errorf("reading the tally: %w", err)
	}
	t, err := parseTally(data)
	if err != nil {
		return Tally{}, fmt.Errorf("reading the tally %q: %w", path, err)
	}
	return t, nil
}

func parseTally(data []byte) (Tally, error) {
	var t Tally
	if len(data) > mostTally {
		return t, fmt.Errorf("%d bytes, more than %d", len(data), mostTally)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Tally{}, err
	}
	if d.More() || t.Last < 0 || t.Longest < t.Last {
		return Tally{}, errors.New("it is none of ours")
	}
	return t, nil
}

// save adds a run to the file, which begins anew where it cannot be read.
func save(path string, run Tally) error {
	sum, err := ReadTally(path)
	if err != nil {
		sum = Tally{}
	}
	data, err := json.Marshal(sum.plus(run, time.Now()))
	if err != nil {
		return fmt.Errorf("writing the tally: %w", err)
	}
	if err := replace(path, append(data, '\n')); err != nil {
		return fmt.Errorf("writing the tally: %w", err)
	}
	return nil
}

func (t Tally) plus(run Tally, now time.Time) Tally {
	t.Connections += run.Connections
	t.Starts += run.Starts
	t.Failures += run.Failures
	if run.Starts > 0 {
		t.Last = run.Last
	}
	t.Longest = max(t.Longest, t.Last)
	t.Ended = now.UTC().Truncate(time.Second)
	if t.Since.IsZero() {
		t.Since = t.Ended
	}
	return t
}

// replace writes a file atomically and durably.
func replace(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".appliance-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already where it was renamed
	defer f.Close()
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
