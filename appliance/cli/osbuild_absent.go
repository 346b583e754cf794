//go:build !containers_image_openpgp

package cli

import (
	"context"
	"errors"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
)

// Without the build tag containers_image_openpgp the library of osbuild's manifests wants cgo and the gpgme headers, as
// the one of remote registries does, and a plain `go build` or `go test` would fail on most machines. So such a
// program composes with weldr and samples only, and says so. `make build` sets the tag.

// withOSBuild tells whether this program can compose with osbuild.
const withOSBuild = false

var errNoOSBuild = errors.New("this program was built without osbuild; build it with `make build`, or compose with --backend weldr")

func (c composeConfig) osbuild() osbuildBackend { return absentOSBuild{} }

// absentOSBuild fails and tells why.
type absentOSBuild struct{}

func (absentOSBuild) Make(context.Context, compose.Order) (compose.Composed, error) {
	return compose.Composed{}, errNoOSBuild
}

func (absentOSBuild) Preflight(context.Context, string, string) compose.Fitness {
	f := compose.Fitness{Backend: "osbuild"}
	f.Add("program", compose.Bad, errNoOSBuild.Error(), "make build")
	f.Judge()
	return f
}

// Check refuses nothing: what this program lacks no blueprint can mend.
func (absentOSBuild) Check(context.Context, blueprint.Document, string) error { return nil }
