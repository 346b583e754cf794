//go:build containers_image_openpgp

package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/docker/reference"
	"github.com/containers/image/v5/manifest"
	"github.com/opencontainers/go-digest"
	imgspec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mediaTypes are the manifests whose digest covers exactly their bytes.
var mediaTypes = []string{
	imgspec.MediaTypeImageIndex,
	imgspec.MediaTypeImageManifest,
	manifest.DockerV2ListMediaType,
	manifest.DockerV2Schema2MediaType,
}

// remote is one registry that we do not keep ourselves.
type remote struct {
	remotes *Remotes
	host    string
}

// Exact is false: the protocol has no conditional write. Put looks, writes, and looks again.
func (m *remote) Exact() bool { return false }

// Tags lists the tags of repository.
func (m *remote) Tags(ctx context.Context, repository string) ([]string, error) {
	var tags []string
	err := m.do(ctx, "listing the tags of", repository, "", func(ctx context.Context, v *visit) error {
		ref, err := docker.NewReference(reference.TagNameOnly(v.named))
		if err != nil {
			return err
		}
		tags, err = docker.GetRepositoryTags(ctx, v.sys, ref)
		return err
	})
	slices.Sort(tags)
	return slices.Compact(tags), err
}

// Head asks for the digest of reference. It tells no media type and no size: a registry need not
// say them without the manifest.
func (m *remote) Head(ctx context.Context, repository, reference string) (Manifest, error) {
	var d digest.Digest
	err := m.do(ctx, "asking for", repository, reference, func(ctx context.Context, v *visit) (err error) {
		d, err = v.digest(ctx, reference)
		return err
	})
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{Digest: Digest(d)}, nil
}

// Get fetches the manifest of reference, by its digest.
func (m *remote) Get(ctx context.Context, repository, reference string) (Manifest, error) {
	var got Manifest
	err := m.do(ctx, "fetching", repository, reference, func(ctx context.Context, v *visit) (err error) {
		got, err = v.get(ctx, reference)
		return err
	})
	return got, err
}

// Put makes tag name man. What it finds done already it does not do again.
func (m *remote) Put(ctx context.Context, repository, tag string, man Manifest, expect *Digest) error {
	if err := checkManifest(man); err != nil {
		return fmt.Errorf("tagging %q as %q: %w", man.Digest, tag, err)
	}
	return m.do(ctx, "moving", repository, tag, func(ctx context.Context, v *visit) error {
		ref, err := v.tagged(tag)
		if err != nil {
			return err
		}
		now, err := v.digest(ctx, tag)
		if err = classify(err, false); err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
		if expect != nil && Digest(now) != *expect {
			return fmt.Errorf("%w: it names %q, not %q", ErrPrecondition, now, *expect)
		}
		if Digest(now) == man.Digest {
			return nil
		}
		to, err := ref.NewImageDestination(ctx, v.sys)
		if err != nil {
			return err
		}
		defer to.Close()
		if err := to.PutManifest(ctx, man.Raw, nil); err != nil { // with a digest it would move no tag
			return classify(err, true)
		}
		now, err = v.digest(ctx, tag)
		if err == nil && Digest(now) != man.Digest {
			err = fmt.Errorf("%w: it was written, and names %q now; somebody else moved it at the same time", ErrPrecondition, now)
		}
		return err
	})
}

// do visits repository, bounded in time, and puts what goes wrong into our words.
func (m *remote) do(ctx context.Context, doing, repository, reference string, work func(context.Context, *visit) error) error {
	v, err := m.remotes.visit(m.host, repository, remoteBudget)
	if err != nil {
		return fmt.Errorf("%s %q: %w", doing, m.host+"/"+repository, err)
	}
	defer v.close()
	ctx, cancel := m.remotes.patient(ctx)
	defer cancel()
	err = v.explain(ctx, work(ctx, v))
	switch {
	case err == nil:
		return nil
	case reference == "":
		return fmt.Errorf("%s %q: %w", doing, v.named, err)
	default:
		return fmt.Errorf("%s %q of %q: %w", doing, reference, v.named, err)
	}
}

// checkManifest refuses what cannot be written unchanged: the library sends the media type that it
// guesses from the bytes, and it can guess wrong.
func checkManifest(m Manifest) error {
	switch {
	case len(m.Raw) > MaxManifest:
		return fmt.Errorf("%w: %d bytes, more than %d", ErrManifest, len(m.Raw), MaxManifest)
	case !slices.Contains(mediaTypes, m.MediaType):
		return fmt.Errorf("%w: its type is %q", ErrManifest, m.MediaType)
	case manifest.GuessMIMEType(m.Raw) != m.MediaType:
		return fmt.Errorf("%w: its type is said to be %q and reads as %q", ErrManifest, m.MediaType, manifest.GuessMIMEType(m.Raw))
	}
	d, err := digest.Parse(string(m.Digest))
	if err != nil {
		return fmt.Errorf("%w: digest %q: %w", ErrInvalidName, m.Digest, err)
	}
	if got := d.Algorithm().FromBytes(m.Raw); got != d {
		return fmt.Errorf("%w: its bytes have the digest %q, not %q", ErrManifest, got, d)
	}
	return nil
}
