package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// List is every device, by name.
func (f *Fleet) List(context.Context) ([]Row, error) {
	f.mu.RLock()
	devices := make([]*device, 0, len(f.devices))
	for _, d := range f.devices {
		devices = append(devices, d)
	}
	f.mu.RUnlock()
	rows := make([]Row, 0, len(devices))
	for _, d := range devices {
		rows = append(rows, d.present(f.o.Now()))
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return rows, nil
}

// Show is all that is known of one device: the one with this ID, or the only one that has this name or
// whose ID begins so.
func (f *Fleet) Show(_ context.Context, which string) (Device, error) {
	d, err := f.find(which)
	if err != nil {
		return Device{}, fmt.Errorf("showing device %q: %w", which, err)
	}
	d.mu.Lock() // so that row and account are of one report
	a, err := f.account(d.id)
	m, row := d.member, d.present(f.o.Now())
	d.mu.Unlock()
	if err != nil {
		return Device{}, fmt.Errorf("showing device %q: %w", which, err)
	}
	history := append([]Transition{}, a.History...)
	slices.Reverse(history)
	return Device{Row: row, Key: m.Key, Token: m.Token, Status: a.Status, History: history}, nil
}

// minPrefix is the shortest beginning of an ID that names a device.
const minPrefix = 4

// find tells apart what devices call themselves, so a name that is the beginning of another's ID names neither.
func (f *Fleet) find(which string) (*device, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if d := f.devices[which]; d != nil {
		return d, nil
	}
	var found []*device
	for id, d := range f.devices {
		if len(which) >= minPrefix && strings.HasPrefix(id, which) || d.seen.Load().row.Name == which {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return nil, ErrUnknown
	case 1:
		return found[0], nil
	}
	ids := make([]string, 0, len(found))
	for _, d := range found {
		ids = append(ids, d.id)
	}
	slices.Sort(ids)
	more := ""
	if n := len(ids) - 5; n > 0 {
		ids, more = ids[:5], fmt.Sprintf(" and %d more", n)
	}
	return nil, fmt.Errorf("%w: %s%s", ErrAmbiguous, strings.Join(ids, ", "), more)
}

// present is the row of d as it is now.
func (d *device) present(now time.Time) Row {
	s := d.seen.Load()
	r := s.row
	r.Apps = slices.Clone(r.Apps)
	r.Stale = !r.Contact.IsZero() && now.Sub(r.Contact) > missing*max(s.every, interval)
	return r
}
