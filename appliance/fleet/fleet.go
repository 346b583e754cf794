// Package fleet keeps what devices report: who was enrolled with which key, what each said last, and what
// became of it before. A device gets in with a one-time token and writes its own row only, with documents
// that it signs; whoever holds no key changes nothing.
//
// The room speaks no HTTP, asks no device for anything and knows no releases: what a commit is called is
// known above.
package fleet

import (
	"errors"
	"fmt"
	"time"

	"edge/appliance/report"
)

// Causes.
var (
	ErrUnknown      = errors.New("no such device")
	ErrAmbiguous    = errors.New("more than one device is meant")
	ErrUnknownToken = errors.New("no such enrolment token")
	ErrToken        = errors.New("not a token that enrols devices") // unknown, spent or expired: nobody is told which
	ErrFull         = errors.New("no room for more")
	ErrStale        = errors.New("not newer than the last one") // the serial of a status
	ErrTooSoon      = errors.New("too many reports")            // see TooSoonError
	ErrLimits       = errors.New("not a usable enrolment token")
)

// TooSoonError says when a device may report again; errors.Is(err, ErrTooSoon).
type TooSoonError struct{ Wait time.Duration }

func (e *TooSoonError) Error() string {
	return fmt.Sprintf("%v: the next one is taken in %v", ErrTooSoon, e.Wait.Round(time.Second))
}

// Is makes every TooSoonError an ErrTooSoon.
func (e *TooSoonError) Is(target error) bool { return target == ErrTooSoon }

// State is how a device stands, by its last report.
type State string

// States.
const (
	Enrolled   State = "enrolled"    // has not reported yet
	Unknown    State = "unknown"     // nobody judges its boots
	Checking   State = "checking"    // its checks are under way
	Trial      State = "trial"       // a new deployment that no check has called green yet
	Green      State = "green"       //
	Red        State = "red"         //
	RolledBack State = "rolled-back" // runs what it returned to, and nothing is wrong with that
)

// Row is a device at a glance.
type Row struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Blueprint string           `json:"blueprint,omitempty"`
	State     State            `json:"state"`
	Attempt   int              `json:"attempt,omitempty"` // of a trial
	Attempts  int              `json:"attempts,omitempty"`
	Commit    string           `json:"commit,omitempty"`     // booted
	OSVersion string           `json:"os_version,omitempty"` // of it, as the device calls it
	Release   string           `json:"release,omitempty"`    // version of the builder's release with that commit; the fleet leaves it empty
	Apps      []App            `json:"apps"`
	Rollback  *report.Rollback `json:"rollback,omitempty"`
	Bad       int              `json:"quarantined,omitempty"` // entries of its quarantine
	Enrolled  time.Time        `json:"enrolled"`
	Contact   time.Time        `json:"last_contact,omitzero"` // by the builder's clock
	Stale     bool             `json:"stale,omitempty"`       // three reports or more are missing
}

// App is an application of a Row.
type App struct {
	Name    string `json:"name"`
	Unit    string `json:"unit"`
	Digest  string `json:"digest,omitempty"`
	Version string `json:"version,omitempty"` // a tag with that digest; the fleet leaves it empty
	Ready   bool   `json:"ready"`
	State   string `json:"state"`
}

// Device is all that is known of one.
type Device struct {
	Row
	Key     []byte         `json:"key"`     // Ed25519 public key
	Token   string         `json:"token"`   // ID of the token that it was enrolled with
	Status  *report.Status `json:"status"`  // null before the first report
	History []Transition   `json:"history"` // newest first
}

// Transition is one thing that became different between two reports.
type Transition struct {
	Time    time.Time `json:"time"` // by the builder's clock
	Kind    string    `json:"kind"` // of the event: "device.green", …
	Message string    `json:"message"`
}

const (
	// MaxDevices is how many devices a builder takes.
	MaxDevices = 10_000
	maxHistory = 50 // transitions that are kept of a device

	usualInterval = 5 * time.Minute // of a device that does not say
	missing       = 3               // intervals without a report make a row stale
)

// stateOf judges a status.
func stateOf(s *report.Status) State {
	switch {
	case s == nil:
		return Enrolled
	case s.Boot.Verdict == report.Red:
		return Red
	case s.Boot.Trial:
		return Trial
	case returned(s):
		return RolledBack
	case s.Boot.Verdict == report.Green:
		return Green
	case s.Boot.Verdict == report.Running:
		return Checking
	}
	return Unknown
}

// returned tells whether what runs is what the last rollback led to.
func returned(s *report.Status) bool {
	return s.Rollback != nil && s.Rollback.To != "" && s.Rollback.To == booted(s).Commit
}

func booted(s *report.Status) report.Deployment {
	for _, d := range s.OS {
		if d.Booted {
			return d
		}
	}
	return report.Deployment{}
}

// row puts together what is known of a device; s is nil before its first report.
func (m member) row(s *report.Status) Row {
	r := Row{ID: m.ID, Name: m.Name, Blueprint: m.Blueprint, State: stateOf(s), Enrolled: m.Enrolled, Apps: []App{}}
	if s == nil {
		return r
	}
	at := booted(s)
	r.Name, r.Commit, r.OSVersion, r.Rollback, r.Bad = s.Name, at.Commit, at.Version, s.Rollback, len(s.Quarantine)
	if r.State == Trial || r.State == Red {
		r.Attempt, r.Attempts = s.Boot.Attempt, s.Boot.Attempts
	}
	for _, a := range s.Apps {
		r.Apps = append(r.Apps, App{Name: a.Name, Unit: a.Unit, Digest: a.Digest, Ready: a.Ready, State: a.State})
	}
	return r
}
