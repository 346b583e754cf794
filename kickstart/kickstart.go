// Package kickstart makes the file by which Anaconda installs a device without a person: typed parameters in,
// checked text out. It also tells what is wrong with a kickstart that somebody else has written.
//
// Everything here is a value: nothing is read from a disk, fetched or run. The package knows no release, no
// server and no installation that is under way; where the parameters come from, and who gets the text, is
// known above.
package kickstart

import (
	"errors"
	"net/netip"
)

// ErrInvalid is the cause of every refusal of parameters, templates and rendered text.
var ErrInvalid = errors.New("invalid kickstart")

// Params is what a kickstart is made of. Render refuses what could mean anything but itself where it stands.
type Params struct {
	Target    Target // whose syntax; "" is RHEL9
	Blueprint string // demo_upgrade
	Device    string // what the builder calls the device; "": the kickstart is for any
	Builder   string // http://HOST:PORT, without a slash at its end
	Source    Source
	Key       string // ed25519 public key that the builder signs with, base64; "": nothing is verified

	Hostname    string // "": whatever DHCP says
	Network     Network
	Timezone    string   // "": UTC
	Keyboard    string   // "": us
	Language    string   // "": en_US.UTF-8
	TimeServers []string // "": those of the image

	Disk       string   // the one that is wiped: sda, disk/by-id/NAME; "": the only fixed one there is
	Wipe       Wipe     // "": WipeAny
	KernelArgs []string // of the installed system: console=ttyS0

	User         string   // who runs the applications
	Groups       []string // that User is in
	SSHKeys      []string // that let User in: lines of authorized_keys without options
	PasswordHash string   // of User, as crypt(5) writes it; "": no password

	Programs   []Program // this program, for the architectures that the builder has it for
	EnrolToken string    // lets the device into the builder's fleet; "": it is not enrolled
	Callback   string    // URL below which the builder hears how the installation goes; "": it does not

	Pre, Post string // shell scripts of the operator's own: before the disk is wiped, after the device is installed
	Template  string // instead of the one that is built in, which is "{{template "kickstart" .}}"
}

// Source is where the operating system comes from.
type Source struct {
	Kind   Kind   // "": Pull
	Remote string // name of the OSTree remote: edge
	OSName string // OSTree's name for the system's folder; "": the first part of Ref, or "default" for images
	Ref    string // rhel/9/x86_64/edge; of Pull and Medium
	URL    string // of the repository; Pull: http://HOST:PORT/NAME/repo/; Medium: "" is MediumRepository
	Image  string // HOST/REPOSITORY:TAG; of Container and Bootc
	Plain  bool   // the image's registry is spoken to without TLS
}

// Kind is a way to get the operating system.
type Kind string

// Kinds.
const (
	Pull      Kind = "pull"      // ostreesetup from the builder's repository
	Medium    Kind = "medium"    // ostreesetup from a repository on the installation medium
	Container Kind = "container" // ostreecontainer
	Bootc     Kind = "bootc"     // bootc, which RHEL 9 does not have
)

// MediumRepository is the repository on the installation medium, where Anaconda mounts that.
const MediumRepository = "file:///run/install/repo/ostree/repo"

// Network is how the device is reached. The zero Network is DHCP on the first link that is up.
type Network struct {
	Interface string       `json:"interface,omitempty"` // enp1s0, or a MAC address; "": the first link that is up
	Address   netip.Prefix `json:"address,omitzero"`    // 192.0.2.10/24; zero: DHCP
	Gateway   netip.Addr   `json:"gateway,omitzero"`
	DNS       []netip.Addr `json:"dns,omitempty"`
}

// Wipe says which disk may be wiped.
type Wipe string

// Kinds of Wipe.
const (
	WipeAny   Wipe = "any"   // the chosen disk, whatever is on it
	WipeEmpty Wipe = "empty" // only one that has nothing on it
)

// Program is this program for one architecture.
type Program struct {
	Arch   string // as Go calls it: amd64, arm64
	SHA256 string // hexadecimal digits
}

// Machine is the architecture as uname calls it.
func (p Program) Machine() string { return machines[p.Arch] }

var machines = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
