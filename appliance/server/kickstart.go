package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/installation"
	"edge/kickstart"
)

// Installations is what the handlers ask of kickstarts and of devices that are being installed;
// *installation.Book is one.
type Installations interface {
	Kickstart(context.Context, installation.Asked) ([]byte, error)
	Fetch(ctx context.Context, secret string, a installation.Asked, from string) ([]byte, error)
	Tell(ctx context.Context, secret string, step installation.Step, log []byte, from string) error

	Create(context.Context, installation.Request) (installation.Installation, string, error)
	List(context.Context) ([]installation.Installation, error)
	Show(ctx context.Context, which string) (installation.Installation, error)
	Log(ctx context.Context, which string) ([]byte, error)
	Revoke(ctx context.Context, which string) error
}

// kickstartTable is the part of the table that is about installations. What they tell of themselves stands
// outside of the API: an installer knows its one link and nothing else.
func (h *Handler) kickstartTable() []route {
	if h.o.Installations == nil {
		return nil
	}
	read, change := h.reads, h.changes
	return []route{
		{"GET", "/blueprints/:blueprint/kickstart", read, h.judgeKickstart},
		{"GET", "/kickstarts", read, h.listInstallations},
		{"GET", "/kickstarts/:which", read, h.showInstallation},
		{"GET", "/kickstarts/:which/log", change, h.showInstallationLog},
		{"POST", "/kickstarts/:blueprint", change, h.makeLink},
		{"DELETE", "/kickstarts/:which", change, h.revokeLink},
	}
}

// serveKickstarts adds what installers ask for. There is no HEAD of a link: it would have to spend a use, or
// to lie.
func (h *Handler) serveKickstarts(g *gin.Engine, open func(string, handler)) {
	if h.o.Installations == nil {
		return
	}
	open("/:blueprint/kickstart.ks", h.showKickstart)
	g.GET("/k/:secret", h.handle(h.knowsLinks, h.fetchKickstart))
	g.POST("/k/:secret/:step", h.handle(h.knowsLinks, h.tellInstallation))
}

// showKickstart answers with the kickstart of a blueprint that anybody may read.
func (h *Handler) showKickstart(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return noRoute(c)
	}
	a, err := wantedKickstart(c.Request, string(n))
	if err != nil {
		return err
	}
	text, err := h.o.Installations.Kickstart(c.Request.Context(), a)
	if err != nil {
		return err
	}
	return sendKickstart(c, text)
}

// wantedKickstart reads which kickstart of a blueprint is asked for.
func wantedKickstart(r *http.Request, blueprint string) (installation.Asked, error) {
	a := installer(r)
	q, err := query(r, "device", "target")
	if err != nil {
		return a, err
	}
	a.Blueprint, a.Device = blueprint, q.Get("device")
	if t := q.Get("target"); t != "" {
		if a.Target, err = kickstart.ParseTarget(t); err != nil {
			return a, refuse(invalidRequest, err.Error(), "")
		}
	}
	return a, nil
}

// installer is what an installer says of itself in the headers that Anaconda sends. Source: its
// dracut/parse-anaconda-options.sh and anaconda-ks-sendheaders.sh.
func installer(r *http.Request) installation.Asked {
	a := installation.Asked{Product: r.Header.Get("X-Anaconda-System-Release"), Machine: r.Header.Get("X-Anaconda-Architecture")}
	for i := range 32 {
		_, mac, _ := strings.Cut(r.Header.Get(fmt.Sprintf("X-RHN-Provisioning-MAC-%d", i)), " ")
		if mac = strings.TrimSpace(mac); mac != "" {
			a.Links = append(a.Links, mac)
		}
	}
	return a
}

func sendKickstart(c *gin.Context, text []byte) error {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, textPlain+utf8, text)
	return nil
}

// knowsLinks keeps whoever guesses at links as slow as one who guesses at tokens.
func (h *Handler) knowsLinks(c *gin.Context) error {
	if wait := h.strangers.wait(origin(c.Request)); wait > 0 {
		retryAfter(c, wait)
		return refuse(tooManyLinks, fmt.Sprintf("%d links that do not exist were tried from your address within a minute", maxFailures), "")
	}
	return nil
}

func (h *Handler) fetchKickstart(c *gin.Context) error {
	text, err := h.o.Installations.Fetch(c.Request.Context(), c.Param("secret"), installer(c.Request), host(c.Request))
	if err != nil {
		return h.guessed(c, err)
	}
	return sendKickstart(c, text)
}

// guessed counts a link that does not exist.
func (h *Handler) guessed(c *gin.Context, err error) error {
	if errors.Is(err, installation.ErrUnknown) {
		h.strangers.failed(origin(c.Request))
		return refuse(unknownLink, "there is no such link", "")
	}
	return err
}

// host is the address that a request comes from.
func host(r *http.Request) string {
	if at := origin(r); at.IsValid() {
		return at.Addr().String()
	}
	return ""
}

// tellInstallation takes a step, and of a failure the last of the logs. The body of another step is not read.
func (h *Handler) tellInstallation(c *gin.Context) error {
	step, err := installation.ParseStep(c.Param("step"))
	if err != nil {
		return noRoute(c)
	}
	var log []byte
	if step == installation.Failed {
		log, err = io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, installation.MaxLog))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return refuse(invalidRequest, "the body ended before its length", "")
		}
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		bodyEnded(c.Writer)
	}
	if err := h.o.Installations.Tell(c.Request.Context(), c.Param("secret"), step, log, host(c.Request)); err != nil {
		return h.guessed(c, err)
	}
	return done(c)
}

// done answers that there is nothing to say.
func done(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// loggedPath is a path without the secret in it.
func loggedPath(path string) string {
	rest, ok := strings.CutPrefix(path, "/k/")
	if !ok {
		return path
	}
	_, step, told := strings.Cut(rest, "/")
	if !told {
		return "/k/…"
	}
	return "/k/…/" + step
}

var (
	unknownInstallation = problem{"unknown-installation", 404, "No such installation", "GET /api/v1/kickstarts lists what there is; so does: appliance kickstart list"}
	unknownLink         = problem{"unknown-link", 404, "No such link", "on the builder this makes a new one: appliance kickstart link NAME"}
	spentLink           = problem{"gone", 410, "Link is not valid any more", "it was used, has expired or was revoked; on the builder this makes a new one: appliance kickstart link NAME"}
	tooManyLinks        = problem{"unknown-link", 429, "Too many wrong links", "wait for a minute"}
	bookFull            = problem{"full", 409, "No room for more", "those that are over go by themselves, 30 days after their links have expired"}
	invalidLink         = problem{"invalid-request", 422, "Not a usable one-time link", ""}
	nothingPublished    = problem{"nothing-published", 409, "Nothing is published", "publish a release first: appliance release publish NAME@VERSION"}
	noProgram           = problem{"no-program", 409, "No program for this architecture", "make release builds appliance-linux-arm64; it belongs into the folder download of the builder's data directory"}
	noInstallationLog   = problem{"no-log", 404, "No log", "only an installation that failed sends one"}
	invalidKickstart    = problem{"invalid-kickstart", 422, "Not a usable kickstart", "mend what the detail names, in the request or in [device] and [kickstart] of appliance.toml"}
)

// kickstartCauses are the rows of causes that installations bring.
var kickstartCauses = []cause{
	{is(installation.ErrUnknown), "", unknownInstallation},
	{is(installation.ErrGone), "", spentLink},
	{is(installation.ErrFull), "", bookFull},
	{is(installation.ErrLimits), "", invalidLink},
	{is(installation.ErrNothing), "", nothingPublished},
	{is(installation.ErrNoProgram), "", noProgram},
	{is(installation.ErrNoLog), "", noInstallationLog},
	{is(kickstart.ErrInvalid), "", invalidKickstart},
}

// Programs are the programs that devices can fetch, with their sums.
func (d *Downloads) Programs() ([]kickstart.Program, error) {
	var all []kickstart.Program
	for _, arch := range architectures {
		f, done, err := d.open(arch)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sum, _, err := d.sum(arch, f)
		done()
		if err != nil {
			return nil, err
		}
		all = append(all, kickstart.Program{Arch: arch, SHA256: sum})
	}
	return all, nil
}
