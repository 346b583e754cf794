package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// inspectManifest refuses what no client may push and returns what it names. An empty media type is filled in.
func inspectManifest(m *Manifest) ([]descriptor, error) {
	if len(m.Raw) > MaxManifest {
		return nil, refusing(http.StatusRequestEntityTooLarge, "SIZE_INVALID", ErrManifest,
			"a manifest may have %d bytes, and this one has %d", MaxManifest, len(m.Raw))
	}
	var doc document
	if err := json.Unmarshal(m.Raw, &doc); err != nil {
		return nil, invalid("the manifest is not readable as JSON: %v", err)
	}
	if m.MediaType == "" {
		m.MediaType = doc.MediaType
	}
	if m.MediaType == "" && doc.Manifests == nil && doc.Config != nil {
		m.MediaType = typeImage
	} else if m.MediaType == "" && doc.Manifests != nil {
		m.MediaType = typeIndex
	}
	switch {
	case !isIndex(m.MediaType) && !isImage(m.MediaType):
		return nil, invalid("media type %q is not taken: it is neither an OCI image manifest or index nor their Docker (schema 2) counterparts", clip(m.MediaType))
	case doc.MediaType != "" && doc.MediaType != m.MediaType:
		return nil, invalid("the manifest calls itself %q but was sent as %q", clip(doc.MediaType), m.MediaType)
	case isIndex(m.MediaType) && (doc.Config != nil || doc.Layers != nil), isImage(m.MediaType) && doc.Manifests != nil:
		return nil, invalid("the manifest is an image and an index at once")
	}
	return doc.needs(), nil
}

func invalid(format string, values ...any) error {
	return refusing(http.StatusBadRequest, "MANIFEST_INVALID", ErrManifest, format, values...)
}

// readManifest takes a manifest from a request, never more bytes than are allowed.
func readManifest(w http.ResponseWriter, r *http.Request) (Manifest, error) {
	var m Manifest
	tooLarge := func() error {
		w.Header().Set("Connection", "close")
		return refusing(http.StatusRequestEntityTooLarge, "SIZE_INVALID", ErrManifest, "a manifest may have %d bytes", MaxManifest)
	}
	if r.ContentLength > MaxManifest {
		return m, tooLarge()
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxManifest+1))
	if err != nil {
		return m, refusing(http.StatusBadRequest, "MANIFEST_INVALID", ErrManifest, "the manifest did not arrive whole")
	}
	if len(raw) > MaxManifest {
		return m, tooLarge()
	}
	if sent := r.Header.Get("Content-Type"); sent != "" {
		if m.MediaType, _, err = mime.ParseMediaType(sent); err != nil {
			return m, invalid("the media type is not readable: %v", fmt.Sprintf("%q", clip(sent)))
		}
	}
	m.Raw, m.Size = raw, int64(len(raw))
	return m, nil
}
