package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/iso"
	"edge/appliance/sheet"
)

// ImageProofs is what the handlers ask of boot ISOs to believe in them; *iso.Shelf is one.
type ImageProofs interface {
	Prove(ctx context.Context, blueprint, image, device string) (iso.Proof, error)
	Check(ctx context.Context, blueprint, image, device string) (iso.Report, error)
}

// proofTable is the part of the table that tells whether a boot ISO is what it is said to be. A check reads all of
// the image, which strangers must not cause.
func (h *Handler) proofTable(images string) []route {
	return []route{
		{"GET", images + "/:image/proof", h.reads, h.showProof},
		{"GET", images + "/by-device/:device/proof", h.reads, h.showProof},
		{"POST", images + "/:image/check", h.changes, h.checkImage},
		{"POST", images + "/by-device/:device/check", h.changes, h.checkImage},
	}
}

func (h *Handler) showProof(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	p, err := h.o.Images.Prove(c.Request.Context(), string(n), c.Param("image"), c.Param("device"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, p, writeProof)
}

func (h *Handler) checkImage(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	r, err := h.o.Images.Check(c.Request.Context(), string(n), c.Param("image"), c.Param("device"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, r, writeImageCheck)
}

func writeProof(s *sheet.Sheet, p iso.Proof) {
	s.Line("differs from %s in %s: %d of %d bytes", p.File, sheet.Plural(len(p.Ranges)+p.More, "place"), p.Bytes, p.Size)
	var rows [][]string
	for _, r := range p.Ranges {
		rows = append(rows, []string{strconv.FormatInt(r.Offset, 10), strconv.FormatInt(r.Length, 10)})
	}
	s.Part([]string{">OFFSET", ">BYTES"}, rows)
	for _, m := range p.Menus {
		s.Blank()
		s.Line("%s", m.Place)
		for line := range strings.Lines(m.Diff) {
			s.Line("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}

func writeImageCheck(s *sheet.Sheet, r iso.Report) {
	words := map[iso.Verdict]string{iso.Passes: "passes", iso.Fails: "fails: an installer that checks its medium refuses this one", iso.Unchecked: "the vendor implanted none"}
	s.Fields([2]string{"media check", words[r.Check]}, [2]string{"label", r.Label}, [2]string{"size", fmt.Sprint(r.Size)})
	var rows, commands [][]string
	for _, p := range r.Starts {
		entry := sheet.Dash(p.Entry)
		if p.Differ {
			entry = "depends on the firmware"
		}
		rows = append(rows, []string{p.Firmware, p.Medium, sheet.Dash(strings.Join(p.Reads, ", or ")), entry})
		if p.Command != "" && !slices.ContainsFunc(commands, func(row []string) bool { return row[0] == p.Command }) {
			commands = append(commands, []string{p.Command})
		}
	}
	s.Part([]string{"FIRMWARE", "MEDIUM", "READS", "STARTS"}, rows)
	s.Part([]string{"KERNEL ARGUMENTS"}, commands)
}
