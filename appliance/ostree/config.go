package ostree

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// config is what this package heeds of a repository's config file. Source: ostree.repo-config(5).
type config struct {
	Mode            string        // "archive-z2" or "archive" for the kind we keep
	Version         string        // core.repo_version
	Parent          string        // core.parent: objects may lie elsewhere
	Tombstones      bool          // core.tombstone-commits
	Locking         bool          // core.locking
	LockTimeout     time.Duration // core.lock-timeout-secs; negative waits for ever
	DeltasInSummary bool          // not core.no-deltas-in-summary
	Collection      string        // core.collection-id
}

// newConfig is the config file of a repository of ours, and what devices see of any.
const newConfig = "[core]\nrepo_version=1\nmode=archive-z2\n"

const maxConfig = 1 << 20

// readConfig reads the config file of the repository in dir.
func readConfig(dir string) (config, error) {
	data, err := readSmall(filepath.Join(dir, "config"), maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return config{}, fmt.Errorf("opening %q: %w: it has no config file and so is no OSTree repository", dir, ErrUnsupported)
	}
	if err != nil {
		return config{}, fmt.Errorf("reading the config of %q: %w", dir, err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return config{}, fmt.Errorf("reading the config of %q: %w", dir, err)
	}
	return c, nil
}

// parseConfig reads GLib's key file format as far as repositories use it.
func parseConfig(data []byte) (config, error) {
	values := map[string]string{}
	section := ""
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxConfig+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			section = line[1 : len(line)-1]
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				return config{}, fmt.Errorf("%w: line %q is neither a [section] nor key=value", ErrUnsupported, line)
			}
			values[section+"."+strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return config{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return configOf(values)
}

func configOf(values map[string]string) (config, error) {
	c := config{
		Mode:            values["core.mode"],
		Version:         values["core.repo_version"],
		Parent:          values["core.parent"],
		Collection:      values["core.collection-id"],
		Tombstones:      values["core.tombstone-commits"] == "true",
		Locking:         values["core.locking"] != "false",
		DeltasInSummary: values["core.no-deltas-in-summary"] != "true",
		LockTimeout:     300 * time.Second,
	}
	if s, ok := values["core.lock-timeout-secs"]; ok {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return config{}, fmt.Errorf("%w: core.lock-timeout-secs=%q is not a number", ErrUnsupported, s)
		}
		c.LockTimeout = time.Duration(n) * time.Second
	}
	return c, nil
}

// archive reports whether a repository with this config can be read and written here.
func (c config) archive() error {
	switch {
	case c.Mode != "archive-z2" && c.Mode != "archive":
		return fmt.Errorf("%w: its mode is %q, not archive; `ostree pull-local` into a repository made with `ostree init --mode=archive` converts it", ErrUnsupported, c.Mode)
	case c.Version != "1":
		return fmt.Errorf("%w: its repo_version is %q, not 1", ErrUnsupported, c.Version)
	case c.Parent != "":
		return fmt.Errorf("%w: it borrows objects from its parent repository %q", ErrUnsupported, c.Parent)
	}
	return nil
}

// readSmall reads a file of at most limit bytes.
func readSmall(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe must not make us wait
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("reading %q: not a regular file", name)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("reading %q: %d bytes, more than the %d allowed", name, info.Size(), limit)
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case n == 0 || err != nil:
			return data, ignoreEOF(err)
		case int64(len(data)) > limit:
			return nil, fmt.Errorf("reading %q: it grows beyond the %d bytes allowed", name, limit)
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}
