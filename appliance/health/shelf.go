package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"edge/appliance/report"
)

const (
	maxRecord  = 512 << 10 // bytes of a file
	keptBoots  = 50        // records that are kept, besides the last green one
	lockedWait = 5 * time.Second
)

// shelf is the folder of what is remembered. A boot's record is NUMBER-BOOTID.json: clocks of devices
// cannot put boots in order. Each file is replaced as a whole and durably; one that cannot be read counts
// as missing, because a power cut must never make a device unable to judge.
type shelf struct{ dir string }

var recordName = regexp.MustCompile(`^([0-9]{6,9})-[0-9a-f-]{36}\.json$`)

// records are the boots on the shelf, oldest first.
func (s shelf) records() ([]record, error) {
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	var all []record
	for _, name := range names {
		if r, err := s.record(name); err == nil {
			all = append(all, r)
		}
	}
	return all, nil
}

// names are the files of records, oldest first.
func (s shelf) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the records of boots: %w", err)
	}
	var names []string
	for _, e := range entries {
		if recordName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return number(a) - number(b) })
	return names, nil
}

func number(name string) int {
	n, _ := strconv.Atoi(recordName.FindStringSubmatch(name)[1]) // nine digits at most
	return n
}

func (s shelf) record(name string) (record, error) {
	data, err := s.read(name)
	if err != nil {
		return record{}, err
	}
	return parseRecord(data)
}

// update changes the record of a boot, which is fresh's where there is none yet.
func (s shelf) update(ctx context.Context, fresh record, change func(*record)) error {
	if !bootID.MatchString(fresh.ID) {
		return errors.New("recording the boot: the kernel does not tell which one it is")
	}
	err := s.locked(ctx, func() error {
		names, err := s.names()
		if err != nil {
			return err
		}
		name, r := s.find(names, fresh)
		change(&r)
		r.Time = fresh.Time
		if err := s.writeJSON(name, r); err != nil {
			return err
		}
		return s.prune(names)
	})
	if err != nil {
		return fmt.Errorf("recording the boot: %w", err)
	}
	return nil
}

func (s shelf) find(names []string, fresh record) (string, record) {
	next := 1
	for _, name := range slices.Backward(names) {
		next = max(next, number(name)+1)
		if name[len(name)-len(fresh.ID)-len(".json"):] != fresh.ID+".json" {
			continue
		}
		if r, err := s.record(name); err == nil && r.ID == fresh.ID {
			return name, r
		}
		return name, fresh
	}
	return fmt.Sprintf("%06d-%s.json", next, fresh.ID), fresh
}

// prune removes the oldest records, but not the last that was green: it says what is not on trial. What a
// power cut left half-written goes too.
func (s shelf) prune(names []string) error {
	torn, _ := filepath.Glob(filepath.Join(s.dir, ".tmp-*")) // the pattern is a good one
	for _, path := range torn {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(names) < keptBoots {
		return nil
	}
	green := ""
	for _, name := range slices.Backward(names) {
		if r, err := s.record(name); err == nil && r.Verdict == report.Green {
			green = name
			break
		}
	}
	for _, name := range names[:len(names)-keptBoots+1] {
		if name == green {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// read reads a small file of the shelf.
func (s shelf) read(name string) ([]byte, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err == nil && len(data) > maxRecord {
		err = fmt.Errorf("%q has more than %d bytes", name, maxRecord)
	}
	return data, err
}

// writeJSON replaces a file, durably.
func (s shelf) writeJSON(name string, v any) (err error) {
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".tmp-*")
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
	if err := os.Rename(f.Name(), filepath.Join(s.dir, name)); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// remove removes a file, durably; one that is not there is no fault.
func (s shelf) remove(name string) error {
	err := os.Remove(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(s.dir))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// locked does something while no other process writes to the shelf, and makes it where it is missing.
func (s shelf) locked(ctx context.Context, do func() error) (err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, lockedWait)
	defer cancel()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return do()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another process that writes to %q: %w", s.dir, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
