package server

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/release"
	"edge/appliance/sheet"
)

// Details is what can be told of a release by reading its commit.
type Details interface {
	Detail(context.Context, blueprint.ID) (release.Detail, error)
	DiffFiles(ctx context.Context, of blueprint.Name, from, to blueprint.Version) (release.Difference, error)
}

// detailTable is the part of the table that looks into commits and blueprints.
func (h *Handler) detailTable() []route {
	const of = "/releases/:blueprint/:version"
	table := []route{
		{"GET", of + "/commit", h.reads, h.showCommit},
		{"GET", of + "/files", h.reads, h.diffFiles},
	}
	if h.o.Texts != nil {
		table = append(table, route{"GET", "/blueprints/:blueprint/customizations", h.reads, h.showCustomizations})
	}
	return table
}

// showCommit answers with the metadata of a release's commit.
func (h *Handler) showCommit(c *gin.Context) error {
	id, err := id(c)
	if err != nil {
		return err
	}
	d, err := h.o.Releases.Detail(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, d, writeDetail)
}

// diffFiles answers …/{to}/files?from=VERSION.
func (h *Handler) diffFiles(c *gin.Context) error {
	to, err := id(c)
	if err != nil {
		return err
	}
	from, err := comparedWith(c)
	if err != nil {
		return err
	}
	d, err := h.o.Releases.DiffFiles(c.Request.Context(), to.Blueprint, from, to.Version)
	if err != nil {
		return err
	}
	d.Files = nonNil(d.Files)
	return answer(c, http.StatusOK, d, writeFileDifference)
}

// comparedWith reads ?from=VERSION.
func comparedWith(c *gin.Context) (blueprint.Version, error) {
	q, err := query(c.Request, "from")
	if err != nil {
		return "", err
	}
	if q.Get("from") == "" {
		return "", refuse(invalidRequest, "the URL lacks the version to compare with", "add ?from=VERSION")
	}
	return blueprint.ParseVersion(q.Get("from"))
}

// showCustomizations answers with what a blueprint says beyond packages, in the version of ?version= or the
// newest one.
func (h *Handler) showCustomizations(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "version")
	if err != nil {
		return err
	}
	v := blueprint.Version(q.Get("version"))
	if v != "" {
		if v, err = blueprint.ParseVersion(string(v)); err != nil {
			return err
		}
	}
	s, err := h.o.Texts.Show(c.Request.Context(), n, v)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, s.Customizations(), writeCustomizations)
}

func writeDetail(s *sheet.Sheet, d release.Detail) {
	s.Fields(
		[2]string{"release", d.Release.ID().String()},
		[2]string{"commit", string(d.Release.Commit)},
		[2]string{"tree", string(d.Tree)},
		[2]string{"meta", string(d.Meta)},
		[2]string{"body", d.Body},
	)
	s.Blank()
	var rows [][]string
	for _, m := range d.Metadata {
		rows = append(rows, []string{m.Key, m.Type, toldText(m), strconv.Itoa(m.Size)})
	}
	s.Table([]string{"KEY", "TYPE", "VALUE", ">BYTES"}, rows)
}

func toldText(m object.Told) string {
	if m.Text == "" {
		return "-"
	}
	return m.Text
}

func writeFileDifference(s *sheet.Sheet, d release.Difference) {
	s.Line("%s -> %s: %s", d.FromName, d.ToName, sheet.Plural(len(d.Files), "difference"))
	var rows [][]string
	for _, f := range d.Files {
		path := f.Path
		if f.Dir {
			path += "/"
		}
		rows = append(rows, []string{f.Change, path})
	}
	s.Part([]string{"CHANGE", "PATH"}, rows)
}

// writeCustomizations writes one line a value, under the key that TOML would have for it.
func writeCustomizations(s *sheet.Sheet, custom map[string]any) {
	if len(custom) == 0 {
		s.Line("no customizations")
		return
	}
	s.Rows(flat("", custom))
}

func flat(key string, v any) [][]string {
	var rows [][]string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			rows = append(rows, flat(strings.TrimPrefix(key+"."+name, "."), v[name])...)
		}
	case []any:
		for i, each := range v {
			rows = append(rows, flat(fmt.Sprintf("%s[%d]", key, i), each)...)
		}
	default:
		rows = [][]string{{key, strings.ReplaceAll(fmt.Sprint(v), "\n", " ")}}
	}
	return rows
}
