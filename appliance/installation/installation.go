// Package installation keeps the book of devices that are being installed: which kickstart each gets, over
// which one-time link, and how far it came. It joins what the configuration says of every device, what a
// blueprint publishes, and what is known of one device, and has a kickstart made of it.
//
// The room speaks no HTTP and installs nothing. It knows blueprints by name only; what they publish it is
// told by who opens it.
package installation

import (
	"context"
	"errors"
	"time"

	"edge/appliance/event"
	"edge/kickstart"
)

// Causes.
var (
	ErrUnknown    = errors.New("no such installation")
	ErrGone       = errors.New("this link is not valid any more") // spent, expired or revoked: nobody is told which
	ErrFull       = errors.New("no room for more")
	ErrLimits     = errors.New("not a usable one-time link")
	ErrNothing    = errors.New("nothing is published")
	ErrNoProgram  = errors.New("no program for this architecture")
	ErrNoLog      = errors.New("no log was sent")
	errUnreadable = errors.New("it is damaged")
)

// Step is how far an installation came.
type Step string

// Steps.
const (
	Made       Step = "made"       // nobody has fetched the kickstart yet
	Fetched    Step = "fetched"    // an installer has its kickstart
	Installing Step = "installing" // the disk is about to be erased
	Installed  Step = "installed"  // the device starts into what was installed
	Failed     Step = "failed"
)

// Past is one step with its time, by the builder's clock.
type Past struct {
	Time time.Time `json:"time"`
	Step Step      `json:"step"`
	From string    `json:"from,omitempty"` // address, as the network tells it
}

// Installation is one device that is, was or will be installed over a one-time link.
type Installation struct {
	ID        string    `json:"id"` // no part of the link
	Blueprint string    `json:"blueprint"`
	Device    string    `json:"device,omitempty"`
	Hostname  string    `json:"hostname,omitempty"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"` // of the link; one that was fetched may tell how it goes for some hours more
	Uses      int       `json:"uses"`    // machines that the link is for
	Left      int       `json:"left"`
	Revoked   bool      `json:"revoked,omitempty"` // then Left is 0
	Step      Step      `json:"step"`
	Token     string    `json:"token,omitempty"` // ID of the token that it enrols with
	LogSize   int       `json:"log_size,omitempty"`
	Past      []Past    `json:"past"` // oldest first
}

// Device is what a builder knows of a device before it is installed. Zero values are for what all have.
type Device struct {
	Name     string // "": any
	Hostname string // "": Name
	Network  kickstart.Network
	Disk     string
}

// Asked is a question for a kickstart. Product, Machine and Links are what the installer says of itself, which anybody
// may say.
type Asked struct {
	Blueprint string
	Device    string           // "": the one that has a MAC of Links, or any
	Target    kickstart.Target // "": by Product, the configuration, the blueprint's ref
	// Repository is the URL of a repository on the medium that the installer is started from; "": where the
	// configuration says.
	Repository string

	Product string   // X-Anaconda-System-Release: Red Hat Enterprise Linux
	Machine string   // X-Anaconda-Architecture: x86_64
	Links   []string // MAC addresses of X-RHN-Provisioning-MAC-*
}

// System is what a blueprint gives to devices.
type System struct {
	Published bool
	Ref       string // that they follow
	Key       string // ed25519 public key, base64; ""
}

// Systems finds what a blueprint gives to devices.
type Systems interface {
	System(ctx context.Context, blueprint string) (System, error)
}

// Tokens makes what lets an installed device into the fleet.
type Tokens interface {
	Make(ctx context.Context, blueprint string, valid time.Duration) (id, secret string, err error)
	Revoke(ctx context.Context, id string) error
}

// Recorder is the diary.
type Recorder interface {
	Record(context.Context, event.Event) error
}

// Options of Open. Dir, Events, Systems and Programs are needed.
type Options struct {
	Dir      string // DATA/kickstarts
	Events   Recorder
	Systems  Systems
	Tokens   Tokens                              // nil: devices are not enrolled
	Programs func() ([]kickstart.Program, error) // this program, as the builder hands it out

	Params  kickstart.Params // what every kickstart has; Builder is needed
	Devices []Device
	// OpenHash puts the password's hash into kickstarts that anybody may read, too.
	OpenHash bool

	Now func() time.Time // nil: time.Now
}
