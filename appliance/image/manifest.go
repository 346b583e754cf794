package image

import (
	"strconv"
	"time"
)

// Media types. The layers are not compressed: what a compressor writes changes with its version, and
// with it the digest.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// user runs the server: a number, because an image FROM scratch has no /etc/passwd.
const user = "65532"

// The order of the fields below is the order in the documents, and so part of every digest. There is
// nothing in them that clients of older specifications drop, since they would change the digest.

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int       `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type configuration struct {
	Created      time.Time `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       execution `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []history `json:"history"`
}

type execution struct {
	User         string              `json:"User"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	Env          []string            `json:"Env,omitempty"`
	Entrypoint   []string            `json:"Entrypoint"`
	WorkingDir   string              `json:"WorkingDir"`
	Labels       map[string]string   `json:"Labels"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
}

func describe(mediaType string, b Blob) descriptor {
	return descriptor{MediaType: mediaType, Digest: b.Digest, Size: len(b.Data)}
}

// config is the configuration for one architecture. A layer that is not compressed has its digest as
// its diff ID.
func (r recipe) config(arch string, layers []Blob) configuration {
	c := configuration{Created: r.created, Architecture: arch, OS: "linux", RootFS: rootFS{Type: "layers"}}
	c.Config = execution{User: user, Entrypoint: r.entrypoint, WorkingDir: "/", Labels: r.labels}
	if r.port != 0 {
		port := strconv.Itoa(r.port)
		c.Config.ExposedPorts = map[string]struct{}{port + "/tcp": {}}
		c.Config.Env = []string{"PORT=" + port}
	}
	for n, by := range []string{"the static server for " + arch, "the pages of " + r.repository + " " + r.tag} {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, layers[n].Digest)
		c.History = append(c.History, history{Created: r.created, CreatedBy: by})
	}
	return c
}
