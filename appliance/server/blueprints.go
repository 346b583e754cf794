package server

import (
	"context"
	"net/http"
	"slices"
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
	all, err := h.listings(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), h.writeBlueprints)
}

// showBlueprint answers with what there is under a name, or with one version of its text.
func (h *Handler) showBlueprint(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "version")
	if err != nil {
		return err
	}
	if q.Has("version") || wantsTOML(c.Request) {
		return h.showText(c, n, q.Get("version"))
	}
	l, err := h.listing(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, l, h.writeBlueprint)
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

func (h *Handler) writeBlueprints(s *sheet.Sheet, all []catalogued) {
	if len(all) == 0 {
		s.Line("no blueprints")
		return
	}
	var rows [][]string
	for _, b := range all {
		rows = append(rows, []string{string(b.Name), sheet.Dash(string(b.Published)), strconv.Itoa(b.Releases), sheet.Dash(string(b.Ref)),
			sheet.Dash(sheet.Short(b.Commit)), strconv.Itoa(b.Objects), sheet.Size(b.Size)})
	}
	titles := []string{"BLUEPRINT", "PUBLISHED", ">RELEASES", "REF", "COMMIT", ">OBJECTS", ">SIZE"}
	if h.o.Texts != nil {
		titles = slices.Insert(titles, 2, "NEWEST")
		for i, b := range all {
			rows[i] = slices.Insert(rows[i], 2, sheet.Dash(string(b.Version)))
		}
	}
	s.Table(titles, rows)
}

func (h *Handler) writeBlueprint(s *sheet.Sheet, b catalogued) {
	fields := [][2]string{{"blueprint", string(b.Name)}}
	if b.Version != "" {
		fields = append(fields, [2]string{"description", b.Description}, [2]string{"newest", string(b.Version)},
			[2]string{"versions", strconv.Itoa(b.Versions)}, [2]string{"changed", sheet.When(*b.Changed)})
	}
	fields = append(fields, [2]string{"published", sheet.Dash(string(b.Published))}, [2]string{"ref", string(b.Ref)},
		[2]string{"commit", string(b.Commit)}, [2]string{"releases", strconv.Itoa(b.Releases)})
	if b.Releases > 0 || b.Ref != "" {
		fields = append(fields,
			[2]string{"repository", h.o.BaseURL + "/" + string(b.Name) + "/repo/"},
			[2]string{"on disk", sheet.Size(b.Size) + " in " + sheet.Plural(b.Objects, "object")},
			[2]string{"public key", b.PublicKey},
		)
	}
	s.Fields(fields...)
}
