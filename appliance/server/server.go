// Package server gives the appliance its HTTP face: the API, the OSTree
// repositories that devices pull from, the web page, metrics. Handlers read
// the request, call one method of a room below, and write the answer; they
// decide nothing.
//
// Objects of a repository are what devices ask for by the ten thousand, so
// they have a way of their own past net/http; see lane.
package server

import (
	"context"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/event"
	"edge/appliance/ostree"
	"edge/appliance/profile"
)

// Options of New. Releases and Events are needed.
type Options struct {
	Releases Releases
	Events   Events
	// Repositories finds what devices pull from; nil: Releases.Repository.
	Repositories func(blueprint.Name) (Repository, error)
	UI           fs.FS  // index.html and its assets; nil: none
	Apps         Apps   // container applications; nil: none
	Texts        Texts  // blueprints; nil: only their releases are known
	Remote       Remote // where else blueprints are kept; nil: nowhere
	Fleet        Fleet  // what devices report; nil: none
	// Installations makes kickstarts and follows what becomes of them; nil: there are none.
	Installations Installations
	Images        Images    // boot ISOs; nil: none
	Jobs          Jobs      // composes releases; nil: nothing does
	Documents     Documents // what was made beside releases; nil: nothing was
	Preflight     Preflight // nil: there is none
	// Registry answers /v2/, and tells by itself who may push; nil: there is none.
	Registry http.Handler
	// Device is what devices are to be, but for what differs between blueprints; nil: no device.toml.
	Device    *profile.Profile
	Downloads *Downloads // programs for devices; nil: none

	Token     string // what changes need; "": nothing may be changed
	Private   bool   // API reads need the token too
	MaxUpload int64  // bytes of one upload; 0: 64 GiB

	Version  string
	BaseURL  string                // how devices reach this server: http://HOST:8080
	Started  time.Time             // zero: now
	DataFree func() (int64, error) // bytes left for the data directory; nil: not told
	Log      *slog.Logger          // nil: none
}

// Releases is everything that the handlers ask of the room below;
// *release.Publisher is one.
type Releases interface {
	Blueprints
	Catalogue
	Details
	Importer
	Publisher
	Keeper
	Deltas
	Repository(blueprint.Name) (*ostree.Repo, error)
}

// Events is the diary, as the event stream reads it; *event.Log is one.
type Events interface {
	Follow(ctx context.Context, after uint64) iter.Seq[event.Event]
	Since(after uint64) []event.Event
	Last() uint64
}

// Handler answers every request. HTTPServer gives it a server with the
// timeouts it is made for; listening and TLS belong to the caller.
type Handler struct {
	o       Options
	gin     *gin.Engine
	page    *page
	metrics *metrics
	guard   *guard
	lanes   *lanes

	strangers *guard // who guesses at enrolment tokens
	digests   digests

	stopping context.Context // ends when Shutdown begins
	stop     context.CancelFunc
	streams  chan struct{} // holds one for each event stream
	looks    chan struct{} // holds one while the host is looked at
}

// New returns the handler. Who calls it calls Shutdown in the end.
func New(o Options) *Handler {
	if o.Repositories == nil {
		o.Repositories = func(name blueprint.Name) (Repository, error) { return o.Releases.Repository(name) }
	}
	if o.MaxUpload <= 0 {
		o.MaxUpload = 64 << 30
	}
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{o: o, metrics: newMetrics(o), guard: newGuard(o.Token), strangers: newGuard(""), streams: make(chan struct{}, maxStreams), looks: make(chan struct{}, 1)}
	h.stopping, h.stop = context.WithCancel(context.Background())
	h.lanes = newLanes(h.HTTPServer)
	var err error
	if h.page, err = newPage(o.UI); err != nil {
		o.Log.Error("web page is incomplete", "error", err)
	}
	h.gin = h.routes()
	return h
}

// HTTPServer returns a server for h. Clients have seconds for a header; how
// long bodies may take is watched request by request, so there is no limit
// for the whole. Its Shutdown ends event streams but does not wait for
// connections that only Handler.Shutdown knows: call that one too.
func (h *Handler) HTTPServer() *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(h.o.Log.Handler(), slog.LevelWarn),
	}
	s.RegisterOnShutdown(h.stop)
	return s
}

const (
	headerTimeout = 10 * time.Second // for a whole request header
	bodyTimeout   = 30 * time.Second // for a whole body that is not an upload
	idleTimeout   = 2 * time.Minute  // between requests
	stallTimeout  = time.Minute      // for a body that does not move
	slowest       = 8 << 10          // bytes a second that a client must at least take
)

// Shutdown ends event streams, lets every response that is under way be
// finished and returns when that is so, or cuts them off when ctx ends.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.stop()
	return h.lanes.shutdown(ctx)
}
