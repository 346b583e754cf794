package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/release"
)

// Importer brings releases in.
type Importer interface {
	Import(context.Context, blueprint.ID, io.Reader, release.ImportOptions) (release.Release, error)
	Pull(ctx context.Context, id blueprint.ID, from string, o release.ImportOptions) (release.Release, error)
}

// importRelease takes an archive as the body, or JSON that names a
// repository to pull from.
func (h *Handler) importRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	begun := time.Now()
	var r release.Release
	var body *upload
	switch kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); {
	case kind == inJSON:
		r, err = h.pullRelease(c.Writer, c.Request, id)
	case strings.HasPrefix(kind, "multipart/"):
		err = refuse(unsupportedMedia, "the body is a form, not an archive", "curl sends a file as it is with -T FILE")
	default:
		body = h.upload(c.Writer, c.Request)
		defer body.done()
		r, err = h.takeRelease(body, c.Request, id)
	}
	h.metrics.imported(err, time.Since(begun))
	if err != nil && body != nil {
		h.failIn(c, err)
		body.linger()
		return nil
	}
	if err != nil {
		return err
	}
	c.Header("Location", fmt.Sprintf("/api/v1/releases/%s/%s", r.Blueprint, r.Version))
	return answer(c, http.StatusCreated, r, writeRelease)
}

func (h *Handler) takeRelease(body *upload, r *http.Request, id blueprint.ID) (release.Release, error) {
	q, err := query(r, "ref", "stamp")
	if err != nil {
		return release.Release{}, err
	}
	stamp, err := flag(q, "stamp")
	if err != nil {
		return release.Release{}, err
	}
	ref, err := optionalRef(q.Get("ref"))
	if err != nil {
		return release.Release{}, err
	}
	if r.ContentLength > h.o.MaxUpload {
		return release.Release{}, &http.MaxBytesError{Limit: h.o.MaxUpload}
	}
	archive, err := decoded(body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return release.Release{}, err
	}
	return h.o.Releases.Import(r.Context(), id, archive, release.ImportOptions{Ref: ref, Stamp: stamp})
}

// pulling is the JSON body of an import from a repository.
type pulling struct {
	From  string `json:"from"`
	Ref   string `json:"ref"`
	Stamp bool   `json:"stamp"`
}

func (h *Handler) pullRelease(w http.ResponseWriter, r *http.Request, id blueprint.ID) (release.Release, error) {
	var p pulling
	if err := decode(w, r, &p); err != nil {
		return release.Release{}, err
	}
	if p.From == "" {
		return release.Release{}, refuse(invalidRequest, `the body lacks "from", the URL of a repository`, "")
	}
	ref, err := optionalRef(p.Ref)
	if err != nil {
		return release.Release{}, err
	}
	return h.o.Releases.Pull(r.Context(), id, p.From, release.ImportOptions{Ref: ref, Stamp: p.Stamp})
}

func optionalRef(s string) (object.Ref, error) {
	if s == "" {
		return "", nil
	}
	return object.ParseRef(s)
}

// upload reads a body that may take hours as long as it moves.
type upload struct {
	io.Reader
	w     http.ResponseWriter
	armed time.Time // zero until something was read
	ended bool
}

func (h *Handler) upload(w http.ResponseWriter, r *http.Request) *upload {
	return &upload{Reader: http.MaxBytesReader(w, r.Body, h.o.MaxUpload), w: w}
}

func (u *upload) Read(b []byte) (int, error) {
	if now := time.Now(); !u.ended && now.Sub(u.armed) > 5*time.Second {
		u.armed = now
		allowBody(u.w, stallTimeout)
	}
	n, err := u.Reader.Read(b)
	if err == io.EOF && !u.ended {
		u.ended = true
		bodyEnded(u.w)
	}
	return n, err
}

// done leaves little time for what nobody read.
func (u *upload) done() {
	if !u.ended {
		allowBody(u.w, 5*time.Second)
	}
}

// linger reads on for a while after a refusal was sent. Closing a connection on which a client is
// still sending resets it, and the reset can overtake the answer; net/http waits by itself, but not
// for a body that was announced with Expect. A body that nobody began to read has not been sent.
func (u *upload) linger() {
	if u.armed.IsZero() || u.ended {
		return
	}
	http.NewResponseController(u.w).Flush()
	allowBody(u.w, lingerTimeout)
	io.CopyN(io.Discard, u.Reader, lingerBytes)
}

// A client that heard the answer stops sending; one that does not listen is not read for ever.
const (
	lingerTimeout = time.Second
	lingerBytes   = 64 << 20
)

// decoded takes the Content-Encoding off where it hides what the importer
// looks for. It finds gzip and zstd by itself, so one layer of those may stay.
func decoded(body io.Reader, encoding string) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity", "zstd":
		return body, nil
	case "gzip", "x-gzip":
	default:
		return nil, refuse(unsupportedMedia, fmt.Sprintf("the body's Content-Encoding is %q", encoding), "send it plain or with gzip or zstd")
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, body, 4<<10); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	whole := io.MultiReader(bytes.NewReader(head.Bytes()), body)
	inside, err := gzip.NewReader(&head)
	if err != nil {
		return nil, refuse(invalidArchive, "the body is not what its Content-Encoding says, gzip", "")
	}
	magic := make([]byte, 4)
	n, _ := io.ReadFull(inside, magic)
	if bytes.HasPrefix(magic[:n], []byte{0x1f, 0x8b}) || bytes.Equal(magic[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return gzip.NewReader(whole) // an archive that was compressed before
	}
	return whole, nil
}
