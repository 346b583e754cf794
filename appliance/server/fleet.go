package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/fleet"
	"edge/appliance/report"
	"edge/appliance/sheet"
)

// Fleet is what the handlers ask of devices; *fleet.Fleet is one.
type Fleet interface {
	List(context.Context) ([]fleet.Row, error)
	Show(ctx context.Context, which string) (fleet.Device, error)
	Forget(ctx context.Context, which string) (fleet.Row, error)
	Enrol(context.Context, report.Enrolment) (fleet.Row, error)
	Report(ctx context.Context, id string, signed []byte) error
	CreateToken(context.Context, fleet.TokenRequest) (fleet.Token, string, error)
	Tokens(context.Context) ([]fleet.Token, error)
	RevokeToken(ctx context.Context, id string) error
}

// fleetTable is the part of the table that is about devices. Enrolments and reports are signed by the
// devices themselves and need no token of the builder.
func (h *Handler) fleetTable() []route {
	if h.o.Fleet == nil {
		return nil
	}
	read, change := h.reads, h.changes
	return []route{
		{"GET", "/devices", read, h.listDevices},
		{"GET", "/devices/:device", read, h.showDevice},
		{"DELETE", "/devices/:device", change, h.forgetDevice},
		{"PUT", "/devices/:device/status", nil, h.takeReport},
		{"POST", "/devices/enrol", nil, h.enrolDevice},

		{"GET", "/devices/tokens", change, h.listTokens},
		{"POST", "/devices/tokens", change, h.makeToken},
		{"DELETE", "/devices/tokens/:token", change, h.revokeToken},
	}
}

func (h *Handler) listDevices(c *gin.Context) error {
	all, err := h.o.Fleet.List(c.Request.Context())
	if err != nil {
		return err
	}
	h.nameVersions(c.Request.Context(), all)
	return answer(c, http.StatusOK, nonNil(all), writeDevices)
}

func (h *Handler) showDevice(c *gin.Context) error {
	d, err := h.o.Fleet.Show(c.Request.Context(), c.Param("device"))
	if err != nil {
		return err
	}
	rows := []fleet.Row{d.Row}
	h.nameVersions(c.Request.Context(), rows)
	d.Row = rows[0]
	return answer(c, http.StatusOK, d, writeDevice)
}

func (h *Handler) forgetDevice(c *gin.Context) error {
	row, err := h.o.Fleet.Forget(c.Request.Context(), c.Param("device"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, row, writeForgotten)
}

// takeReport reads no more than a report may have, and lets the fleet tell whose it is.
func (h *Handler) takeReport(c *gin.Context) error {
	if kind := c.ContentType(); kind != "" && kind != inJSON {
		return refuse(unsupportedMedia, fmt.Sprintf("the body is %q, not %s", kind, inJSON), "")
	}
	signed, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, report.MaxSigned))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(invalidReport, "the body ended before its length", "")
	}
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	bodyEnded(c.Writer)
	err = h.o.Fleet.Report(c.Request.Context(), c.Param("device"), signed)
	if soon := (*fleet.TooSoonError)(nil); errors.As(err, &soon) {
		retryAfter(c, soon.Wait)
	}
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// enrolDevice keeps whoever guesses at tokens as slow as one who guesses at the builder's.
func (h *Handler) enrolDevice(c *gin.Context) error {
	from := origin(c.Request)
	if wait := h.strangers.wait(from); wait > 0 {
		retryAfter(c, wait)
		return refuse(tooManyEnrolments, fmt.Sprintf("%d enrolments with a wrong token came from your address within a minute", maxFailures), "")
	}
	var e report.Enrolment
	if err := decode(c.Writer, c.Request, &e); err != nil {
		return err
	}
	row, err := h.o.Fleet.Enrol(c.Request.Context(), e)
	if errors.Is(err, fleet.ErrToken) || errors.Is(err, report.ErrSignature) {
		h.strangers.failed(from)
	}
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, row, writeEnrolled)
}

func retryAfter(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
}

func (h *Handler) listTokens(c *gin.Context) error {
	all, err := h.o.Fleet.Tokens(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writeTokens)
}

// tokenRequest is the JSON body that asks for an enrolment token; it may be left out.
type tokenRequest struct {
	Blueprint string `json:"blueprint"` // needed where there is more than one
	Valid     string `json:"valid"`     // 24h
	Uses      int    `json:"uses"`
}

// newToken is the only answer that a secret is in.
type newToken struct {
	fleet.Token
	Secret  string `json:"token"`
	Install string `json:"install"` // the line to use on the device
}

func (h *Handler) makeToken(c *gin.Context) error {
	var r tokenRequest
	if err := decode(c.Writer, c.Request, &r); err != nil {
		return err
	}
	valid, err := validity(r.Valid)
	if err != nil {
		return err
	}
	name, err := h.blueprintOf(c.Request.Context(), r.Blueprint)
	if err != nil {
		return err
	}
	t, secret, err := h.o.Fleet.CreateToken(c.Request.Context(), fleet.TokenRequest{Blueprint: string(name), Valid: valid, Uses: r.Uses})
	if err != nil {
		return err
	}
	line := fmt.Sprintf("APPLIANCE_ENROL_TOKEN=%s appliance device install --from %s/%s", secret, strings.TrimRight(h.o.BaseURL, "/"), name)
	return answer(c, http.StatusCreated, newToken{t, secret, line}, writeNewToken)
}

func validity(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, refuse(invalidRequest, fmt.Sprintf("valid %q is no duration such as 24h", text), "")
	}
	return d, nil
}

// blueprintOf is the one that devices are enrolled for: the one that is named, or the only one.
func (h *Handler) blueprintOf(ctx context.Context, text string) (blueprint.Name, error) {
	if text != "" {
		name, err := blueprint.ParseName(text)
		if err == nil {
			_, err = h.o.Releases.Blueprint(ctx, name)
		}
		return name, err
	}
	all, err := h.o.Releases.Blueprints(ctx)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", refuse(invalidRequest, fmt.Sprintf("the builder has %s; say which one the devices are of", sheet.Plural(len(all), "blueprint")), `{"blueprint":"NAME"}; or: appliance fleet enrol --blueprint NAME`)
	}
	return all[0].Name, nil
}

func (h *Handler) revokeToken(c *gin.Context) error {
	if err := h.o.Fleet.RevokeToken(c.Request.Context(), c.Param("token")); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

var (
	unknownDevice     = problem{"unknown-device", 404, "No such device", "GET /api/v1/devices lists what there is; so does: appliance fleet list; a device that was forgotten enrols again"}
	ambiguousDevice   = problem{"ambiguous", 409, "More than one device is meant", "use the whole ID: appliance fleet list"}
	unknownEnrolToken = problem{"unknown-token", 404, "No such enrolment token", "GET /api/v1/devices/tokens lists what there is; so does: appliance fleet token list"}
	wrongEnrolToken   = problem{"enrolment-refused", 403, "Enrolment refused", "the token is wrong, spent or expired; on the builder this makes a new one: appliance fleet enrol"}
	tooManyEnrolments = problem{"enrolment-refused", 429, "Too many wrong tokens", "wait for a minute"}
	foreignSignature  = problem{"bad-signature", 403, "Not signed by this device", "only the device itself can write its row; one that lost its key enrols again"}
	staleReport       = problem{"stale-report", 409, "Not a new report", "the serial must be greater than that of the last report"}
	tooManyReports    = problem{"too-many-reports", 429, "Too many reports", "wait as long as Retry-After says"}
	invalidReport     = problem{"invalid-report", 422, "Not a usable report", ""}
	invalidToken      = problem{"invalid-request", 422, "Not a usable enrolment token", ""}
	fleetFull         = problem{"full", 409, "No room for more", "appliance fleet forget DEVICE, appliance fleet token revoke ID"}
)

// fleetCauses are the rows of causes that devices bring.
var fleetCauses = []cause{
	{is(fleet.ErrUnknown), "", unknownDevice},
	{is(fleet.ErrAmbiguous), "", ambiguousDevice},
	{is(fleet.ErrUnknownToken), "", unknownEnrolToken},
	{is(fleet.ErrToken), "", wrongEnrolToken},
	{is(fleet.ErrFull), "", fleetFull},
	{is(fleet.ErrStale), "", staleReport},
	{is(fleet.ErrTooSoon), "", tooManyReports},
	{is(fleet.ErrLimits), "", invalidToken},
	{is(report.ErrSignature), "", foreignSignature},
	{is(report.ErrInvalid), "", invalidReport},
}
