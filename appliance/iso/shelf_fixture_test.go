package iso

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"edge/appliance/event"
)

// diaries are what a shelf told.
type diaries struct {
	mu  sync.Mutex
	all []event.Event
}

func (d *diaries) Record(_ context.Context, e event.Event) error { d.Append(e); return nil }

func (d *diaries) Append(e event.Event) event.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, e)
	return e
}

func (d *diaries) kinds() (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.all {
		all = append(all, e.Kind+" "+e.Subject)
	}
	return all
}

// newShelf is an empty one, with kickstarts that say for whom they are.
func newShelf(t testing.TB, change func(*ShelfOptions)) (*Shelf, *diaries) {
	t.Helper()
	d := &diaries{}
	o := ShelfOptions{
		Dir: filepath.Join(t.TempDir(), "images"), Events: d,
		Kickstart: func(_ context.Context, w Wanted) ([]byte, error) {
			return fmt.Appendf(nil, "# kickstart of %s for %s%s\n", w.Blueprint, w.Device, map[bool]string{true: " from the medium"}[w.Medium]), nil
		},
		URL: func(name, device string) string {
			if device != "" {
				device = "?device=" + device
			}
			return "http://builder.example:8080/" + name + "/kickstart.ks" + device
		},
	}
	if change != nil {
		change(&o)
	}
	s, err := OpenShelf(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}
