package compose

import "io"

// Order is one compose as a backend gets it: the request, and where it is done.
type Order struct {
	Request
	Blueprint  []byte // TOML, as it was validated
	Distro     string // "fedora-43"; "": that of the host
	Repository string // folder of the OSTree repository that holds Parent

	// Dir is a folder for this order alone. It survives the process: an order that was begun is given
	// to the same backend again, with the same folder and Resumed.
	Dir     string
	Resumed bool
	Log     Log
	// Cancelled tells, when the context has ended, whether somebody wants the compose to end, rather than
	// only this process to: then what goes on outside of it is left alone. Never nil.
	Cancelled func() bool
	Report    func(Progress) // never nil; called by one goroutine at a time
}

// Log takes what there is to read of a compose while it goes on.
type Log interface {
	io.Writer
	Size() int64
	Cut(size int64) error // forget what comes after size bytes
}

// Phase of a compose.
type Phase string

// The phases, in order; what follows is an import.
const (
	Depsolving Phase = "depsolving"
	Building   Phase = "building"
)

// Progress is how far a compose is.
type Progress struct {
	Phase       Phase
	Stage       string // "os: org.osbuild.rpm"
	Done, Total int    // Total 0: not known
}

// Documents that a backend may leave beside the commit.
const (
	DocumentManifest  = "manifest.json"  // osbuild's input
	DocumentPackages  = "packages.json"  // what was resolved, as Koji lists packages
	DocumentSBOM      = "sbom.spdx.json" // of the image, SPDX 2.3
	DocumentBlueprint = "blueprint.toml" // what it was composed from
)

// Composed is what a backend made.
type Composed struct {
	// Archive is an edge-commit archive. Reading it may be part of the making, so that an error of the
	// making comes out of Read. Who gets it closes it.
	Archive io.ReadCloser
	// Unpacked is a folder that has what an archive has, in the place of one. Nobody writes to it again.
	Unpacked  string
	Documents map[string][]byte
	Stamp     bool // the version still has to be put into the commit
	Sample    bool // it does not boot
	Origin    string
}
