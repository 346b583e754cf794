//go:build containers_image_openpgp

package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/docker/reference"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
)

// tagged is the library's reference to a tag of the repository.
func (v *visit) tagged(tag string) (types.ImageReference, error) {
	named, err := reference.WithTag(v.named, tag)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is not a tag", ErrInvalidName, tag)
	}
	return docker.NewReference(named)
}

// reference is the library's reference to a tag or a digest of the repository; the digest is "" for a tag.
func (v *visit) reference(s string) (types.ImageReference, digest.Digest, error) {
	if !strings.Contains(s, ":") {
		ref, err := v.tagged(s)
		return ref, "", err
	}
	d, err := digest.Parse(s)
	if err != nil {
		return nil, "", fmt.Errorf("%w: digest %q: %w", ErrInvalidName, s, err)
	}
	named, err := reference.WithDigest(v.named, d)
	if err != nil {
		return nil, "", fmt.Errorf("%w: digest %q: %w", ErrInvalidName, s, err)
	}
	ref, err := docker.NewReference(named)
	return ref, d, err
}

// digest asks for the digest that s has, which mirrors do not answer.
func (v *visit) digest(ctx context.Context, s string) (digest.Digest, error) {
	ref, want, err := v.reference(s)
	if err != nil {
		return "", err
	}
	d, err := docker.GetDigest(ctx, v.sys, ref)
	switch {
	case errors.Is(err, digest.ErrDigestInvalidFormat):
		m, err := v.fetch(ctx, ref) // the header is optional; the bytes cannot lie
		return digest.Digest(m.Digest), err
	case err != nil:
		return "", err
	case want != "" && d != want:
		return "", fmt.Errorf("%w: asked for %q the registry answers with %q", ErrManifest, want, d)
	}
	return d, nil
}

// get fetches the manifest of s by its digest: a tag may move, and a mirror may have another one.
func (v *visit) get(ctx context.Context, s string) (Manifest, error) {
	ref, want, err := v.reference(s)
	if err != nil {
		return Manifest{}, err
	}
	if want == "" {
		if want, err = v.digest(ctx, s); err != nil {
			return Manifest{}, err
		}
		if ref, _, err = v.reference(want.String()); err != nil {
			return Manifest{}, err
		}
	}
	m, err := v.fetch(ctx, ref)
	if err != nil {
		return Manifest{}, err
	}
	m.Digest = Digest(want)
	return m, checkManifest(m)
}

// fetch reads one manifest as it is, under the digest that its bytes have.
func (v *visit) fetch(ctx context.Context, ref types.ImageReference) (Manifest, error) {
	from, err := ref.NewImageSource(ctx, v.sys)
	if err != nil {
		return Manifest{}, err
	}
	defer from.Close()
	raw, mediaType, err := from.GetManifest(ctx, nil)
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{
		Digest: Digest(digest.FromBytes(raw)), MediaType: mediaType, Raw: raw, Size: int64(len(raw)),
	}, nil
}
