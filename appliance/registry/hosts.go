//go:build containers_image_openpgp

package registry

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/containers/image/v5/docker/reference"
)

// allowance is one entry of the allow-list: a host, or a namespace on it.
type allowance struct{ host, namespace string }

// parseAllowance reads HOST[:PORT] or HOST[:PORT]/NAMESPACE.
func parseAllowance(s string) (allowance, error) {
	host, namespace, deeper := strings.Cut(s, "/")
	host, err := parseHost(host)
	if err == nil && deeper {
		_, err = parseName(host, namespace+"/x")
	}
	if err != nil {
		return allowance{}, fmt.Errorf("reading allowed registry %q: %w; write HOST[:PORT] or HOST[:PORT]/NAMESPACE", s, ErrInvalidName)
	}
	return allowance{host: host, namespace: namespace}, nil
}

// covers reports whether a speaks of named.
func (a allowance) covers(named reference.Named) bool {
	if reference.Domain(named) != a.host {
		return false
	}
	path := reference.Path(named)
	return a.namespace == "" || path == a.namespace || strings.HasPrefix(path, a.namespace+"/")
}

// parseHost reads the host of a registry as image names spell it. A word without dot or port is
// none: it would be a namespace of docker.io.
func parseHost(s string) (string, error) {
	host := strings.ToLower(s)
	named, err := reference.ParseNormalizedNamed(host + "/x")
	if err != nil || host == "" || reference.Domain(named) != host {
		return "", fmt.Errorf("%w: %q is not a host of a registry", ErrInvalidName, s)
	}
	return host, nil
}

// parseName reads a repository of host, nothing but its name: no URL, tag or digest.
func parseName(host, repository string) (reference.Named, error) {
	named, err := reference.ParseNormalizedNamed(host + "/" + repository)
	if err != nil || !reference.IsNameOnly(named) || reference.Domain(named) != host {
		return nil, fmt.Errorf("%w: %q is not a repository", ErrInvalidName, repository)
	}
	if path := reference.Path(named); path != repository && path != "library/"+repository {
		return nil, fmt.Errorf("%w: %q is not a repository", ErrInvalidName, repository)
	}
	return named, nil
}

// companions serve the tokens and the blobs of public registries that spread over several hosts.
// Whoever allows the registry means them, too.
var companions = map[string][]string{
	"docker.io": {
		"registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com",
		"docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
	},
	"ghcr.io":                    {"pkg-containers.githubusercontent.com"},
	"quay.io":                    {"cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io", "cdn04.quay.io"},
	"registry.fedoraproject.org": {"cdn.registry.fedoraproject.org"},
	"registry.gitlab.com":        {"gitlab.com", "cdn.registry.gitlab-static.net"},
}

// endpoint is a host that may be connected to. A name may begin with "*.".
type endpoint struct{ host, port string } // port "" is that of http or https

// parseEndpoint reads HOST[:PORT], where HOST may be an IPv4 address or begin with "*.". Image names
// know no IPv6 addresses.
func parseEndpoint(s string) (endpoint, error) {
	host, err := parseHost(strings.TrimPrefix(s, "*."))
	if err != nil {
		return endpoint{}, err
	}
	if name, port, err := net.SplitHostPort(host); err == nil {
		return endpoint{host: wildcard(s) + name, port: port}, nil
	}
	return endpoint{host: wildcard(s) + host}, nil
}

func wildcard(s string) string {
	if strings.HasPrefix(s, "*.") {
		return "*."
	}
	return ""
}

// covers reports whether e is host and port, both as a connection names them.
func (e endpoint) covers(host, port string) bool {
	if e.port != port && (e.port != "" || port != "443" && port != "80") {
		return false
	}
	if suffix, wild := strings.CutPrefix(e.host, "*"); wild {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return e.host == host
}

// literal reports whether host is an address, or the one name that cannot be anything else than
// this machine. Who lists it means that very address.
func literal(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

// parseEndpoints reads every host that remote registries may lead to.
func parseEndpoints(allowed []allowance, more []string) ([]endpoint, error) {
	var all []endpoint
	var faults []error
	for _, a := range allowed {
		more = append(more[:len(more):len(more)], a.host)
		more = append(more, companions[a.host]...)
	}
	for _, s := range more {
		e, err := parseEndpoint(s)
		if err != nil {
			faults = append(faults, fmt.Errorf("reading token host: %w", err))
			continue
		}
		all = append(all, e)
	}
	return all, errors.Join(faults...)
}
