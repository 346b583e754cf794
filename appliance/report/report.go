// Package report is what a device says of itself: the status document that "appliance device status"
// shows and that goes, signed with the device's own key, to the builder. It knows the document, its
// signature and its limits; it neither gathers nor sends nor keeps one.
package report

import "time"

// Status is the state of a device. Devices of strangers write it: a builder reads it through Open, which
// checks signature, sizes and shapes.
type Status struct {
	Device     string        `json:"device"` // ID, made at enrolment; "" before
	Name       string        `json:"name"`   // host name
	Blueprint  string        `json:"blueprint,omitempty"`
	Time       time.Time     `json:"time"`            // of the device's clock
	Serial     uint64        `json:"serial"`          // grows with every document, so that an old one cannot be sent again
	Every      time.Duration `json:"every,omitempty"` // between reports, in nanoseconds; 0: not told
	Version    string        `json:"version"`         // of the appliance program
	Boot       Boot          `json:"boot"`
	OS         []Deployment  `json:"os"` // as they would be booted, first the default
	Apps       []App         `json:"apps"`
	Rollback   *Rollback     `json:"rollback,omitempty"` // the last one
	Quarantine []Bad         `json:"quarantine,omitempty"`
}

// Boot is the present boot and how it was judged.
type Boot struct {
	ID       string    `json:"id"` // /proc/sys/kernel/random/boot_id
	Since    time.Time `json:"since"`
	Verdict  Verdict   `json:"verdict"`
	Trial    bool      `json:"trial"`             // no check has called this deployment green yet
	Attempt  int       `json:"attempt,omitempty"` // of a trial, from 1
	Attempts int       `json:"attempts,omitempty"`
	Counter  string    `json:"counter,omitempty"` // boot_counter of the GRUB environment
	Checks   []Result  `json:"checks,omitempty"`
	Engine   string    `json:"engine"` // who judges: "greenboot", "greenboot-rs", "appliance", "none"
}

// Verdict is what became of a boot.
type Verdict string

// Verdicts.
const (
	Unknown Verdict = ""
	Running Verdict = "running" // checks are under way
	Green   Verdict = "green"
	Red     Verdict = "red"
)

// Result is the outcome of one check.
type Result struct {
	Name     string        `json:"name"`
	Required bool          `json:"required"`
	OK       bool          `json:"ok"`
	Reason   string        `json:"reason,omitempty"` // why not, one line
	Took     time.Duration `json:"took"`             // nanoseconds
}

// Deployment is one installed version of the operating system.
type Deployment struct {
	Commit      string    `json:"commit"` // OSTree checksum, or the digest of a bootc image
	Version     string    `json:"version,omitempty"`
	Ref         string    `json:"ref,omitempty"` // REMOTE:REF
	Time        time.Time `json:"time,omitzero"` // of the commit
	Booted      bool      `json:"booted,omitempty"`
	Staged      bool      `json:"staged,omitempty"`
	Rollback    bool      `json:"rollback,omitempty"` // is booted when the default one fails
	Pinned      bool      `json:"pinned,omitempty"`
	Quarantined bool      `json:"quarantined,omitempty"`
}

// App is a container application and what it runs.
type App struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Image  string  `json:"image"`
	Digest string  `json:"digest,omitempty"` // of what runs, or would at the next start
	State  string  `json:"state"`            // systemd's: active, inactive, failed, …; "listening" for a cold app at rest
	Ready  bool    `json:"ready"`            // the probe was answered, or the socket listens
	Reason string  `json:"reason,omitempty"`
	Cold   bool    `json:"cold,omitempty"`
	Update *Update `json:"update,omitempty"` // the last one that did something
}

// Update is what became of an attempt to update an application.
type Update struct {
	Time    time.Time `json:"time"`
	From    string    `json:"from"` // digest
	To      string    `json:"to"`
	Outcome string    `json:"outcome"` // "updated", "rolled back", "failed"
	Reason  string    `json:"reason,omitempty"`
}

// Rollback tells why the device returned to an older operating system.
type Rollback struct {
	Time        time.Time `json:"time"`
	From        string    `json:"from"` // commit that failed
	FromVersion string    `json:"from_version,omitempty"`
	To          string    `json:"to"`
	ToVersion   string    `json:"to_version,omitempty"`
	Check       string    `json:"check,omitempty"` // the required check that failed
	Reason      string    `json:"reason,omitempty"`
	Attempts    int       `json:"attempts,omitempty"`
}

// Bad is something in quarantine.
type Bad struct {
	Kind   string    `json:"kind"`           // "os", "app"
	What   string    `json:"what"`           // commit or digest
	Name   string    `json:"name,omitempty"` // version, or app
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero: until it is cleared
	Times  int       `json:"times"`
	Reason string    `json:"reason,omitempty"`
}
