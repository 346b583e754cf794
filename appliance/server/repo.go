package server

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

// Repository resolves the path of what devices ask for; *ostree.Repo is one.
type Repository interface {
	Lookup(path string) (ostree.Served, error)
}

// What caches may do: objects never change under their name, the rest is asked for every time.
const (
	forever = "public, max-age=31536000, immutable"
	asked   = "no-cache"
)

// repository finds the one of a blueprint. A name that cannot be one is not there.
func (h *Handler) repository(name string) (Repository, error) {
	n, err := blueprint.ParseName(name)
	if err != nil {
		return nil, nowhere("/" + name + "/repo/")
	}
	return h.o.Repositories(n)
}

func nowhere(path string) error { return refuse(notFound, fmt.Sprintf("there is no %q", path), "") }

// serveRepo answers for /NAME/repo/REST: whatever does not go by a lane.
func (h *Handler) serveRepo(rec *recorder, r *http.Request, name, rest string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		rec.Header().Set("Allow", "GET, HEAD")
		return refuse(methodNotAllowed, r.Method+" is not for repositories: they are read here and changed by the API", "")
	}
	if !plain(rest) || disguised(r.URL) {
		return nowhere(r.URL.Path)
	}
	repo, err := h.repository(name)
	if err != nil {
		return err
	}
	path := strings.TrimSuffix(rest, "/")
	served, err := repo.Lookup(path)
	switch folder := path != rest || rest == ""; {
	case errors.Is(err, ostree.ErrUnknown) || errors.Is(err, release.ErrUnknown):
		return nowhere(r.URL.Path)
	case err != nil:
		return err
	case served.List != nil && !folder:
		to := url.URL{Path: r.URL.Path + "/"}
		http.Redirect(rec, r, to.String(), http.StatusMovedPermanently)
		return nil
	case served.List != nil:
		return h.writeListing(rec, r, served.List)
	case folder:
		return nowhere(r.URL.Path)
	}
	err = sendServed(rec, r, path, served)
	if err == nil && served.Commit != "" && r.Method == http.MethodGet && rec.status == http.StatusOK {
		h.pulled(blueprint.Name(name), served.Commit)
	}
	return err
}

// sendServed sends content as net/http does: Range, HEAD, conditions, and files by sendfile.
func sendServed(rec *recorder, r *http.Request, path string, s ostree.Served) error {
	header := rec.Header()
	header.Set("Content-Type", contentType(path))
	header.Set("Cache-Control", asked)
	if s.Immutable {
		header.Set("Cache-Control", forever)
	}
	if s.ETag != "" {
		header.Set("Etag", s.ETag)
	}
	if s.File == "" {
		http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(s.Data))
		return nil
	}
	f, err := os.OpenFile(s.File, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
		return nowhere(r.URL.Path)
	}
	if err != nil {
		return fmt.Errorf("opening what %q is: %w", r.URL.Path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nowhere(r.URL.Path)
	}
	http.ServeContent(rec, r, "", time.Time{}, f)
	return nil
}

// contentType lets a browser show what is text.
func contentType(path string) string {
	if path == "config" || strings.HasPrefix(path, "refs/") {
		return textPlain + utf8
	}
	return binary
}
