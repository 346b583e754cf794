package registry

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// kind is what a request is about.
type kind int

const (
	ping kind = iota
	catalog
	manifests
	blobs
	startUpload
	upload
	referrers
	tagList
)

// methods of every kind; those that any stranger may use come first.
var methods = map[kind]struct{ open, closed []string }{
	ping:        {open: []string{"GET", "HEAD"}},
	catalog:     {open: []string{"GET", "HEAD"}},
	manifests:   {open: []string{"GET", "HEAD"}, closed: []string{"PUT", "DELETE"}},
	blobs:       {open: []string{"GET", "HEAD"}, closed: []string{"DELETE"}},
	startUpload: {closed: []string{"POST"}},
	upload:      {closed: []string{"GET", "PATCH", "PUT", "DELETE"}},
	referrers:   {open: []string{"GET", "HEAD"}},
	tagList:     {open: []string{"GET", "HEAD"}},
}

// route is where a request goes.
type route struct {
	kind       kind
	repository string // with its form checked
	reference  string // tag or digest, with its form checked, or the number of an upload
	writes     bool   // push access is needed
}

// parseRoute reads a path below /v2/. It takes only the one spelling that olareg would make of it, so that both
// always speak of the same thing.
func parseRoute(method, p string) (route, error) {
	r, err := parsePath(p)
	if err != nil {
		return r, err
	}
	m := methods[r.kind]
	r.writes = slices.Contains(m.closed, method)
	if !r.writes && !slices.Contains(m.open, method) {
		return r, refusing(http.StatusMethodNotAllowed, "UNSUPPORTED", nil, "%s is not a method of this address", clip(method))
	}
	return r, nil
}

func parsePath(p string) (route, error) {
	clean := strings.TrimSuffix(p, "/")
	rest, ok := strings.CutPrefix(clean, "/v2")
	if !ok || path.Clean(p) != clean || rest != "" && rest[0] != '/' {
		return route{}, refusing(http.StatusNotFound, "NAME_UNKNOWN", ErrUnknown, "there is nothing at this address")
	}
	rest = strings.TrimPrefix(rest, "/")
	switch rest {
	case "":
		return route{kind: ping}, nil
	case "_catalog":
		return route{kind: catalog}, nil
	}
	parts := strings.Split(rest, "/")
	r, n := route{}, len(parts)
	switch { // in olareg's order
	case n > 2 && parts[n-2] == "manifests":
		r.kind, n = manifests, n-2
	case n > 2 && parts[n-2] == "blobs" && parts[n-1] == "uploads":
		r.kind, n = startUpload, n-2
	case n > 2 && parts[n-2] == "blobs":
		r.kind, n = blobs, n-2
	case n > 2 && parts[n-2] == "referrers":
		r.kind, n = referrers, n-2
	case n > 2 && parts[n-2] == "tags" && parts[n-1] == "list":
		r.kind, n = tagList, n-2
	case n > 3 && parts[n-3] == "blobs" && parts[n-2] == "uploads":
		r.kind, n = upload, n-3
	default:
		return r, refusing(http.StatusNotFound, "NAME_UNKNOWN", ErrUnknown, "there is nothing at this address")
	}
	r.repository, r.reference = strings.Join(parts[:n], "/"), parts[len(parts)-1]
	if err := checkFolders(r.repository); err != nil {
		return r, refusing(http.StatusBadRequest, "NAME_INVALID", ErrInvalidName, "%v", err)
	}
	return r, checkReference(r)
}

func checkReference(r route) error {
	_, err := ParseDigest(r.reference)
	switch r.kind {
	case manifests:
		if _, tagErr := ParseTag(r.reference); err != nil && tagErr != nil {
			if !strings.Contains(r.reference, ":") {
				err = tagErr
			}
			return refusing(http.StatusBadRequest, "DIGEST_INVALID", ErrInvalidName, "%v", err)
		}
	case blobs, referrers:
		if err != nil {
			return refusing(http.StatusBadRequest, "DIGEST_INVALID", ErrInvalidName, "%v", err)
		}
	}
	return nil
}
