// Package image builds the sample applications' container images in this process: FROM scratch, for
// amd64 and arm64, the same bytes on every machine. It pushes nothing and runs nothing.
//
// Source of the formats: OCI Image Specification 1.1.
package image

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Blob is content under its digest.
type Blob struct {
	Digest string // sha256:…
	Data   []byte
}

// Document is one manifest or index with its exact bytes.
type Document struct {
	Digest    string
	MediaType string
	Raw       []byte
}

// Image is a multi-platform image: an index over one manifest a platform.
type Image struct {
	Repository string // 2048
	Tag        string // v1
	Index      Document
	Manifests  []Document
	Blobs      []Blob // configurations and layers, each once
}

// Alias is a tag that begins where another one is.
type Alias struct{ Repository, Tag, At string }

// architectures are what the images are built for, in the order of their indexes.
var architectures = [...]string{"amd64", "arm64"}

// recipe is what an image is made from.
type recipe struct {
	repository, tag string
	created         time.Time
	entrypoint      []string
	port            int // 0: none
	labels          map[string]string
	servers         map[string][]byte // a layer for each architecture
	site            []byte            // the layer that all architectures share
}

// build makes the image. Equal recipes give equal bytes.
func (r recipe) build() (Image, error) {
	i := Image{Repository: r.repository, Tag: r.tag}
	var entries []descriptor
	for _, arch := range architectures {
		layers := []Blob{blob(r.servers[arch]), blob(r.site)}
		config, err := json.Marshal(r.config(arch, layers))
		if err != nil {
			return Image{}, fmt.Errorf("writing the configuration of %s:%s: %w", r.repository, r.tag, err)
		}
		m := manifest{SchemaVersion: 2, MediaType: typeManifest, Config: describe(typeConfig, blob(config))}
		for _, layer := range layers {
			m.Layers = append(m.Layers, describe(typeLayer, layer))
		}
		d, err := document(typeManifest, m)
		if err != nil {
			return Image{}, err
		}
		i.Manifests = append(i.Manifests, d)
		i.Blobs = append(i.Blobs, append(layers, blob(config))...)
		entry := describe(typeManifest, Blob{Digest: d.Digest, Data: d.Raw})
		entry.Platform = &platform{Architecture: arch, OS: "linux"}
		entries = append(entries, entry)
	}
	slices.SortFunc(i.Blobs, func(a, b Blob) int { return cmp.Compare(a.Digest, b.Digest) })
	i.Blobs = slices.CompactFunc(i.Blobs, func(a, b Blob) bool { return a.Digest == b.Digest })
	var err error
	i.Index, err = document(typeIndex, index{SchemaVersion: 2, MediaType: typeIndex, Manifests: entries})
	return i, err
}

func blob(data []byte) Blob { return Blob{Digest: digest(data), Data: data} }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func document(mediaType string, content any) (Document, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return Document{}, fmt.Errorf("writing a document of type %q: %w", mediaType, err)
	}
	return Document{Digest: digest(raw), MediaType: mediaType, Raw: raw}, nil
}
