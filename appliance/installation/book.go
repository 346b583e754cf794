package installation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Book is the installations of one builder. It is safe for concurrent use by one process.
type Book struct {
	o Options

	mu      sync.Mutex // held over every change, and over the disk: there are few
	entries []entry    // oldest first

	secrets map[string]string // enrolment tokens by installation, for installers that ask again; in memory only
}

// entry is an installation as it is kept: of the link there is the SHA-256 alone. It has 130 random bits, so
// that the hash needs neither salt nor slowness.
type entry struct {
	Installation
	Hash    []byte    `json:"hash"`
	Details Details   `json:"details"`
	Last    time.Time `json:"last_fetch,omitzero"` // that spent a use
	From    string    `json:"last_from,omitempty"`
	Again   int       `json:"again,omitempty"` // fetches since then that spent none
	Told    int       `json:"told,omitempty"`  // steps that its machines have told
}

// Limits.
const (
	maxEntries = 1000
	maxPast    = 40                  // newest steps of an installation that are kept
	maxTold    = 20                  // steps that each machine may tell
	maxFile    = 8 << 20             // more than the book can have
	remember   = 30 * 24 * time.Hour // how long an installation stays in the book after its link has expired
	bookFile   = "book.json"
	temporary  = ".new-"
	logSuffix  = ".log"
)

// Open reads the book of a builder, an empty one where there is none. A damaged one is an error: a link that
// comes back to life must not be its price.
func Open(o Options) (*Book, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Book{o: o, secrets: map[string]string{}}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the book of installations: %w", err)
	}
	if err := b.sweep(); err != nil {
		return nil, fmt.Errorf("opening the book of installations: %w", err)
	}
	f, err := os.Open(filepath.Join(o.Dir, bookFile))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the book of installations: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil {
		err = json.Unmarshal(data, &b.entries)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the book of installations %q: %w: %w", f.Name(), errUnreadable, err)
	}
	return b, nil
}

// sweep removes what a killed process left.
func (b *Book) sweep() error {
	left, err := filepath.Glob(filepath.Join(b.o.Dir, temporary+"*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// List is every installation in the book, newest first.
func (b *Book) List(context.Context) ([]Installation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := []Installation{}
	for _, e := range slices.Backward(b.entries) {
		all = append(all, e.present())
	}
	return all, nil
}

// present is the entry for others.
func (e entry) present() Installation {
	i := e.Installation
	i.Past = slices.Clone(i.Past)
	if e.Revoked {
		i.Left = 0
	}
	return i
}

// find is the place of an installation: by its ID, or by the name of a device, of which the newest counts.
// The caller holds b.mu.
func (b *Book) find(which string) (int, error) {
	for at := len(b.entries) - 1; at >= 0; at-- {
		if e := b.entries[at]; which != "" && (e.ID == which || e.Device == which) {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%w: %.80q", ErrUnknown, which)
}

// Show is one installation; which is its ID, or the name of a device, of which the newest counts.
func (b *Book) Show(_ context.Context, which string) (Installation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, err := b.find(which)
	if err != nil {
		return Installation{}, err
	}
	return b.entries[at].present(), nil
}

// Log is what a failed installation has sent last. which is as for Show. Strangers wrote it.
func (b *Book) Log(_ context.Context, which string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, err := b.find(which)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(b.logFile(b.entries[at].ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w by %q", ErrNoLog, which)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the log of %q: %w", which, err)
	}
	return data, nil
}

func (b *Book) logFile(id string) string { return filepath.Join(b.o.Dir, id+logSuffix) }

// put makes entries those that count, once they are durable. The caller holds b.mu.
func (b *Book) put(entries []entry) error {
	data, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	if err := b.write(filepath.Join(b.o.Dir, bookFile), data); err != nil {
		return err
	}
	b.entries = entries
	return nil
}

// change puts one entry in the place of another.
func (b *Book) change(at int, e entry) error {
	entries := slices.Clone(b.entries)
	entries[at] = e
	return b.put(entries)
}

// write makes a file whole and durable, or not at all.
func (b *Book) write(name string, data []byte) error {
	temp, err := os.CreateTemp(b.o.Dir, temporary+"*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	dir, err := os.Open(b.o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// current are the entries that are still to be remembered, and the logs of the others are removed.
func (b *Book) current(now time.Time) []entry {
	return slices.DeleteFunc(slices.Clone(b.entries), func(e entry) bool {
		old := now.Sub(e.Expires) > remember
		if old {
			_ = os.Remove(b.logFile(e.ID)) // one that stays takes 64 KiB
			delete(b.secrets, e.ID)
		}
		return old
	})
}

// subject is what the diary calls an installation.
func (i Installation) subject() string {
	for _, name := range []string{i.Device, i.Hostname} {
		if name != "" {
			return name
		}
	}
	return strings.Join([]string{i.Blueprint, i.ID}, "/")
}

// step adds one to what an installation went through.
func (e *entry) step(p Past) {
	e.Step = p.Step
	e.Past = append(slices.Clone(e.Past[max(0, len(e.Past)+1-maxPast):]), p)
}
