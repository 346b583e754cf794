// Package registry holds container images and moves their tags: in the appliance's own store, which
// speaks the OCI distribution protocol under /v2/, and in remote registries. It knows repositories,
// tags, digests and manifests; which application they belong to, and who wants what, it does not.
//
// Source of the protocol: OCI Distribution Specification 1.1.
package registry

import (
	"context"
	"errors"
)

// Causes.
var (
	ErrUnknown      = errors.New("not in the registry")  // repository, tag or digest
	ErrInvalidName  = errors.New("malformed image name") // repository, tag or digest
	ErrImmutable    = errors.New("tag is immutable")
	ErrPrecondition = errors.New("tag names another digest") // Put's expect
	ErrManifest     = errors.New("unusable manifest")        // too large, unknown type, not what its digest says
	ErrDenied       = errors.New("registry denied access")   // wrong or missing credentials
	ErrUnreachable  = errors.New("registry not reachable")   // down, slow, or answering 5xx
	ErrForbidden    = errors.New("registry is not allowed")  // not in the allow-list, or a guarded address
)

// MaxManifest is the largest manifest that is taken, in bytes.
const MaxManifest = 4 << 20

// Manifest is one manifest or index with the exact bytes that its digest covers.
type Manifest struct {
	Digest    Digest
	MediaType string
	Raw       []byte // nil in the answer of Head
	Size      int64
}

// Registry is one registry, embedded or remote, as far as tags go. reference is a tag or a digest.
type Registry interface {
	Tags(ctx context.Context, repository string) ([]string, error) // sorted
	Head(ctx context.Context, repository, reference string) (Manifest, error)
	Get(ctx context.Context, repository, reference string) (Manifest, error) // digest verified

	// Put makes tag name m, the very same bytes. expect is the digest that tag must name now: nil is
	// any, "" is none. Exact reports whether the check and the write were one step.
	Put(ctx context.Context, repository, tag string, m Manifest, expect *Digest) error
	Exact() bool
}
