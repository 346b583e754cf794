package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/job"
	"edge/appliance/object"
	"edge/appliance/release"
)

// Jobs makes releases of blueprints and knows the works that do it; *release.Composing is one.
type Jobs interface {
	Compose(context.Context, blueprint.ID, release.ComposeOptions) (job.Job, error)
	Latest(context.Context, blueprint.Name) (blueprint.Version, error)
	List() []job.Job
	Get(job.ID) (job.Job, error)
	Cancel(context.Context, job.ID) (job.Job, error)
	Follow(ctx context.Context, id job.ID, more bool, each func([]byte) error) error
}

// Documents are what was made beside a release.
type Documents interface {
	Document(ctx context.Context, id blueprint.ID, name string) ([]byte, error)
}

var (
	unknownJob     = problem{"unknown-job", 404, "No such job", "GET /api/v1/jobs lists what there is; so does: appliance job list"}
	jobEnded       = problem{"job-ended", 409, "Job has ended", "appliance job show ID tells how"}
	tooManyJobs    = problem{"busy", 503, "Too many jobs", "wait until some have ended, or cancel some"}
	beingComposed  = problem{"composing", 409, "Release is being composed", "follow it: appliance job list, appliance job log ID --follow"}
	unknownSource  = problem{"unknown-blueprint", 404, "No such blueprint version", "appliance blueprint list shows what there is; appliance blueprint push FILE adds one"}
	unknownBackend = problem{"invalid-request", 400, "No such backend", ""}
	noDocument     = problem{"no-document", 404, "No such document", ""}
)

var jobCauses = []cause{
	{is(job.ErrUnknown), "", unknownJob},
	{is(job.ErrInvalid), "", unknownJob},
	{is(job.ErrEnded), "", jobEnded},
	{is(job.ErrTooMany), "", tooManyJobs},
	{is(release.ErrComposing), "", beingComposed},
	{is(release.ErrNoSource), "", unknownSource},
	{is(release.ErrBackend), "", unknownBackend},
	{is(release.ErrNoDocument), "", noDocument},
}

func (h *Handler) jobTable() []route {
	read, change := h.reads, h.changes
	const of = "/releases/:blueprint/:version"
	var table []route
	if h.o.Documents != nil {
		table = []route{
			{"GET", of + "/sbom", read, h.showDocument(compose.DocumentSBOM)},
			// It has the hashes of passwords, and the addresses of repositories as they are.
			{"GET", of + "/manifest", change, h.showDocument(compose.DocumentManifest)},
		}
	}
	if h.o.Preflight != nil {
		table = append(table, route{"GET", "/preflight", read, h.preflight})
	}
	if h.o.Jobs == nil {
		return table
	}
	return append(table,
		route{"POST", of + "/compose", change, h.composeRelease},
		route{"POST", "/blueprints/:blueprint/compose", change, h.composeLatest},
		route{"GET", "/jobs", read, h.listJobs},
		route{"GET", "/jobs/:job", read, h.showJob},
		route{"DELETE", "/jobs/:job", change, h.cancelJob},
		route{"GET", "/jobs/:job/log", read, h.followJob},
	)
}

// composing is the JSON body of a compose; it may be left out.
type composing struct {
	Backend string `json:"backend"`
	Distro  string `json:"distro"`
	Ref     string `json:"ref"`
	Parent  string `json:"parent"`
}

func (h *Handler) composeRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	return h.compose(c, id)
}

// composeLatest composes the newest version of a blueprint.
func (h *Handler) composeLatest(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	v, err := h.o.Jobs.Latest(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return h.compose(c, blueprint.ID{Blueprint: n, Version: v})
}

func (h *Handler) compose(c *gin.Context, id blueprint.ID) error {
	var body composing
	if err := decode(c.Writer, c.Request, &body); err != nil {
		return err
	}
	ref, err := optionalRef(body.Ref)
	if err != nil {
		return err
	}
	if body.Distro != "" {
		if err := compose.CheckDistribution(body.Distro); err != nil {
			return refuse(invalidRequest, "distro: "+err.Error(), "GET /api/v1/preflight tells what this host would compose")
		}
	}
	parent := object.Checksum(body.Parent)
	if parent != "" && parent != release.NoParent {
		if parent, err = object.ParseChecksum(body.Parent); err != nil {
			return refuse(invalidRequest, "the parent is not a commit: "+err.Error(), `give 64 hexadecimal digits, or "none"`)
		}
	}
	j, err := h.o.Jobs.Compose(c.Request.Context(), id, release.ComposeOptions{Backend: body.Backend, Distro: body.Distro, Ref: ref, Parent: parent})
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/jobs/"+string(j.ID))
	return answer(c, http.StatusAccepted, j, writeJob)
}

func (h *Handler) listJobs(c *gin.Context) error {
	return answer(c, http.StatusOK, nonNil(h.o.Jobs.List()), writeJobs)
}

// jobID reads the job from the path.
func jobID(c *gin.Context) (job.ID, error) { return job.ParseID(c.Param("job")) }

func (h *Handler) showJob(c *gin.Context) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	j, err := h.o.Jobs.Get(id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, j, writeJob)
}

func (h *Handler) cancelJob(c *gin.Context) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	j, err := h.o.Jobs.Cancel(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, j, writeJob)
}

// followJob sends a job's log, and with follow=1 what comes until the job ends.
func (h *Handler) followJob(c *gin.Context) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "follow")
	if err != nil {
		return err
	}
	follow, err := flag(q, "follow")
	if err != nil {
		return err
	}
	if _, err := h.o.Jobs.Get(id); err != nil {
		return err
	}
	if follow && c.Request.Method == http.MethodGet {
		if err := h.beginStream(); err != nil {
			return err
		}
		defer func() { <-h.streams }()
	}
	c.Header("Content-Type", textPlain+utf8)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	c.Writer.WriteHeaderNow()
	if c.Request.Method == http.MethodHead {
		return nil
	}
	c.Writer.Flush()
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	// Whatever ends it, the client has what there was; a client that went away is nobody's failure.
	_ = h.o.Jobs.Follow(ctx, id, follow, func(p []byte) error {
		_, err := c.Writer.Write(p)
		c.Writer.Flush()
		return err
	})
	return nil
}

// showDocument sends one of the documents that were made with a release.
func (h *Handler) showDocument(document string) handler {
	return func(c *gin.Context) error {
		id, err := id(c)
		if err != nil {
			return err
		}
		data, err := h.o.Documents.Document(c.Request.Context(), id, document)
		if err != nil {
			return err
		}
		c.Header("Cache-Control", "no-store")
		c.Data(http.StatusOK, inJSON, data)
		return nil
	}
}
