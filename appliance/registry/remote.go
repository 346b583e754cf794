//go:build containers_image_openpgp

package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/containers/image/v5/docker/reference"
	"github.com/containers/image/v5/pkg/docker/config"
	"github.com/containers/image/v5/pkg/sysregistriesv2"
	"github.com/containers/image/v5/types"
)

// Limits of one operation other than a copy.
const (
	remotePatience = 30 * time.Second
	remoteBudget   = 16 << 20 // bytes of all answers together: a manifest, a token, a list of tags
)

// WithRemotes tells whether this binary can reach remote registries.
const WithRemotes = true

// Remotes reaches remote registries through an in-process egress guard.
type Remotes struct {
	o         RemoteOptions
	allowed   []allowance
	endpoints []endpoint
	guard     *guard
	patience  time.Duration
}

// NewRemotes reads o and opens the guard. Every entry that cannot be read is named in the error.
func NewRemotes(o RemoteOptions) (*Remotes, error) {
	r := &Remotes{o: o, patience: remotePatience}
	var faults []error
	for _, s := range o.Allowed {
		a, err := parseAllowance(s)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		r.allowed = append(r.allowed, a)
	}
	var err error
	r.endpoints, err = parseEndpoints(r.allowed, o.TokenHosts)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	sysregistriesv2.InvalidateCache() // the library keeps what it once read for ever
	if _, err := sysregistriesv2.FindRegistry(r.system(), "localhost/x"); err != nil {
		return nil, fmt.Errorf("reading registries.conf: %w", err)
	}
	r.guard, err = newGuard()
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Close ends the guard and every operation that is under way.
func (r *Remotes) Close() error { return r.guard.Close() }

// Registry of an allowed host ("quay.io", "10.0.0.5:5000"); ErrForbidden otherwise. Where the
// allow-list names a namespace, the repositories beside it are ErrForbidden, too.
func (r *Remotes) Registry(host string) (Registry, error) {
	host, err := parseHost(host)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.allowed, func(a allowance) bool { return a.host == host }) {
		return nil, fmt.Errorf("%w: %q is not in the allow-list", ErrForbidden, host)
	}
	return &remote{remotes: r, host: host}, nil
}

// system is what the image library needs to know, except for the credentials and the way out.
func (r *Remotes) system() *types.SystemContext {
	return &types.SystemContext{
		AuthFilePath:             cmp.Or(r.o.AuthFile, os.Getenv("REGISTRY_AUTH_FILE")),
		SystemRegistriesConfPath: cmp.Or(r.o.Config, os.Getenv("CONTAINERS_REGISTRIES_CONF")),
		DockerPerHostCertDirPath: r.o.CertDir,
		DockerRegistryUserAgent:  "appliance",
	}
}

// visit is one operation on one repository: with the credentials of this moment and a pass of its own.
type visit struct {
	named reference.Named
	sys   *types.SystemContext
	pass  *pass
	token types.DockerAuthConfig // never part of an error
}

// visit begins an operation on an allowed repository, whose answers are budget bytes at most; 0 is
// any number. The caller must close it.
func (r *Remotes) visit(host, repository string, budget int64) (*visit, error) {
	named, err := parseName(host, repository)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.allowed, func(a allowance) bool { return a.covers(named) }) {
		return nil, fmt.Errorf("%w: %q is not in the allow-list", ErrForbidden, named)
	}
	sys := r.system()
	found, err := sysregistriesv2.FindRegistry(sys, named.String())
	if err != nil {
		return nil, fmt.Errorf("%w: reading registries.conf: %w", ErrForbidden, err)
	}
	if found != nil && found.Blocked {
		return nil, fmt.Errorf("%w: registries.conf blocks %q", ErrForbidden, named)
	}
	token, err := credentials(sys, named)
	if err != nil {
		return nil, err
	}
	return r.enter(named, sys, token, reach{
		endpoints: r.endpoints, private: r.o.Private, plain: insecure(found), budget: budget,
	}), nil
}

// enter begins an operation that may reach what to says.
func (r *Remotes) enter(named reference.Named, sys *types.SystemContext, token types.DockerAuthConfig, to reach) *visit {
	p := r.guard.admit(to)
	sys.DockerProxyURL = r.guard.url(p)
	if token != (types.DockerAuthConfig{}) {
		sys.DockerAuthConfig = &token
	}
	return &visit{named: named, sys: sys, pass: p, token: token}
}

func (v *visit) close() { v.pass.close() }

// credentials reads those of named from podman login's file, anew each time: a login changes it.
func credentials(sys *types.SystemContext, named reference.Named) (types.DockerAuthConfig, error) {
	if sys.AuthFilePath != "" {
		if _, err := os.Stat(sys.AuthFilePath); err != nil {
			return types.DockerAuthConfig{}, fmt.Errorf("%w: reading the auth file: %w; podman login --authfile makes it", ErrDenied, err)
		}
	}
	token, err := config.GetCredentialsForRef(sys, named)
	if err != nil { // the library quotes the file
		return types.DockerAuthConfig{}, fmt.Errorf("%w: the credentials of %q cannot be read; see podman login", ErrDenied, named)
	}
	return token, nil
}

// insecure reports whether registries.conf permits plain HTTP to a registry or a mirror of it.
func insecure(r *sysregistriesv2.Registry) bool {
	if r == nil {
		return false
	}
	return r.Insecure || slices.ContainsFunc(r.Mirrors, func(e sysregistriesv2.Endpoint) bool { return e.Insecure })
}

// splitHost separates HOST[:PORT]/REPOSITORY.
func splitHost(name string) (host, repository string, err error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil || !reference.IsNameOnly(named) {
		return "", "", fmt.Errorf("%w: %q is not HOST/REPOSITORY", ErrInvalidName, name)
	}
	host = reference.Domain(named)
	if len(name) < len(host) || name[:len(host)] != host {
		return "", "", fmt.Errorf("%w: %q has no host", ErrInvalidName, name)
	}
	return host, reference.Path(named), nil
}

// isLoopback reports whether host, with or without a port, is this machine by its address or as localhost.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// patient bounds an operation. The second result tells a caller that gave up from a slow registry.
func (r *Remotes) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, r.patience, fmt.Errorf("%w: no answer within %s", ErrUnreachable, r.patience))
}
