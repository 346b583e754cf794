package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

// Keeper looks after the releases that are there.
type Keeper interface {
	Pin(ctx context.Context, id blueprint.ID, pinned bool) (release.Release, error)
	Sign(ctx context.Context, id blueprint.ID, key, home string) (release.Release, error)
	Delete(context.Context, blueprint.ID) error
	Prune(context.Context, blueprint.Name, release.PruneOptions) (release.PruneReport, error)
	Verify(context.Context, blueprint.Name) (ostree.Verified, error)
}

// pinRelease pins with PUT and takes the pin away with DELETE.
func (h *Handler) pinRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	r, err := h.o.Releases.Pin(c.Request.Context(), id, c.Request.Method == http.MethodPut)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, r, writeRelease)
}

// signing is the JSON body of a request for a GPG signature.
type signing struct {
	Key  string `json:"key"`
	Home string `json:"home"` // GPG's folder on the builder; "": its default
}

func (h *Handler) signRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	var s signing
	if err := decode(c.Writer, c.Request, &s); err != nil {
		return err
	}
	if s.Key == "" || strings.HasPrefix(s.Key, "-") || strings.HasPrefix(s.Home, "-") {
		return refuse(invalidRequest, `the body lacks "key", the ID of a GPG key on the builder`, "")
	}
	r, err := h.o.Releases.Sign(c.Request.Context(), id, s.Key, s.Home)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, r, writeRelease)
}

func (h *Handler) deleteRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	if err := h.o.Releases.Delete(c.Request.Context(), id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// pruning is the JSON body of a prune; without it only objects go that nothing needs.
type pruning struct {
	Keep      int    `json:"keep"`
	OlderThan string `json:"older_than"` // 720h, or 30d
	DryRun    bool   `json:"dry_run"`
}

func (h *Handler) pruneReleases(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	var p pruning
	if err := decode(c.Writer, c.Request, &p); err != nil {
		return err
	}
	if p.Keep < 0 {
		return refuse(invalidRequest, fmt.Sprintf(`"keep" is %d, which is less than none`, p.Keep), "")
	}
	age, err := duration(p.OlderThan)
	if err != nil {
		return err
	}
	report, err := h.o.Releases.Prune(c.Request.Context(), n, release.PruneOptions{Keep: p.Keep, OlderThan: age, DryRun: p.DryRun})
	if err != nil {
		return err
	}
	report.Releases = nonNil(report.Releases)
	return answer(c, http.StatusOK, report, writePruneReport)
}

// duration reads what time.ParseDuration reads, and whole days.
func duration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < 0 {
		return 0, refuse(invalidRequest, fmt.Sprintf(`"older_than" is %q, which is no duration; write one such as 720h or 30d`, s), "")
	}
	return d, nil
}

// verifyReleases answers 200 with faults, too: the question was answered.
func (h *Handler) verifyReleases(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	v, err := h.o.Releases.Verify(c.Request.Context(), n)
	if err != nil {
		return err
	}
	v.Faults = nonNil(v.Faults)
	return answer(c, http.StatusOK, v, writeVerified)
}
