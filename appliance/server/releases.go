package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/release"
	"edge/appliance/rpm"
)

// Catalogue is what can be asked of releases.
type Catalogue interface {
	List(context.Context, blueprint.Name) ([]release.Release, error)
	Get(context.Context, blueprint.ID) (release.Release, error)
	Packages(context.Context, blueprint.ID) ([]rpm.Package, error)
	Diff(ctx context.Context, from, to blueprint.ID) (release.Difference, error)
	Export(context.Context, blueprint.ID, io.Writer) error
}

// listReleases lists those of the blueprint in the path, or all where there is none.
func (h *Handler) listReleases(c *gin.Context) error {
	var of blueprint.Name
	if c.Param("blueprint") != "" {
		n, err := name(c)
		if err != nil {
			return err
		}
		of = n
	}
	all, err := h.o.Releases.List(c.Request.Context(), of)
	if errors.Is(err, release.ErrUnknown) {
		_, err = h.listing(c.Request.Context(), of) // a blueprint that nothing was made of yet is known all the same
	}
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writeReleases)
}

func (h *Handler) showRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	r, err := h.o.Releases.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.Header("Etag", `"`+string(r.Commit)+`"`)
	return answer(c, http.StatusOK, r, writeRelease)
}

func (h *Handler) listPackages(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	all, err := h.o.Releases.Packages(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writePackages)
}

// diffReleases answers …/{to}/diff?from=VERSION.
func (h *Handler) diffReleases(c *gin.Context) error {
	to, err := id(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "from")
	if err != nil {
		return err
	}
	if q.Get("from") == "" {
		return refuse(invalidRequest, "the URL lacks the version to compare with", "add ?from=VERSION")
	}
	from, err := blueprint.ParseVersion(q.Get("from"))
	if err != nil {
		return err
	}
	d, err := h.o.Releases.Diff(c.Request.Context(), blueprint.ID{Blueprint: to.Blueprint, Version: from}, to)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, d, writeDifference)
}

// exportRelease sends the release as an edge-commit archive.
func (h *Handler) exportRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "application/x-tar")
	c.Header("Content-Disposition", fmt.Sprintf("attachment; filename=%q", string(id.Blueprint)+"-"+string(id.Version)+".tar"))
	c.Header("Cache-Control", "no-store")
	if c.Request.Method == http.MethodHead {
		_, err := h.o.Releases.Get(c.Request.Context(), id)
		return err
	}
	return h.o.Releases.Export(c.Request.Context(), id, c.Writer)
}
