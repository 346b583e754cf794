// Package release conducts the life of a release: imported, held as staged, checked, published,
// superseded, pruned. It alone knows the order of those steps and what each version is called.
// It speaks no HTTP and reads no object formats of its own.
//
// The truth about a release is a hold of its blueprint's repository, "release/VERSION": while it is
// there, so is the release. Beside it lies a record with what a commit cannot say: when it came,
// from where, whether it is pinned. A hold without a record gets a new one when the data directory
// is opened; a record without a hold is removed.
package release

import (
	"errors"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/object"
)

// Causes.
var (
	ErrUnknown   = errors.New("no such release")
	ErrExists    = errors.New("release exists already")
	ErrPublished = errors.New("release is published") // and so cannot be deleted
	ErrPinned    = errors.New("release is pinned")
	ErrChecks    = errors.New("publication checks failed") // see ChecksError
	ErrBusy      = errors.New("busy")
	ErrSource    = errors.New("not the address of a repository") // of Pull

	// ErrNoBlueprint says that not even the blueprint is known; errors.Is(ErrNoBlueprint, ErrUnknown).
	ErrNoBlueprint error = noBlueprint{}
)

type noBlueprint struct{}

func (noBlueprint) Error() string        { return "no such blueprint" }
func (noBlueprint) Is(target error) bool { return target == ErrUnknown }

// State of a release.
type State string

const (
	Staged     State = "staged"     // never published: devices cannot see it
	Published  State = "published"  // what the ref names
	Superseded State = "superseded" // was published before
)

// Release is one version of one blueprint.
type Release struct {
	Blueprint     blueprint.Name    `json:"blueprint"`
	Version       blueprint.Version `json:"version"`
	State         State             `json:"state"`
	Ref           object.Ref        `json:"ref"` // where it goes, or went last; "" when its source named none
	Commit        object.Checksum   `json:"commit"`
	Source        object.Checksum   `json:"source_commit"` // as it was imported; differs from commit after a re-stamp
	Parent        object.Checksum   `json:"parent,omitempty"`
	CommitVersion string            `json:"commit_version,omitempty"` // what rpm-ostree status shows
	Subject       string            `json:"subject,omitempty"`
	Time          time.Time         `json:"time"`                   // of the commit
	Added         time.Time         `json:"added"`                  // to this builder
	PublishedAt   *time.Time        `json:"published_at,omitempty"` // last time
	Origin        string            `json:"origin"`                 // "archive", "sample", "https://…", "file://…"; "recovered" after a crash
	Sample        bool              `json:"sample,omitempty"`       // not bootable
	Pinned        bool              `json:"pinned"`
	Packages      int               `json:"packages"`             // -1 where the commit lists none
	Objects       int               `json:"objects"`              // 0 where it was recovered
	Size          int64             `json:"size"`                 // bytes as stored; 0 where it was recovered
	New           int               `json:"new_objects"`          // that the import added
	Signatures    map[string]int    `json:"signatures,omitempty"` // "ed25519": 1
}

// ID is NAME@VERSION of r.
func (r Release) ID() blueprint.ID {
	return blueprint.ID{Blueprint: r.Blueprint, Version: r.Version}
}

// Blueprint is what there is under one name.
type Blueprint struct {
	Name      blueprint.Name    `json:"name"`
	Ref       object.Ref        `json:"ref,omitempty"` // that devices follow, or that the newest release is for
	Published blueprint.Version `json:"published,omitempty"`
	Commit    object.Checksum   `json:"commit,omitempty"` // published
	Releases  int               `json:"releases"`
	Size      int64             `json:"size"` // bytes of the repository on disk
	Objects   int               `json:"objects"`
	PublicKey string            `json:"public_key"` // ed25519, base64
}
