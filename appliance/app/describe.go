package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"edge/appliance/registry"
)

const (
	maxConfig    = 1 << 20 // bytes of an image configuration that is worth a date
	maxDescribed = 4096    // manifests whose description is remembered
)

// description is what a manifest says of its image.
type description struct {
	platforms []string
	size      int64
	created   *time.Time
}

// descriptions remembers: what a digest names never changes.
type descriptions struct {
	mu       sync.Mutex
	byDigest map[registry.Digest]description
}

func (d *descriptions) get(of registry.Digest) (description, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.byDigest[of]
	return v, ok
}

func (d *descriptions) put(of registry.Digest, v description) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byDigest == nil || len(d.byDigest) >= maxDescribed {
		d.byDigest = map[registry.Digest]description{}
	}
	d.byDigest[of] = v
}

// document is what an index, a manifest list and a manifest have that is told here (OCI Image
// Specification 1.1; Docker Image Manifest 2.2 is the same in these respects).
type document struct {
	Manifests   []child           `json:"manifests"`
	Config      descriptor        `json:"config"`
	Layers      []descriptor      `json:"layers"`
	Annotations map[string]string `json:"annotations"`
}

type descriptor struct {
	Digest registry.Digest `json:"digest"`
	Size   int64           `json:"size"`
}

type child struct {
	descriptor
	Platform platform `json:"platform"`
}

// platform is also the part of an image configuration that tells it.
type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

func (p platform) String() string {
	if p.OS == "" || p.Architecture == "" || p.OS == "unknown" {
		return "" // an attestation beside the images
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// createdKey is the annotation of a date (OCI Image Specification 1.1, annotations).
const createdKey = "org.opencontainers.image.created"

// describe says what there is to say of a manifest: for an index the platforms it names, and size
// and date of the first. A manifest that cannot be understood is described by nothing; it may be
// that of something else than an image.
func (s *Shelf) describe(ctx context.Context, p place, head registry.Manifest) (description, error) {
	if v, ok := s.known.get(head.Digest); ok {
		return v, nil
	}
	d := description{platforms: []string{}}
	doc, err := read(ctx, p, head.Digest)
	if err != nil {
		return d, err
	}
	d.created = dated(doc.Annotations[createdKey])
	image := doc
	for _, c := range doc.Manifests {
		name := c.Platform.String()
		if name == "" || slices.Contains(d.platforms, name) {
			continue
		}
		if len(d.platforms) == 0 {
			if image, err = read(ctx, p, c.Digest); err != nil {
				return d, err
			}
		}
		d.platforms = append(d.platforms, name)
	}
	d.size = image.Config.Size
	for _, l := range image.Layers {
		d.size += max(l.Size, 0)
	}
	if p.embedded() && image.Config.Digest != "" {
		s.configured(ctx, p, image.Config, &d)
	}
	if d.created == nil {
		d.created = dated(image.Annotations[createdKey])
	}
	s.known.put(head.Digest, d)
	return d, nil
}

// configured adds what the image's configuration tells. The embedded registry has it at hand.
func (s *Shelf) configured(ctx context.Context, p place, at descriptor, d *description) {
	data, err := s.home.Blob(ctx, p.repository, at.Digest, maxConfig)
	if err != nil {
		return // not there, or too large to be one
	}
	var config struct {
		platform
		Created string `json:"created"`
	}
	if json.Unmarshal(data, &config) != nil {
		return
	}
	if name := config.String(); len(d.platforms) == 0 && name != "" {
		d.platforms = []string{name}
	}
	if d.created == nil {
		d.created = dated(config.Created)
	}
}

func read(ctx context.Context, p place, d registry.Digest) (document, error) {
	m, err := p.Get(ctx, p.repository, string(d))
	if errors.Is(err, registry.ErrUnknown) || errors.Is(err, registry.ErrManifest) {
		return document{}, nil // an index may name what was not pushed with it
	}
	if err != nil {
		return document{}, err
	}
	var doc document
	if json.Unmarshal(m.Raw, &doc) != nil {
		return document{}, nil
	}
	return doc, nil
}

// dated reads a date. Builds that are to be the same everywhere say 1970, which tells nobody anything.
func dated(s string) *time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Unix() <= 0 {
		return nil
	}
	return &t
}
