package server

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/iso"
)

// Images is what the handlers ask of boot ISOs; *iso.Shelf is one.
type Images interface {
	Bases() []*iso.Base
	Add(context.Context, iso.Adding) (*iso.Base, error)
	List(ctx context.Context, blueprint string) []iso.Summary
	Build(ctx context.Context, blueprint string, b iso.Building) (iso.Summary, error)
	Remove(ctx context.Context, blueprint, image, device string) error
	Open(ctx context.Context, blueprint, image, device string) (*iso.Reader, error)
	Patches(ctx context.Context, blueprint, image, device string) (*iso.Overlay, *iso.Base, error)
	ImageProofs
}

// imageTable is the part of the table that is about boot ISOs.
func (h *Handler) imageTable() []route {
	if h.o.Images == nil {
		return nil
	}
	read, change := h.reads, h.changes
	const images = "/images/:blueprint"
	return append(h.proofTable(images), []route{
		{"GET", "/images", read, h.listImages},
		{"POST", "/images", change, h.addBase},
		{"GET", images, read, h.listImages},
		{"POST", images, change, h.buildImage},
		{"DELETE", images + "/:image", change, h.removeImage},
		{"DELETE", images + "/by-device/:device", change, h.removeImage},
		{"GET", images + "/:image/patches", read, h.showPatches},
		{"GET", images + "/by-device/:device/patches", read, h.showPatches},
	}...)
}

// imagesAnswer is everything about boot ISOs, or about those of one blueprint.
type imagesAnswer struct {
	Bases  []iso.BaseSummary `json:"bases"`
	Images []iso.Summary     `json:"images"`
}

func (h *Handler) listImages(c *gin.Context) error {
	ctx, names := c.Request.Context(), []blueprint.Name{}
	if c.Param("blueprint") != "" {
		n, err := h.knownBlueprint(c)
		if err != nil {
			return err
		}
		names = append(names, n)
	} else {
		all, err := h.o.Releases.Blueprints(ctx)
		if err != nil {
			return err
		}
		for _, b := range all {
			names = append(names, b.Name)
		}
	}
	a := imagesAnswer{Bases: []iso.BaseSummary{}, Images: []iso.Summary{}}
	for _, b := range h.o.Images.Bases() {
		a.Bases = append(a.Bases, b.Summary())
	}
	for _, n := range names {
		a.Images = append(a.Images, h.o.Images.List(ctx, string(n))...)
	}
	return answer(c, http.StatusOK, a, h.writeImages)
}

// knownBlueprint is the one of the path, if there is such a one.
func (h *Handler) knownBlueprint(c *gin.Context) (blueprint.Name, error) {
	n, err := name(c)
	if err == nil {
		_, err = h.o.Releases.Blueprint(c.Request.Context(), n)
	}
	return n, err
}

// addBase takes in a stock ISO that is on the builder already, or that the builder fetches: it is too large to be
// sent through here, and a copy would be of no use.
func (h *Handler) addBase(c *gin.Context) error {
	var a iso.Adding
	if err := decode(c.Writer, c.Request, &a); err != nil {
		return err
	}
	if a.From == "" {
		return refuse(invalidRequest, `the body does not say which ISO: want {"from": "/PATH/ON/THE/BUILDER.iso"} or a URL`, "")
	}
	b, err := h.o.Images.Add(c.Request.Context(), a)
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, b.Summary(), writeBase)
}

func (h *Handler) buildImage(c *gin.Context) error {
	var b iso.Building
	if err := decode(c.Writer, c.Request, &b); err != nil {
		return err
	}
	n, err := h.knownBlueprint(c)
	if err != nil {
		return err
	}
	made, err := h.o.Images.Build(c.Request.Context(), string(n), b)
	if err != nil {
		return err
	}
	c.Header("Location", made.Path)
	return answer(c, http.StatusCreated, made, h.writeBuilt)
}

func (h *Handler) removeImage(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	if err := h.o.Images.Remove(c.Request.Context(), string(n), c.Param("image"), c.Param("device")); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// patchesAnswer is an image as what is to be written over its base. Who has the base writes a file of it without
// asking for the rest.
type patchesAnswer struct {
	*iso.Overlay
	File string `json:"file"` // the base on the builder
	ETag string `json:"etag"`
}

func (h *Handler) showPatches(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	o, b, err := h.o.Images.Patches(c.Request.Context(), string(n), c.Param("image"), c.Param("device"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, patchesAnswer{o, b.File, o.ETag()}, writePatches)
}

// serveImages answers for /NAME/images/ and what is below.
func (h *Handler) serveImages(c *gin.Context) error {
	n, err := name(c)
	rest := strings.TrimPrefix(c.Param("file"), "/")
	if err != nil || h.o.Images == nil || !plain(rest) || disguised(c.Request.URL) {
		return noRoute(c)
	}
	file, isImage := strings.CutSuffix(rest, ".iso")
	device, forDevice := strings.CutPrefix(file, "by-device/")
	switch {
	case rest == "":
		if _, err := h.knownBlueprint(c); err != nil {
			return noRoute(c)
		}
		return h.writeImagesPage(c, n)
	case !isImage || strings.Contains(device, "/") || device == "":
		return noRoute(c)
	case forDevice:
		file = ""
	default:
		device = ""
	}
	r, err := h.o.Images.Open(c.Request.Context(), string(n), file, device)
	if err != nil {
		return err
	}
	defer r.Close()
	return sendImage(c, r)
}

// sendImage sends an image as firmware, virtual media of BMCs and download managers want it: with HEAD, ranges and a
// strong ETag. What no patch changes goes from the base's file to the socket inside of the kernel.
func sendImage(c *gin.Context, r *iso.Reader) error {
	rec := c.Writer.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*recorder)
	header := rec.Header()
	header.Set("Content-Type", inISO)
	header.Set("Cache-Control", asked)
	header.Set("Etag", r.ETag())
	http.ServeContent(imageWriter{rec, r}, c.Request, "", time.Time{}, r)
	c.Writer.WriteHeaderNow() // gin's writer was passed by
	return nil
}

// inISO is what UEFI takes for a disk image that it boots from memory (UEFI 24.7.3).
const inISO = "application/vnd.efi-iso"

// imageWriter lets net/http's copying reach the reader of an image.
type imageWriter struct {
	*recorder
	image *iso.Reader
}

// ReadFrom implements io.ReaderFrom.
func (w imageWriter) ReadFrom(from io.Reader) (int64, error) {
	part, ok := from.(*io.LimitedReader)
	if !ok || part.R != io.Reader(w.image) {
		return w.recorder.ReadFrom(from)
	}
	n, err := w.image.CopyTo(w.recorder, part.N)
	part.N -= n
	return n, err
}

func toImages(c *gin.Context) error {
	if strings.HasPrefix(c.Request.URL.Path, "//") || disguised(c.Request.URL) {
		return noRoute(c)
	}
	c.Redirect(http.StatusMovedPermanently, "/"+c.Param("blueprint")+"/images/")
	return nil
}

var (
	unknownBase     = problem{"unknown-base", 404, "No such base ISO", "GET /api/v1/images lists what there is; appliance iso add FILE adds one"}
	unknownImage    = problem{"unknown-image", 404, "No such image", "GET /api/v1/images lists what there is; appliance iso build NAME makes one"}
	impossibleImage = problem{"invalid-image", 422, "Not a possible image", ""}
	unusableISO     = problem{"unusable-iso", 422, "Not a usable ISO", "add the boot ISO as the vendor publishes it, of RHEL, CentOS Stream or Fedora"}
	wrongSum        = problem{"wrong-checksum", 422, "Another SHA-256", "download the ISO again, and compare with what the vendor publishes"}
	baseExists      = problem{"exists", 409, "A base of this name exists", "give it another name: appliance iso add FILE --name NAME"}
	baseChanged     = problem{"base-changed", 409, "Base ISO has changed", "put the file back, or add it again under another name: appliance iso add FILE"}
	noRoom          = problem{"no-room", 422, "No room in the ISO", "let the image name the kickstart's URL instead: --mode kargs"}
	notReady        = problem{"not-ready", 409, "Not with this builder", "another mode may do: --mode kargs"}
	isoAway         = problem{"unreachable", 502, "ISO not reachable", "check the address from the builder"}
)

// imageCauses are the rows of causes that boot ISOs bring.
var imageCauses = []cause{
	{is(iso.ErrNoBase), "", unknownBase},
	{is(iso.ErrUnknown), "", unknownImage},
	{is(iso.ErrMismatch), "", wrongSum},
	{is(iso.ErrExists), "", baseExists},
	{is(iso.ErrNoProgram), "", needsProgram},
	{is(iso.ErrProgram), "", programFailed},
	{is(iso.ErrUnreachable), "", isoAway},
	{is(iso.ErrNoRoom), "", noRoom},
	{is(iso.ErrNotReady), "", notReady},
	{is(iso.ErrChanged), "", baseChanged},
	{is(iso.ErrInvalid), "", impossibleImage},
	{is(iso.ErrNotISO), http.MethodPost, unusableISO},
	{is(iso.ErrTruncated), http.MethodPost, unusableISO},
	{is(iso.ErrMalformed), http.MethodPost, unusableISO},
	{is(iso.ErrUnsupported), http.MethodPost, unusableISO},
	{is(iso.ErrCustomised), http.MethodPost, unusableISO},
}
