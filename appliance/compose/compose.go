// Package compose makes the commit of a blueprint's version. What comes out is the same whoever
// made it: an edge-commit archive, a tar of compose.json and an OSTree repository in archive mode,
// written to a stream that the next room reads while it grows.
//
// Sample, here, makes small trees without any program. The rooms below make real ones: manifest says what
// osbuild is to do, osbuild does it, weldr lets osbuild-composer do it. None of them stores or publishes
// anything.
package compose

import (
	"errors"

	"edge/appliance/blueprint"
	"edge/appliance/object"
)

// Causes.
var (
	ErrUnknown = errors.New("no such sample release") // a release that the backend cannot make
	ErrSample  = errors.New("damaged sample data")    // lists or files that cannot be a sample
)

// Request says what to compose. It is all that a compose depends on: the same request gives the
// same commit.
type Request struct {
	ID     blueprint.ID
	Ref    object.Ref      // the ref written into the commit; "" means the backend's own
	Parent object.Checksum // the commit it follows; "" for none
}
