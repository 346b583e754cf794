// Package profile knows what a device should be: the device.toml that a builder serves and that
// "appliance device install" puts into effect. It reads strictly, tells every fault with line and
// column, fills in what is left out, and writes the same file back.
//
// It knows no device: nothing here touches a disk, a unit or a container.
package profile

import (
	"errors"
	"time"
)

// ErrInvalid is the cause of every refusal of a profile.
var ErrInvalid = errors.New("invalid device profile")

// Profile is a whole device.toml. What Parse returns is complete: every default is filled in, every
// name is checked, and no text in it can mean anything but itself in a unit, a shell or a path.
type Profile struct {
	Blueprint string // demo_upgrade; "" where the device belongs to none
	Builder   string // http://HOST:PORT, without a slash at its end; "" where there is none
	User      string // who runs the applications: admin
	OS        OS
	Updates   Updates // of applications
	Health    Health
	Registry  Registry
	Report    Report
	Host      Host
	Apps      []App   // [[app]]
	Checks    []Check // [[check]]
}

// OS is [os]: where the operating system comes from, and how it is updated.
type OS struct {
	Remote string // name of the OSTree remote; default "edge"
	URL    string // of the repository; "" leaves the device's remotes alone
	Ref    string // rhel/9/x86_64/edge; "" : what is deployed decides
	Key    string // ed25519 public key, base64; "" : commits are not verified with ed25519

	Policy Policy
	Every  time.Duration // between looks for an update; default 1 h
	Delay  time.Duration // random, at most; default 10 min
	Window Window        // for PolicyWindow
	Grace  time.Duration // how long after the window's beginning a reboot may still start; 0: until its end
	Keep   bool          // pin the deployment that was green before an update
}

// Policy says how far the device goes by itself with an update of its operating system.
type Policy string

// Policies, from the most patient one on.
const (
	PolicyOff    Policy = "off"    // never looks
	PolicyCheck  Policy = "check"  // tells
	PolicyStage  Policy = "stage"  // downloads; the next reboot, whoever does it, takes it
	PolicyWindow Policy = "window" // downloads, and reboots within the window
	PolicyNow    Policy = "now"    // downloads and reboots
)

// Window is when the device may reboot by itself, as "Sun 02:00-04:00 Europe/Madrid" says. The zero
// Window is never open. An end that is not after its beginning lies on the next day.
type Window struct {
	Days       []time.Weekday // none: every day
	Begin, End time.Duration  // since midnight, of wall-clock time
	Zone       string         // IANA name; "" is the device's own zone
}

// Updates is [updates]: how applications are updated.
type Updates struct {
	Engine Engine
	Every  time.Duration // default 15 min
	Jitter time.Duration // random, at most; default 3 min
	Settle time.Duration // how long a new image must stay up to be kept; default 10 s
}

// Engine is what updates applications; there is never more than one.
type Engine string

// Engines.
const (
	EngineAppliance Engine = "appliance" // this program: probes, rolls back, remembers
	EnginePodman    Engine = "podman"    // podman auto-update: probes through the unit, remembers nothing
	EngineOff       Engine = "off"
)

// Health is [health]: what counts when a boot is judged.
type Health struct {
	Attempts int           // boots that a new deployment gets; default 3
	Always   bool          // fail even while no new deployment is on trial; default false
	Deadline time.Duration // for all checks together, at the first attempt; default 5 min
	Settle   time.Duration // how long everything must stay well; default 10 s
}

// Registry is [registry]: how images are fetched.
type Registry struct {
	Insecure []string // HOST[:PORT] that are spoken to without TLS
	CA       string   // PEM of the authority that signed the others' certificates
}

// Report is [report]: the status document that goes to the builder.
type Report struct {
	Enabled bool          // default false
	Every   time.Duration // default 5 min
}

// Host is [host]: what install does to the rest of the device.
type Host struct {
	Firewall bool   // open the ports of the apps; default true
	Sudo     bool   // let User run status, update and reboot as root; default false
	Journal  string // size that the persistent journal may have, "200M"; "" leaves the journal alone; default "200M"
}

// App is one [[app]]: a container that runs as User.
type App struct {
	Name    string        // 2048
	Unit    string        // app1: container-app1.service; default: Name
	Image   string        // builder.example:8080/2048:prod, with a registry and a tag
	Port    int           // on the device
	Target  int           // in the container; default Port
	Bind    string        // address on the device; "": all of them
	Cold    bool          // scaled to zero when idle
	Proxy   Proxy         // of a cold app
	Idle    time.Duration // until a cold app is stopped; default 10 s
	Probe   Probe
	Memory  int64             // bytes; 0: no limit
	Stop    time.Duration     // given to end by itself; default 20 s
	Start   time.Duration     // given to become ready; default 1 min
	Env     map[string]string // environment
	Volumes []string          // SOURCE:TARGET[:OPTIONS], as podman takes them

	// Inner is the loopback port that the container of a cold app is published on, while Port belongs to
	// its socket; 0 for a warm one. It is no key of the file: Parse chooses it, always the same for the
	// same apps, and never the port of another app.
	Inner int
}

// Proxy is what answers for a cold app while it sleeps.
type Proxy string

// Proxies.
const (
	ProxySystemd   Proxy = "systemd"   // systemd-socket-proxyd
	ProxyAppliance Proxy = "appliance" // this program: holds connections until the app is ready, counts
)

// Probe is how an app shows that it serves.
type Probe struct {
	Path   string // HTTP GET of this path; "" is a TCP connection only; default "/"
	Status int    // wanted; 0 is any from 200 to 399
	Body   string // regular expression that the beginning of the body must match; "" is anything
}

// Check is one [[check]] that a boot is judged by.
type Check struct {
	Name     string
	Required bool // default true; else what is wrong is told and changes nothing
	Kind     Kind
	Deadline time.Duration // at the first attempt; default 30 s

	Command []string // KindCommand: argv
	User    bool     // KindCommand, KindUnit: as the profile's user, in its manager
	Target  string   // KindBinary, KindFile: path or name; KindUnit: unit; KindContainer, KindSocket: unit of an app (the file may name the app); KindTCP: HOST:PORT; KindDisk: path
	URL     string   // KindHTTP
	Status  int      // KindHTTP; 0 is any from 200 to 399
	Body    string   // KindHTTP: regular expression
	Free    int64    // KindDisk: bytes that must be left
	Since   string   // KindClock: RFC 3339 date before which the clock is wrong; "" : this program's build
}

// Kind is what a check looks at.
type Kind string

// Kinds.
const (
	KindCommand   Kind = "command"   // ends with status 0
	KindBinary    Kind = "binary"    // is on PATH
	KindFile      Kind = "file"      // is there
	KindUnit      Kind = "unit"      // is active
	KindContainer Kind = "container" // its health check is passed, or it runs where it has none
	KindHTTP      Kind = "http"
	KindTCP       Kind = "tcp"
	KindSocket    Kind = "socket" // the socket of a cold app listens, its image is there, a request is answered
	KindDisk      Kind = "disk"
	KindClock     Kind = "clock"
)
