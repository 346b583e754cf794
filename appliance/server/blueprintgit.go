package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
)

// gitPath is where git clones blueprints from and pushes them to.
const gitPath = "/blueprints.git"

// maxGit bounds the body of a request of git, unpacked; blueprints are small.
const maxGit = 16 << 20

var malformedGit = problem{"invalid-request", 400, "Not a request of git", ""}

// serveGit adds the routes of git's smart HTTP protocol (gitprotocol-http(5)).
func (h *Handler) serveGit(g *gin.Engine) {
	if h.o.Texts == nil {
		return
	}
	g.GET(gitPath+"/info/refs", h.handle(nil, h.advertise))
	g.POST(gitPath+"/"+blueprint.UploadPack, h.handle(h.clones, h.sendPack))
	g.POST(gitPath+"/"+blueprint.ReceivePack, h.handle(h.pushes, h.receivePack))
}

// pushes wants the token as the password; any user will do.
func (h *Handler) pushes(c *gin.Context) error {
	fromBasic(c.Request)
	return h.changes(c)
}

// clones guards the whole history, in which there may be hashes of passwords.
func (h *Handler) clones(c *gin.Context) error {
	if !h.o.Private && !h.o.Texts.Secret() {
		return nil
	}
	return h.pushes(c)
}

func (h *Handler) advertise(c *gin.Context) error {
	service := c.Query("service")
	guard := h.clones
	switch service {
	case blueprint.UploadPack:
	case blueprint.ReceivePack:
		guard = h.pushes
	default:
		return refuse(forbidden, "the dumb protocol is not spoken here", "any git since 1.6.6 speaks the smart one")
	}
	if err := guard(c); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := h.o.Texts.Advertise(service, &out); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/x-"+service+"-advertisement", out.Bytes())
	return nil
}

func (h *Handler) sendPack(c *gin.Context) error {
	body, err := gitBody(c, blueprint.UploadPack)
	if err != nil {
		return err
	}
	out := gitAnswer{c, blueprint.UploadPack}
	return gitFault(h.o.Texts.Send(body, out))
}

func (h *Handler) receivePack(c *gin.Context) error {
	body, err := gitBody(c, blueprint.ReceivePack)
	if err != nil {
		return err
	}
	err = h.o.Texts.Receive(c.Request.Context(), body, gitAnswer{c, blueprint.ReceivePack})
	if c.Writer.Written() && err != nil {
		// The person was told; what is left is for the log.
		h.o.Log.LogAttrs(c.Request.Context(), slog.LevelWarn, "push refused", slog.Any("error", err))
		return nil
	}
	return gitFault(err)
}

// gitAnswer says what it is when it begins.
type gitAnswer struct {
	c       *gin.Context
	service string
}

func (a gitAnswer) Write(p []byte) (int, error) {
	if !a.c.Writer.Written() {
		a.c.Header("Cache-Control", "no-cache")
		a.c.Header("Content-Type", "application/x-"+a.service+"-result")
		a.c.Status(http.StatusOK)
	}
	return a.c.Writer.Write(p)
}

// gitBody reads the whole request: git packs long ones with gzip.
func gitBody(c *gin.Context, service string) (io.Reader, error) {
	if got := c.ContentType(); got != "application/x-"+service+"-request" {
		return nil, refuse(unsupportedMedia, fmt.Sprintf("the body is %q, not a request of %s", got, service), "")
	}
	var in io.Reader = http.MaxBytesReader(c.Writer, c.Request.Body, maxGit)
	switch encoding := strings.ToLower(c.GetHeader("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, refuse(malformedGit, "the body is not what its Content-Encoding says, gzip", "")
		}
		in = z
	default:
		return nil, refuse(unsupportedMedia, fmt.Sprintf("the body's Content-Encoding is %q", encoding), "")
	}
	body, err := io.ReadAll(io.LimitReader(in, maxGit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > maxGit {
		return nil, &http.MaxBytesError{Limit: maxGit}
	}
	bodyEnded(c.Writer)
	return bytes.NewReader(body), nil
}

func gitFault(err error) error {
	switch {
	case errors.Is(err, blueprint.ErrTooLarge):
		return refuse(tooLarge, err.Error(), "")
	case errors.Is(err, blueprint.ErrMalformed), errors.Is(err, blueprint.ErrPush):
		return refuse(malformedGit, err.Error(), "")
	}
	return err
}

// challenge tells a client how to show the token: git knows passwords only.
func challenge(path string) string {
	if strings.HasPrefix(path, gitPath+"/") {
		return `Basic realm="appliance: any user, the token as password"`
	}
	return `Bearer realm="appliance"`
}
