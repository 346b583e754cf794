package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

// Publisher moves the ref that devices follow.
type Publisher interface {
	Publish(context.Context, blueprint.ID, release.PublishOptions) (release.Publication, error)
}

// publishing is the JSON body of a publication; it may be left out.
type publishing struct {
	Force bool   `json:"force"`
	Stamp bool   `json:"stamp"`
	Ref   string `json:"ref"`
}

func (h *Handler) publishRelease(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	var p publishing
	if err := decode(c.Writer, c.Request, &p); err != nil {
		return err
	}
	ref, err := optionalRef(p.Ref)
	if err != nil {
		return err
	}
	ifMatch, err := h.precondition(c.Request, id.Blueprint)
	if err != nil {
		return err
	}
	begun := time.Now()
	done, err := h.o.Releases.Publish(c.Request.Context(), id, release.PublishOptions{IfMatch: ifMatch, Force: p.Force, Stamp: p.Stamp, Ref: ref})
	h.metrics.published(err, time.Since(begun))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, done, writePublication)
}

// precondition reads what must be published now: If-Match names a commit or,
// with "*", demands that there is one; "If-None-Match: *" that there is none.
func (h *Handler) precondition(r *http.Request, name blueprint.Name) (object.Checksum, error) {
	match, none := strings.TrimSpace(r.Header.Get("If-Match")), strings.TrimSpace(r.Header.Get("If-None-Match"))
	switch {
	case none != "" && (none != "*" || match != ""):
		return "", refuse(invalidRequest, "If-None-Match can only be * here, and not together with If-Match", "")
	case none == "*":
		return ostree.NoCommit, nil
	case match == "":
		return "", nil
	case match == "*":
		b, err := h.o.Releases.Blueprint(r.Context(), name)
		if err == nil && b.Commit == "" {
			err = refuse(preconditionFailed, "nothing is published", "")
		}
		return b.Commit, err
	}
	commit, err := object.ParseChecksum(strings.Trim(match, `"`))
	if err != nil {
		return "", refuse(invalidRequest, "If-Match is not one commit: "+err.Error(), "")
	}
	return commit, nil
}
