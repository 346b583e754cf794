// Package quarantine is a device's memory of what was rolled back: digests of images and commits of the
// operating system that must not be tried again so soon. Each further failure makes the wait longer.
//
// It knows neither containers nor deployments, and nobody who could be told. Whoever updates asks it
// first and tells it afterwards.
package quarantine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"edge/appliance/report"
)

// ErrNothing is the cause when there is nothing in quarantine that could be cleared.
var ErrNothing = errors.New("not in quarantine")

// Kinds of what is remembered: report.Bad.Kind.
const (
	OS  = "os"
	App = "app"
)

const (
	maxEntries = 64 // the oldest one is forgotten for the sixty-fifth
	maxText    = 512

	appFirst, appMost = time.Hour, 24 * time.Hour
	osFirst           = 7 * 24 * time.Hour
	osTries           = 4 // after which only a person lets a commit out
)

// Memory is a file of bad things. Several processes may use one at the same time.
type Memory struct{ path string }

// Open names the file that remembers. It is read when something is asked and made, with the folder's
// owner as its own, when there is something to remember; the folder must be there.
func Open(path string) *Memory { return &Memory{path} }

// Add remembers a failure that took place at b.Since, or now. A further failure of the same thing keeps
// the first Since and doubles the wait: an image waits 1 h, 2 h, … 24 h; a commit 7, 14 and 28 days, and
// from then on until it is cleared. An Until that is given already is kept as it is.
func (m *Memory) Add(b report.Bad) error {
	if b.Kind != OS && b.Kind != App || b.What == "" {
		return fmt.Errorf("remembering %q of kind %q: needs a digest or commit, and the kind %q or %q", b.What, b.Kind, OS, App)
	}
	return m.change(func(list []report.Bad) ([]report.Bad, error) { return add(list, b, time.Now()), nil })
}

// add is the pure half of Add.
func add(list []report.Bad, b report.Bad, now time.Time) []report.Bad {
	if b.Since.IsZero() {
		b.Since = now.UTC().Truncate(time.Second)
	}
	failed := b.Since
	b.Times = max(b.Times, 1)
	b.Name, b.Reason = printable(b.Name), printable(b.Reason)
	list = slices.DeleteFunc(list, func(old report.Bad) bool {
		if old.Kind != b.Kind || old.What != b.What {
			return false
		}
		b.Since, b.Times = old.Since, old.Times+1
		return true
	})
	if b.Until.IsZero() {
		b.Until = until(b.Kind, b.Times, failed)
	}
	list = append(list, b)
	if over := len(list) - maxEntries; over > 0 {
		list = list[over:] // in the order of their last failure
	}
	return list
}

// until is when something that failed the given number of times may be tried again; zero is never.
func until(kind string, times int, failed time.Time) time.Time {
	switch {
	case kind == App && times > 5: // before the shift could overflow
		return failed.Add(appMost)
	case kind == App:
		return failed.Add(min(appFirst<<(times-1), appMost))
	case times < osTries:
		return failed.Add(osFirst << (times - 1))
	}
	return time.Time{}
}

// Has reports whether a digest or commit must not be tried now, and what is known of it. A file that
// cannot be read remembers nothing: an update is rather tried once too often than never again.
func (m *Memory) Has(what string, now time.Time) (report.Bad, bool) {
	list, _ := m.List()
	for _, b := range list {
		if b.What == what && (b.Until.IsZero() || now.Before(b.Until)) {
			return b, true
		}
	}
	return report.Bad{}, false
}

// List is everything remembered, also what may be tried again, in the order of the last failures.
func (m *Memory) List() ([]report.Bad, error) {
	list, err := read(m.path)
	if err != nil {
		return nil, fmt.Errorf("reading quarantine %q: %w", m.path, err)
	}
	return list, nil
}

// Clear forgets what has this digest, commit or name (or begins with these 12 or more characters of a
// digest or commit), or "all" of it, and says how much that was. ErrNothing when there is no such thing.
func (m *Memory) Clear(what string) (int, error) {
	if _, err := read(m.path); err == nil && !m.any(what) {
		return 0, fmt.Errorf("clearing %q: %w", what, ErrNothing) // without making a file
	}
	cleared := 0
	err := m.change(func(list []report.Bad) ([]report.Bad, error) {
		kept := slices.DeleteFunc(list, func(b report.Bad) bool {
			found := matches(b, what)
			if found {
				cleared++
			}
			return found
		})
		if cleared == 0 && what != "all" {
			return nil, fmt.Errorf("clearing %q: %w", what, ErrNothing)
		}
		return kept, nil
	})
	return cleared, err
}

func (m *Memory) any(what string) bool {
	list, _ := m.List()
	return slices.ContainsFunc(list, func(b report.Bad) bool { return matches(b, what) })
}

func matches(b report.Bad, what string) bool {
	const enough = 12
	bare := strings.TrimPrefix(what, "sha256:")
	return what == "all" || b.What == what || b.Name != "" && b.Name == what ||
		len(bare) >= enough && strings.HasPrefix(strings.TrimPrefix(b.What, "sha256:"), bare)
}
