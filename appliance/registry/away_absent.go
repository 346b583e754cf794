//go:build !containers_image_openpgp

package registry

import (
	"context"
	"fmt"
)

// Without the build tag containers_image_openpgp the image library wants cgo and the gpgme headers, and a
// plain `go build` or `go test` would fail on most machines. So such a binary has no remote registries,
// and says so. `make build` sets the tag.

// WithRemotes tells whether this binary can reach remote registries.
const WithRemotes = false

// Remotes is the part of the house that this binary lacks.
type Remotes struct{}

var errAbsent = fmt.Errorf("%w: this binary was built without remote registries; build it with `make build`", ErrUnreachable)

// NewRemotes succeeds, so that everything else works.
func NewRemotes(RemoteOptions) (*Remotes, error) { return &Remotes{}, nil }

// Close does nothing.
func (r *Remotes) Close() error { return nil }

// Registry fails and tells why.
func (r *Remotes) Registry(string) (Registry, error) { return nil, errAbsent }

// Copy fails and tells why.
func (r *Remotes) Copy(context.Context, string, string, string, string, string, func(Copied)) (Digest, bool, error) {
	return "", false, errAbsent
}
