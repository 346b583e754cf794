package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Media types of manifests that are taken.
const (
	typeIndex          = "application/vnd.oci.image.index.v1+json"
	typeImage          = "application/vnd.oci.image.manifest.v1+json"
	typeDockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
)

func isIndex(mediaType string) bool { return mediaType == typeIndex || mediaType == typeDockerIndex }
func isImage(mediaType string) bool {
	return mediaType == typeImage || mediaType == typeDockerManifest
}

// document is what a manifest and an index name.
type document struct {
	MediaType string       `json:"mediaType"`
	Config    *descriptor  `json:"config"`
	Layers    []descriptor `json:"layers"`
	Manifests []descriptor `json:"manifests"`
}

// needs lists what a document names, manifests and other content alike.
func (d document) needs() []descriptor {
	all := append(append([]descriptor{}, d.Manifests...), d.Layers...)
	if d.Config != nil {
		all = append(all, *d.Config)
	}
	return all
}

// reach is everything that roots need, themselves included. It fails rather than leave out something
// that is there and cannot be read: what it does not name may be deleted.
func (l *layout) reach(roots []descriptor) (map[Digest]bool, error) {
	reached := map[Digest]bool{}
	todo := append([]descriptor{}, roots...)
	for len(todo) > 0 {
		d := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reached[d.Digest] {
			continue
		}
		if _, err := ParseDigest(string(d.Digest)); err != nil {
			continue // no file can have that name
		}
		if !isIndex(d.MediaType) && !isImage(d.MediaType) {
			reached[d.Digest] = true
			continue
		}
		doc, err := l.document(d.Digest)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a platform that was never pushed
		}
		if err != nil {
			return nil, fmt.Errorf("reading manifest %q of repository %q: %w", d.Digest, l.name, err)
		}
		reached[d.Digest] = true
		todo = append(todo, doc.needs()...)
	}
	return reached, nil
}

func (l *layout) document(d Digest) (document, error) {
	var doc document
	data, err := l.readBlob(d, 2*MaxManifest) // layouts from elsewhere may have larger ones than are taken here
	if err != nil {
		return doc, err
	}
	return doc, json.Unmarshal(data, &doc)
}

// readBlob reads and verifies a blob of at most limit bytes.
func (l *layout) readBlob(d Digest, limit int64) ([]byte, error) {
	f, err := os.Open(l.blob(d))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: %q has more than %d bytes", ErrManifest, d, limit)
	case !d.matches(data):
		return nil, fmt.Errorf("%w: %q has other content than its digest says", ErrManifest, d)
	}
	return data, nil
}
