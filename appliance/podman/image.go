package podman

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edge/appliance/command"
)

// Image is an image in the user's storage.
type Image struct {
	ID      string   // of its configuration: 64 hex digits
	Digest  string   // of the manifest that podman calls the image's own
	Digests []string // of every manifest that led to this image: an index, and the platform's within it
	Tags    []string // names with a tag
	names   []string // REPOSITORY@DIGEST, every combination
}

// Has reports whether a digest led to this image.
func (i Image) Has(digest string) bool { return slices.Contains(i.Digests, digest) }

const maxNames = 256 // of one image

// parseImage reads what "podman image inspect" prints of one image. Podman 4.0 and 5.x agree on these keys.
func parseImage(data []byte) (Image, error) {
	var list []struct {
		ID          string   `json:"Id"`
		Digest      string   `json:"Digest"`
		RepoTags    []string `json:"RepoTags"`
		RepoDigests []string `json:"RepoDigests"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return Image{}, err
	}
	if len(list) != 1 {
		return Image{}, fmt.Errorf("%d images, want one", len(list))
	}
	raw := list[0]
	i := Image{ID: strings.TrimPrefix(raw.ID, "sha256:"), Digest: raw.Digest, Tags: raw.RepoTags, names: raw.RepoDigests}
	if !imageID.MatchString(i.ID) {
		return Image{}, fmt.Errorf("image ID %q is none", cut(raw.ID, 80))
	}
	if len(i.Tags) > maxNames || len(i.names) > maxNames {
		return Image{}, fmt.Errorf("an image with %d tags and %d digests", len(i.Tags), len(i.names))
	}
	for _, name := range append([]string{"@" + raw.Digest}, raw.RepoDigests...) {
		_, digest, _ := strings.Cut(name, "@")
		if IsDigest(digest) && !slices.Contains(i.Digests, digest) {
			i.Digests = append(i.Digests, digest)
		}
	}
	if !IsDigest(i.Digest) {
		i.Digest = ""
	}
	return i, nil
}

// Image looks at an image by name or ID. ErrNoImage when it is not here.
func (s *Session) Image(ctx context.Context, name string) (Image, error) {
	out, err := s.do(ctx, "podman", "image", "inspect", name)
	if err != nil {
		if here, existsErr := s.Exists(ctx, name); existsErr == nil && !here {
			return Image{}, fmt.Errorf("looking at image %q: %w", name, ErrNoImage)
		}
		return Image{}, err
	}
	i, err := parseImage(out)
	if err != nil {
		return Image{}, fmt.Errorf("reading what podman tells of image %q: %w", name, err)
	}
	return i, nil
}

// Exists reports whether an image is here.
func (s *Session) Exists(ctx context.Context, name string) (bool, error) {
	_, err := s.podman(ctx, "image", "exists", name)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 1 {
		return false, nil
	}
	return err == nil, err
}

// Pull fetches an image by REPOSITORY@DIGEST, which moves no tag, or by REPOSITORY:TAG, which does.
func (s *Session) Pull(ctx context.Context, name string) (Image, error) {
	id, err := s.podman(ctx, "pull", "--quiet", name)
	if err != nil {
		return Image{}, err
	}
	if !imageID.MatchString(id) {
		return Image{}, fmt.Errorf("pulling %q: podman printed %q, which is no image ID", name, cut(id, 80))
	}
	return s.Image(ctx, id)
}

// Tag names an image, taking the name from the one that had it.
func (s *Session) Tag(ctx context.Context, id, name string) error {
	_, err := s.podman(ctx, "tag", id, name)
	return err
}

// Drop removes an image that has no tag. One with a tag, or one that a container uses, stays: it is
// somebody's. The error says only what is odd.
func (s *Session) Drop(ctx context.Context, id string) error {
	i, err := s.Image(ctx, id)
	if errors.Is(err, ErrNoImage) || err == nil && len(i.Tags) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	// An image that was pulled by two digests has two names, and podman removes by ID only what has one.
	// What podman refuses here is in use.
	for _, name := range append(i.names, i.ID) {
		var refused *command.Error
		if _, err := s.podman(ctx, "rmi", name); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return nil
}
