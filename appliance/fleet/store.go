package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"edge/appliance/event"
	"edge/appliance/report"
)

// Recorder is the diary: Record for what people and new devices do, which is kept for good, Append for what
// devices report, which they could do without end.
type Recorder interface {
	Record(context.Context, event.Event) error
	Append(event.Event) event.Event
}

// Options of Open. Dir and Events are needed.
type Options struct {
	Dir    string // DATA/fleet
	Events Recorder
	Now    func() time.Time // nil: time.Now
	Limit  int              // devices; 0: MaxDevices
}

// Fleet is the devices of one builder. It is safe for concurrent use by one process.
type Fleet struct {
	o Options

	enrolling sync.Mutex // held over every change of who is in: tokens and members
	tokens    []token

	mu      sync.RWMutex // of devices, never held over a disk
	devices map[string]*device
}

// member is what stays of an enrolment, DATA/fleet/ID.json. It is durable before it is acknowledged.
type member struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Blueprint string    `json:"blueprint,omitempty"`
	Key       []byte    `json:"key"`
	Enrolled  time.Time `json:"enrolled"`
	Token     string    `json:"token"`
}

// account is what a device said last, DATA/fleet/ID.status. A power cut may take the newest one back, but
// leaves a whole one.
type account struct {
	Contact time.Time      `json:"contact"`
	Status  *report.Status `json:"status"`
	History []Transition   `json:"history"` // oldest first
}

// device is one in memory: how it looks at a glance, and not the whole of what it said.
type device struct {
	id   string
	seen atomic.Pointer[seen] // replaced, never changed: reading it waits for no disk

	mu      sync.Mutex // held over a report, so that one comes after the other; taken before Fleet.mu
	member  member     // changed only by who holds Fleet.enrolling, too
	serial  uint64
	bucket  bucket
	removed bool
}

// seen is what lists tell of a device.
type seen struct {
	row   Row // but what time alone changes
	every time.Duration
}

// Open reads the fleet of a builder, an empty one where there is none. Files that a damaged disk left
// unreadable are passed over and told to the diary: one device less must not keep a builder from starting.
func Open(ctx context.Context, o Options) (*Fleet, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limit == 0 {
		o.Limit = MaxDevices
	}
	f := &Fleet{o: o, devices: map[string]*device{}}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the fleet: %w", err)
	}
	entries, err := os.ReadDir(o.Dir)
	if err == nil {
		err = f.readTokens()
	}
	for _, e := range entries {
		id, isMember := strings.CutSuffix(e.Name(), memberSuffix)
		switch {
		case err != nil:
		case strings.HasPrefix(e.Name(), temporary):
			err = os.Remove(filepath.Join(o.Dir, e.Name())) // of a killed process
		case isMember && isID(id):
			err = f.load(ctx, id)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the fleet %q: %w", o.Dir, err)
	}
	return f, nil
}

// load takes in one device.
func (f *Fleet) load(ctx context.Context, id string) error {
	var m member
	err := readJSON(f.file(id, memberSuffix), &m)
	if err == nil && (m.ID != id || report.ID(m.Key) != id || !report.IsName(m.Name)) {
		err = errors.New("it is of another device")
	}
	if err != nil {
		return f.o.Events.Record(ctx, event.Event{Kind: "device.lost", Subject: id, Message: "the device must enrol again", Outcome: err.Error()})
	}
	d := &device{id: id, member: m}
	a, err := f.account(id)
	if err != nil {
		err = f.o.Events.Record(ctx, event.Event{Kind: "device.lost", Subject: m.subject(), Message: "what the device reported last is lost", Outcome: err.Error()})
	}
	d.take(a)
	f.devices[id] = d
	return err
}

// account reads what a device said last; the zero account where it said nothing.
func (f *Fleet) account(id string) (account, error) {
	var a account
	err := readJSON(f.file(id, statusSuffix), &a)
	if errors.Is(err, fs.ErrNotExist) {
		return account{}, nil
	}
	if err != nil {
		return account{}, err
	}
	return a, nil
}

// take makes a what memory knows of d.
func (d *device) take(a account) {
	now := &seen{row: d.member.row(a.Status), every: usualInterval}
	now.row.Contact = a.Contact
	if a.Status != nil {
		d.serial = a.Status.Serial
		now.every = cmp.Or(a.Status.Every, usualInterval)
	}
	d.seen.Store(now)
}

// subject names a device in the diary: its name, which others may have too, and its ID.
func (m member) subject() string { return m.Name + "/" + m.ID }

const (
	memberSuffix = ".json"
	statusSuffix = ".status"
	temporary    = ".new-"
	tokensFile   = "tokens"
)

func (f *Fleet) file(id, suffix string) string { return filepath.Join(f.o.Dir, id+suffix) }

func isID(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

// maxFile is more than any file of ours has: a status with what its JSON escapes, and a history.
const maxFile = 1 << 20

func readJSON(name string, v any) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("reading %q: %w", filepath.Base(name), err)
	}
	return nil
}

// writeJSON puts v into a file, whole or not at all; with lasting it is there after a power cut, too.
func (f *Fleet) writeJSON(name string, v any, lasting bool) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(f.o.Dir, temporary+"*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync() // without it a power cut could leave an empty file under the name
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if lasting {
		return f.syncDir()
	}
	return nil
}

func (f *Fleet) syncDir() error {
	d, err := os.Open(f.o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
