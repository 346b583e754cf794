package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/registry"
	"edge/appliance/release"
	"edge/appliance/sheet"
)

// problem is a kind of failure: an RFC 9457 document without its detail.
type problem struct {
	name   string // type is urn:appliance:NAME
	status int
	title  string
	hint   string
}

var (
	unknownRelease     = problem{"unknown-release", 404, "No such release", "GET /api/v1/releases lists what there is; so does: appliance release list"}
	unknownBlueprint   = problem{"unknown-blueprint", 404, "No such blueprint", "GET /api/v1/blueprints lists what there is; so does: appliance blueprint list; pushing one makes it known, and so does importing a release"}
	releaseExists      = problem{"exists", 409, "Release exists already", "take a new version, or delete the old one first: appliance release delete NAME@VERSION"}
	releasePublished   = problem{"published", 409, "Release is published", "publish another release first"}
	releasePinned      = problem{"pinned", 409, "Release is pinned", "take its pin away first: appliance release unpin NAME@VERSION"}
	checksFailed       = problem{"checks-failed", 409, "Publication checks failed", "mend what the findings name, or publish with force"}
	preconditionFailed = problem{"precondition-failed", 412, "Another commit is published", "look at what is published now, and decide anew"}
	invalidArchive     = problem{"invalid-archive", 422, "Not a usable commit", "the body is to be what osbuild calls an edge-commit: a tar, plain or compressed, of compose.json and repo/"}
	invalidRequest     = problem{"invalid-request", 400, "Invalid request", ""}
	unsupportedMedia   = problem{"invalid-request", 415, "Unsupported kind of body", ""}
	invalidName        = problem{"invalid-name", 422, "Invalid name", ""}
	unauthorized       = problem{"unauthorized", 401, "Token needed", "send the header 'Authorization: Bearer TOKEN'; on the builder this prints the token: appliance token"}
	tooManyFailures    = problem{"unauthorized", 429, "Too many wrong tokens", "wait for a minute; on the builder this prints the token: appliance token"}
	forbidden          = problem{"forbidden", 403, "Not allowed", ""}
	tooLarge           = problem{"too-large", 413, "Body too large", ""}
	timedOut           = problem{"timeout", 408, "Body stopped arriving", "send it again"}
	diskFull           = problem{"disk-full", 507, "Disk full", "free space in the data directory: appliance release prune NAME --keep 3"}
	busy               = problem{"busy", 503, "Busy", "try again in a few seconds"}
	needsProgram       = problem{"needs-program", 501, "A program is missing on the builder", "install what the detail names and try again"}
	programFailed      = problem{"program-failed", 502, "A program failed on the builder", "what it said last tells why; it ran on the builder"}
	unreachable        = problem{"unreachable", 502, "Repository not reachable", "check the address from the builder"}
	notFound           = problem{"not-found", 404, "Not found", ""}
	methodNotAllowed   = problem{"method-not-allowed", 405, "Method not allowed", ""}
	internal           = problem{"internal", 500, "Internal error", ""}
)

// causes is the only place where an error of the house becomes a problem. The
// first row that fits counts: what hinders any work stands before what is
// wrong with it. A row with a method holds for that method only: bytes that
// come in are the client's fault, the same fault in what we keep is ours.
var causes = slices.Concat([]cause{
	{as[*http.MaxBytesError], "", tooLarge},
	{is(syscall.ENOSPC), "", diskFull},
	{is(syscall.EDQUOT), "", diskFull},
	{is(registry.ErrUnreachable), "", registryUnreachable}, // whatever kept it
	{is(os.ErrDeadlineExceeded), "", timedOut},
	{is(context.Canceled), "", busy},
	{is(release.ErrBusy), "", busy},
	{is(ostree.ErrLocked), "", busy},
	{is(ostree.ErrNoProgram), "", needsProgram},
	{is(ostree.ErrProgram), "", programFailed},
	{is(blueprint.ErrInvalid), "", invalidName},
	{is(object.ErrBadName), "", invalidName},
	{is(release.ErrNoBlueprint), "", unknownBlueprint},
	{is(release.ErrUnknown), "", unknownRelease},
	{is(release.ErrExists), "", releaseExists},
	{is(release.ErrPublished), "", releasePublished},
	{is(release.ErrPinned), "", releasePinned},
	{is(release.ErrChecks), "", checksFailed},
	{is(release.ErrSource), "", invalidRequest},
	{is(ostree.ErrPrecondition), "", preconditionFailed},
	{as[*url.Error], http.MethodPut, unreachable},
	{is(ostree.ErrArchive), http.MethodPut, invalidArchive},
	{is(ostree.ErrMismatch), http.MethodPut, invalidArchive},
	{is(ostree.ErrUnsupported), http.MethodPut, invalidArchive},
	{is(ostree.ErrIncomplete), http.MethodPut, invalidArchive},
	{is(object.ErrMalformed), http.MethodPut, invalidArchive},
	{is(object.ErrCorrupt), http.MethodPut, invalidArchive},
	{is(object.ErrTooLarge), http.MethodPut, invalidArchive},
	{is(io.ErrUnexpectedEOF), http.MethodPut, invalidArchive},
	{is(ostree.ErrUnknown), "", notFound},
}, appCauses, fleetCauses, kickstartCauses, imageCauses, jobCauses, textCauses)

// cause is one row of causes.
type cause struct {
	fits   func(error) bool
	method string
	is     problem
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
func as[T error](err error) bool       { return errors.As(err, new(T)) }

// refusal is an error of the server's own making.
type refusal struct {
	problem
	detail string
}

func (e refusal) Error() string { return e.detail }

// refuse names a fault of the request; hint may be "" for the one of p.
func refuse(p problem, detail, hint string) error {
	if hint != "" {
		p.hint = hint
	}
	return refusal{p, detail}
}

func problemOf(method string, err error) problem {
	if own := (refusal{}); errors.As(err, &own) {
		return own.problem
	}
	for _, c := range causes {
		if (c.method == "" || c.method == method) && c.fits(err) {
			return c.is
		}
	}
	return internal
}

// document is the body of an error.
type document struct {
	Type     string            `json:"type"`
	Title    string            `json:"title"`
	Status   int               `json:"status"`
	Detail   string            `json:"detail"`
	Hint     string            `json:"hint,omitempty"`
	Findings []release.Finding `json:"findings,omitempty"`
	Faults   []blueprint.Fault `json:"faults,omitempty"` // of a blueprint
}

// statusGone is what the log says when the client did not wait for an answer.
const statusGone = 499

// fail answers with err. A 500 tells nothing of the inside; the log does.
func (h *Handler) fail(rec *recorder, r *http.Request, err error) {
	p := problemOf(r.Method, err)
	if rec.status != 0 { // the answer has begun: it can only be cut off
		h.o.Log.LogAttrs(r.Context(), slog.LevelWarn, "answer broke off", slog.String("path", loggedPath(r.URL.Path)), slog.Any("error", err))
		panic(http.ErrAbortHandler)
	}
	d := document{"urn:appliance:" + p.name, p.title, p.status, err.Error(), p.hint, nil, nil}
	if p.status == http.StatusInternalServerError {
		h.o.Log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("method", r.Method), slog.String("path", loggedPath(r.URL.Path)), slog.Any("error", err))
		d.Detail = "something went wrong inside the appliance; its log says what"
	} else {
		d.Faults = blueprint.Faults(err)
	}
	if checks := (*release.ChecksError)(nil); errors.As(err, &checks) {
		d.Findings = checks.Findings
	}
	header := rec.Header()
	for _, name := range []string{"Content-Disposition", "Content-Length", "Etag", "Location", "Last-Modified", "Accept-Ranges", "Content-Encoding"} {
		header.Del(name)
	}
	header.Set("Cache-Control", "no-store")
	switch p.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", challenge(r.URL.Path))
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "5")
	}
	if r.ContentLength < 0 || r.ContentLength > maxJSON {
		header.Set("Connection", "close") // what is left of the body is not worth reading
	}
	writeProblem(rec, r, d)
	if r.Context().Err() != nil && h.stopping.Err() == nil {
		rec.status = statusGone
	}
}

// writeProblem writes d as the client likes it.
func writeProblem(w http.ResponseWriter, r *http.Request, d document) {
	w.Header().Set("Vary", "Accept")
	var out bytes.Buffer
	switch wants(r, "application/json", "application/problem+json", textPlain, textHTML) {
	case textPlain:
		out.WriteString(sheet.Clean(d.Title) + ": " + sheet.Clean(strings.ReplaceAll(d.Detail, "\n", "; ")) + "\n")
		if d.Hint != "" {
			out.WriteString("hint: " + sheet.Clean(d.Hint) + "\n")
		}
		w.Header().Set("Content-Type", textPlain+utf8)
	case textHTML:
		errorPage.Execute(&out, d)
		w.Header().Set("Content-Type", textHTML+utf8)
		w.Header().Set("Content-Security-Policy", policy)
	default:
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.Encode(d)
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(d.Status)
	if r.Method != http.MethodHead {
		w.Write(out.Bytes())
	}
}
