package podman

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"edge/appliance/profile"
)

const (
	remotePatience  = 5 * time.Second // for one question, tokens included
	remoteMaxHeader = 32 << 10
)

// manifestTypes is every kind of manifest that a tag can point at. A registry converts, and so changes the
// digest, where a client does not take the kind that it has.
const manifestTypes = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

// Remote asks registries what tags point at. Nothing is downloaded: one HEAD request, and before it one for
// an anonymous token where the registry wants one.
type Remote struct {
	plain  map[string]bool // hosts that are spoken to without TLS
	client *http.Client
}

// NewRemote gives what asks registries as the profile says.
func NewRemote(p profile.Registry) (*Remote, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a device without any still has the profile's
	}
	if p.CA != "" && !roots.AppendCertsFromPEM([]byte(p.CA)) {
		return nil, errors.New("reading the registry's authority: no certificate in the profile's registry.ca")
	}
	r := &Remote{plain: map[string]bool{}, client: &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: remotePatience}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: remoteMaxHeader,
			MaxIdleConns:           4,
			IdleConnTimeout:        remotePatience,
		},
		// A registry that sends a manifest's HEAD elsewhere is unusual enough to leave it to podman.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, host := range p.Insecure {
		r.plain[host] = true
	}
	return r, nil
}

// Digest is what a tag points at now: the digest of the index where there is one. The cause of every
// failure but the end of ctx is ErrUnknown; podman, which knows credentials and mirrors, may still succeed.
func (r *Remote) Digest(ctx context.Context, ref Reference) (string, error) {
	within, cancel := context.WithTimeout(ctx, remotePatience)
	defer cancel()
	digest, err := r.digest(within, ref)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", fmt.Errorf("asking for %q: %w: %s", ref, ErrUnknown, Reason(err))
	}
	return digest, nil
}

func (r *Remote) digest(ctx context.Context, ref Reference) (string, error) {
	address := r.address(ref)
	answer, err := r.head(ctx, address, "")
	if err != nil {
		return "", err
	}
	if answer.StatusCode == http.StatusUnauthorized {
		token, err := r.token(ctx, answer, ref)
		if err != nil {
			return "", err
		}
		if answer, err = r.head(ctx, address, token); err != nil {
			return "", err
		}
	}
	digest := answer.Header.Get("Docker-Content-Digest")
	switch {
	case answer.StatusCode != http.StatusOK:
		return "", fmt.Errorf("status %d", answer.StatusCode)
	case !IsDigest(digest):
		return "", fmt.Errorf("digest %q is none", cut(digest, 80))
	}
	return digest, nil
}

func (r *Remote) head(ctx context.Context, address, token string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", manifestTypes)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	return answer, answer.Body.Close() // a HEAD has none
}

// address is where a registry answers for a tag. What is called docker.io is answered for elsewhere.
func (r *Remote) address(ref Reference) string {
	scheme, host, name := "https", ref.Host, ref.Repository
	if r.plain[host] {
		scheme = "http"
	}
	if host == "docker.io" {
		host = "registry-1.docker.io"
		if !strings.Contains(name, "/") {
			name = "library/" + name
		}
	}
	return scheme + "://" + host + "/v2/" + name + "/manifests/" + ref.Tag
}
