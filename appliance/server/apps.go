package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"edge/appliance/app"
	"edge/appliance/registry"
)

// Apps is what the handlers ask of applications; *app.Shelf is one.
type Apps interface {
	List(context.Context) ([]app.Summary, error)
	Tags(ctx context.Context, name string) ([]app.Tag, error)
	AllTags(ctx context.Context, name string) ([]app.Tag, error)
	History(ctx context.Context, name string) ([]app.Move, error)
	Retag(ctx context.Context, name string, r app.Retagging) (app.Move, error)
	Undo(ctx context.Context, name, tag string, dryRun bool) (app.Move, error)
	Mirror(ctx context.Context, name string) (app.Mirrored, error)
}

// appTable is the part of the table that is about applications.
func (h *Handler) appTable() []route {
	if h.o.Apps == nil {
		return nil
	}
	read, change := h.reads, h.changes
	return []route{
		{"GET", "/apps", read, h.listApps},
		{"GET", "/apps/:app/tags", read, h.listTags},
		{"GET", "/apps/:app/history", read, h.listMoves},
		{"POST", "/apps/:app/retag", change, h.retag},
		{"POST", "/apps/:app/undo", change, h.undo},
		{"POST", "/apps/:app/mirror", change, h.mirror},
	}
}

func (h *Handler) listApps(c *gin.Context) error {
	all, err := h.o.Apps.List(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writeApps)
}

// listTags answers …/tags, and with ?all=1 also the tags that keep former images alive.
func (h *Handler) listTags(c *gin.Context) error {
	q, err := query(c.Request, "all")
	if err != nil {
		return err
	}
	all, err := flag(q, "all")
	if err != nil {
		return err
	}
	list := h.o.Apps.Tags
	if all {
		list = h.o.Apps.AllTags
	}
	tags, err := list(c.Request.Context(), c.Param("app"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(tags), writeTags)
}

func (h *Handler) listMoves(c *gin.Context) error {
	moves, err := h.o.Apps.History(c.Request.Context(), c.Param("app"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(moves), writeHistory)
}

func (h *Handler) retag(c *gin.Context) error {
	var r app.Retagging
	if err := decode(c.Writer, c.Request, &r); err != nil {
		return err
	}
	if r.From == "" {
		return refuse(invalidRequest, `the body lacks "from", the tag or digest to move to`, `{"from":"v2","to":"prod"}`)
	}
	m, err := h.o.Apps.Retag(c.Request.Context(), c.Param("app"), r)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, m, writeMove)
}

// undoing is the JSON body of an undo; it may be left out.
type undoing struct {
	To     string `json:"to"`
	DryRun bool   `json:"dry_run"`
}

func (h *Handler) undo(c *gin.Context) error {
	var u undoing
	if err := decode(c.Writer, c.Request, &u); err != nil {
		return err
	}
	m, err := h.o.Apps.Undo(c.Request.Context(), c.Param("app"), u.To, u.DryRun)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, m, writeMove)
}

func (h *Handler) mirror(c *gin.Context) error {
	if err := decode(c.Writer, c.Request, &struct{}{}); err != nil {
		return err
	}
	m, err := h.o.Apps.Mirror(c.Request.Context(), c.Param("app"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, m, writeMirrored)
}

var (
	unknownApp          = problem{"unknown-app", 404, "No such app", "GET /api/v1/apps lists what there is; so does: appliance app list"}
	unknownTag          = problem{"unknown-tag", 404, "No such tag", "GET /api/v1/apps/APP/tags lists what there is; so does: appliance app tags APP"}
	immutable           = problem{"immutable", 409, "Tag is immutable", "give the image a new tag; [registry] immutable in appliance.toml says which tags never move"}
	tagMoved            = problem{"precondition-failed", 412, "Tag names another digest", "look at what the tag names now, and decide anew: appliance app tags APP"}
	nothingToUndo       = problem{"nothing-to-undo", 409, "Nothing to undo", "the history tells what was moved: appliance app history APP"}
	noSource            = problem{"no-source", 409, "App has no source", "say in appliance.toml where it comes from: source = \"HOST/REPOSITORY\" in its [[app]]"}
	registryDenied      = problem{"registry-denied", 502, "Registry denied access", "log in on the builder, as the user that it runs as: podman login HOST; or see [registry] auth_file"}
	registryUnreachable = problem{"registry-unreachable", 502, "Registry not reachable", "check the address from the builder, and try again"}
	registryForbidden   = problem{"registry-forbidden", 403, "Registry is not allowed", "[registry] allow in appliance.toml lists the registries that the builder may speak to"}
	unusableManifest    = problem{"unusable-manifest", 422, "Unusable manifest", ""}
	invalidImage        = problem{"invalid-name", 422, "Invalid name", "a tag has letters, digits and _ . - and no slash; a digest is sha256: and 64 hexadecimal digits"}
)

// appCauses are the rows of causes that applications bring.
var appCauses = []cause{
	{is(app.ErrUnknown), "", unknownApp},
	{is(app.ErrNoUndo), "", nothingToUndo},
	{is(app.ErrNoMirror), "", noSource},
	{is(registry.ErrForbidden), "", registryForbidden},
	{is(registry.ErrDenied), "", registryDenied},
	{is(registry.ErrImmutable), "", immutable},
	{is(registry.ErrPrecondition), "", tagMoved},
	{is(registry.ErrInvalidName), "", invalidImage},
	{is(registry.ErrManifest), "", unusableManifest},
	{is(registry.ErrUnknown), "", unknownTag},
}
