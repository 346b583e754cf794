package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/release"
	"edge/appliance/sheet"
)

// Blueprints is what there is, by name.
type Blueprints interface {
	Blueprints(context.Context) ([]release.Blueprint, error)
	Blueprint(context.Context, blueprint.Name) (release.Blueprint, error)
}

func (h *Handler) listBlueprints(c *gin.Context) error {
	all, err := h.o.Releases.Blueprints(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), h.writeBlueprints)
}

func (h *Handler) showBlueprint(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	b, err := h.o.Releases.Blueprint(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, b, h.writeBlueprint)
}

// showPublicKey answers with the line that goes into a device's trusted.ed25519.
func (h *Handler) showPublicKey(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return noRoute(c)
	}
	b, err := h.o.Releases.Blueprint(c.Request.Context(), n)
	if err != nil {
		return err
	}
	if b.PublicKey == "" {
		return refuse(notFound, "this builder does not sign", "")
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, textPlain+utf8, []byte(b.PublicKey+"\n"))
	return nil
}

func (h *Handler) writeBlueprints(s *sheet.Sheet, all []release.Blueprint) {
	if len(all) == 0 {
		s.Line("no blueprints")
		return
	}
	var rows [][]string
	for _, b := range all {
		rows = append(rows, []string{string(b.Name), sheet.Dash(string(b.Published)), strconv.Itoa(b.Releases), sheet.Dash(string(b.Ref)),
			sheet.Dash(sheet.Short(b.Commit)), strconv.Itoa(b.Objects), sheet.Size(b.Size)})
	}
	s.Table([]string{"BLUEPRINT", "PUBLISHED", ">RELEASES", "REF", "COMMIT", ">OBJECTS", ">SIZE"}, rows)
}

func (h *Handler) writeBlueprint(s *sheet.Sheet, b release.Blueprint) {
	s.Fields(
		[2]string{"blueprint", string(b.Name)},
		[2]string{"published", sheet.Dash(string(b.Published))},
		[2]string{"ref", string(b.Ref)},
		[2]string{"commit", string(b.Commit)},
		[2]string{"releases", strconv.Itoa(b.Releases)},
		[2]string{"repository", h.o.BaseURL + "/" + string(b.Name) + "/repo/"},
		[2]string{"on disk", sheet.Size(b.Size) + " in " + sheet.Plural(b.Objects, "object")},
		[2]string{"public key", b.PublicKey},
	)
}

// dash stands in a table where there is nothing.
