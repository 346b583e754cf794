package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// handler is what a route runs; an error becomes a problem document.
type handler = func(*gin.Context) error

// route is one row of the table. HEAD goes wherever GET does.
type route struct {
	method, path string
	guard        handler
	run          handler
}

func (h *Handler) table() []route {
	read, change := h.reads, h.changes
	const release = "/releases/:blueprint/:version"
	return []route{
		{"GET", "/status", read, h.showStatus},
		{"GET", "/events", read, h.followEvents},
		{"GET", "/token", change, tokenFits},
		{"POST", "/qr", read, h.drawQR},

		{"GET", "/blueprints", read, h.listBlueprints},
		{"GET", "/blueprints/:blueprint", read, h.showBlueprint},

		{"GET", "/releases", read, h.listReleases},
		{"GET", "/releases/:blueprint", read, h.listReleases},
		{"GET", release, read, h.showRelease},
		{"GET", release + "/packages", read, h.listPackages},
		{"GET", release + "/diff", read, h.diffReleases},
		{"GET", release + "/archive", change, h.exportRelease},

		{"PUT", release, change, h.importRelease},
		{"POST", release + "/publish", change, h.publishRelease},
		{"PUT", release + "/pin", change, h.pinRelease},
		{"DELETE", release + "/pin", change, h.pinRelease},
		{"POST", release + "/sign", change, h.signRelease},
		{"DELETE", release, change, h.deleteRelease},
		{"POST", "/releases/:blueprint/prune", change, h.pruneReleases},
		{"POST", "/releases/:blueprint/verify", change, h.verifyReleases},

		{"GET", "/releases/:blueprint/deltas", read, h.listDeltas},
		{"POST", release + "/delta", change, h.makeDelta},
		{"DELETE", release + "/delta", change, h.withdrawDelta},
	}
}

func (h *Handler) routes() *gin.Engine {
	gin.SetMode(gin.ReleaseMode) // the other mode prints every route at the start
	g := gin.New()
	g.RedirectTrailingSlash = false
	g.HandleMethodNotAllowed = true
	for _, r := range slices.Concat(h.table(), h.appTable(), h.fleetTable(), h.kickstartTable(), h.imageTable(), h.jobTable(), h.textTable(), h.detailTable()) {
		run := h.handle(r.guard, r.run)
		g.Handle(r.method, "/api/v1"+r.path, run)
		if r.method == http.MethodGet {
			g.HEAD("/api/v1"+r.path, run)
		}
	}
	open := func(path string, run handler) {
		g.GET(path, h.handle(nil, run))
		g.HEAD(path, h.handle(nil, run))
	}
	open("/", h.showPage)
	open("/ui/*file", h.showPage)
	open("/favicon.ico", h.showPage)
	open("/healthz", healthz)
	open("/metrics", wrap(promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})))
	open("/:blueprint/ed25519.pub", h.showPublicKey)
	open("/:blueprint/device.toml", h.showProfile)
	h.serveKickstarts(g, open)
	h.serveGit(g)
	open("/download/:file", h.download)
	open("/:blueprint/repo", toFolder)
	open("/:blueprint/images", toImages)
	open("/:blueprint/images/*file", h.serveImages)
	g.NoRoute(h.handle(nil, noRoute))
	g.NoMethod(h.handle(nil, noMethod))
	return g
}

// handle lets a handler return its error instead of writing it.
func (h *Handler) handle(steps ...handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		for _, step := range steps {
			if step == nil {
				continue
			}
			if err := step(c); err != nil {
				h.failIn(c, err)
				return
			}
		}
	}
}

// failIn answers past gin's writer and tells it so, lest it adds a body of its own.
func (h *Handler) failIn(c *gin.Context, err error) {
	rec := c.Writer.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*recorder)
	h.fail(rec, c.Request, err)
	c.Writer.WriteHeaderNow()
}

func wrap(inner http.Handler) handler {
	return func(c *gin.Context) error {
		c.Header("Cache-Control", "no-store")
		inner.ServeHTTP(c.Writer, c.Request)
		return nil
	}
}

func healthz(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, textPlain+utf8, []byte("ok\n"))
	return nil
}

func toFolder(c *gin.Context) error {
	if strings.HasPrefix(c.Request.URL.Path, "//") || disguised(c.Request.URL) {
		return noRoute(c)
	}
	c.Redirect(http.StatusMovedPermanently, "/"+c.Param("blueprint")+"/repo/")
	return nil
}

func noRoute(c *gin.Context) error {
	return refuse(notFound, fmt.Sprintf("nothing is served at %q", c.Request.URL.Path),
		"/ is the web page, /api/v1/status the API, /NAME/repo/ the repository of blueprint NAME")
}

func noMethod(c *gin.Context) error {
	return refuse(methodNotAllowed, fmt.Sprintf("%s is not for %q; what is: %s", c.Request.Method, c.Request.URL.Path, c.Writer.Header().Get("Allow")), "")
}
