package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/release"
)

// Deltas makes and withdraws static deltas.
type Deltas interface {
	Deltas(context.Context, blueprint.Name) ([]release.Delta, error)
	MakeDelta(ctx context.Context, from, to blueprint.ID) (release.Delta, error)
	WithdrawDelta(ctx context.Context, from, to blueprint.ID) error
}

func (h *Handler) listDeltas(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	all, err := h.o.Releases.Deltas(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writeDeltas)
}

// makeDelta answers POST …/{to}/delta {"from":"VERSION"}.
func (h *Handler) makeDelta(c *gin.Context) error {
	to, err := id(c)
	if err != nil {
		return err
	}
	var body struct {
		From string `json:"from"`
	}
	if err := decode(c.Writer, c.Request, &body); err != nil {
		return err
	}
	from, err := origins(to, body.From)
	if err != nil {
		return err
	}
	d, err := h.o.Releases.MakeDelta(c.Request.Context(), from, to)
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, d, writeDelta)
}

// withdrawDelta answers DELETE …/{to}/delta?from=VERSION.
func (h *Handler) withdrawDelta(c *gin.Context) error {
	to, err := id(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "from")
	if err != nil {
		return err
	}
	from, err := origins(to, q.Get("from"))
	if err != nil {
		return err
	}
	if err := h.o.Releases.WithdrawDelta(c.Request.Context(), from, to); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// origins is the release that a delta to the given one starts from; a delta
// from nothing starts from no version.
func origins(to blueprint.ID, version string) (blueprint.ID, error) {
	if version == "" {
		return blueprint.ID{Blueprint: to.Blueprint}, nil
	}
	v, err := blueprint.ParseVersion(version)
	return blueprint.ID{Blueprint: to.Blueprint, Version: v}, err
}
