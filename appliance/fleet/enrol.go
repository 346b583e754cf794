package fleet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"edge/appliance/event"
	"edge/appliance/report"
)

// Enrol takes a device in: from here on its key speaks for its row, and nothing else does. A device that
// says the same again, because the answer was lost, gets the same answer and spends nothing.
func (f *Fleet) Enrol(ctx context.Context, e report.Enrolment) (Row, error) {
	if err := e.Check(); err != nil {
		return Row{}, err
	}
	id := report.ID(e.Key)
	f.enrolling.Lock()
	defer f.enrolling.Unlock()
	at, ok := f.findToken(e.Token, id)
	if !ok {
		return Row{}, fmt.Errorf("enrolling device %q: %w", e.Name, ErrToken)
	}
	f.mu.RLock()
	known, count := f.devices[id], len(f.devices)
	f.mu.RUnlock()
	if known != nil && !bytes.Equal(known.member.Key, e.Key) {
		return Row{}, fmt.Errorf("enrolling device %q: %w: its ID %s is taken; make it a new key", e.Name, ErrToken, id)
	}
	if known == nil && count >= f.o.Limit {
		return Row{}, fmt.Errorf("enrolling device %q: %w: there are %d devices; forget some", e.Name, ErrFull, count)
	}
	m := member{ID: id, Name: e.Name, Blueprint: f.tokens[at].Blueprint, Key: e.Key, Enrolled: f.o.Now().UTC(), Token: f.tokens[at].ID}
	if known != nil && known.member.Token == m.Token {
		return known.present(f.o.Now()), nil
	}
	if err := f.spend(at, id); err != nil {
		return Row{}, fmt.Errorf("enrolling device %q: %w", e.Name, err)
	}
	if err := f.writeJSON(f.file(id, memberSuffix), m, true); err != nil {
		return Row{}, fmt.Errorf("enrolling device %q: %w", e.Name, err)
	}
	row := f.admit(m)
	return row, f.o.Events.Record(ctx, event.Event{Kind: "device.enrolled", Subject: m.subject(), Message: fmt.Sprintf("a device of %s, with token %s", cmp.Or(m.Blueprint, "no blueprint"), m.Token)})
}

// admit makes m a device that may report. One that was in before keeps what it said and its serial.
func (f *Fleet) admit(m member) Row {
	d := &device{id: m.ID, member: m}
	d.take(account{})
	f.mu.Lock()
	if known := f.devices[m.ID]; known != nil {
		d = known
	} else {
		f.devices[m.ID] = d
	}
	f.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	now := *d.seen.Load()
	now.row.Blueprint, now.row.Enrolled = m.Blueprint, m.Enrolled
	d.member = m
	d.seen.Store(&now)
	return d.present(f.o.Now())
}

// Forget removes a device and its key: it must enrol again, with a new token. which is as for Show.
func (f *Fleet) Forget(ctx context.Context, which string) (Row, error) {
	f.enrolling.Lock()
	defer f.enrolling.Unlock()
	d, err := f.find(which)
	if err != nil {
		return Row{}, fmt.Errorf("forgetting device %q: %w", which, err)
	}
	row := d.present(f.o.Now())
	if err := f.remove(d); err != nil {
		return Row{}, fmt.Errorf("forgetting device %q: %w", which, err)
	}
	return row, f.o.Events.Record(ctx, event.Event{Kind: "device.forgotten", Subject: row.Name + "/" + row.ID, Message: "its key counts no more"})
}

func (f *Fleet) remove(d *device) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := d.id
	if err := f.disown(id); err != nil {
		return err
	}
	for _, suffix := range []string{memberSuffix, statusSuffix} { // without the first the second means nothing
		if err := os.Remove(f.file(id, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := f.syncDir(); err != nil {
		return err
	}
	d.removed = true
	f.mu.Lock()
	delete(f.devices, id)
	f.mu.Unlock()
	return nil
}
