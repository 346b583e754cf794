package server

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/sheet"
)

// textTable is the part of the table that is about the texts of blueprints.
func (h *Handler) textTable() []route {
	if h.o.Texts == nil {
		return nil
	}
	read, change := h.reads, h.changes
	return []route{
		{"PUT", "/blueprints/:blueprint", change, h.pushBlueprint},
		{"DELETE", "/blueprints/:blueprint", change, h.deleteBlueprint},
		{"GET", "/blueprints/:blueprint/history", read, h.listHistory},
		{"GET", "/blueprints/:blueprint/diff", read, h.diffTexts},
		{"GET", "/remote", read, h.showRemote},
		{"POST", "/remote", h.hooks, h.fetchRemote},
	}
}

func wantsTOML(r *http.Request) bool { return wants(r, inJSON, textPlain, inTOML) == inTOML }

// showText answers with one version; "" is the newest. Hashes of passwords are for who has the token.
func (h *Handler) showText(c *gin.Context, n blueprint.Name, version string) error {
	if h.o.Texts == nil {
		return refuse(notFound, "this server keeps no blueprints", "")
	}
	v := blueprint.Version("")
	if version != "" {
		var err error
		if v, err = blueprint.ParseVersion(version); err != nil {
			return err
		}
	}
	s, err := h.o.Texts.Show(c.Request.Context(), n, v)
	if err != nil {
		return err
	}
	if s.Secret() && !h.guard.knows(c.Request) {
		s.Document = s.Hidden()
	}
	c.Header("ETag", strconv.Quote(string(s.Version)))
	if wantsTOML(c.Request) {
		c.Header("Vary", "Accept")
		c.Header("Cache-Control", "no-store")
		c.Data(http.StatusOK, inTOML+utf8, []byte(s.Text))
		return nil
	}
	return answer(c, http.StatusOK, s, writeText)
}

// knows tells whether a request that needs no token has it all the same. A wrong one counts as it does anywhere else:
// the answer tells whether it was right.
func (g *guard) knows(r *http.Request) bool {
	from, token := origin(r), bearer(r)
	if token == "" || g.wait(from) > 0 {
		return false
	}
	if g.fits(token) {
		return true
	}
	g.failed(from)
	return false
}

// pushBlueprint takes the body, TOML, as the newest version. If-Match names the version that must be the
// newest now; If-None-Match: * that there must be none.
func (h *Handler) pushBlueprint(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "raise", "message", "author")
	if err != nil {
		return err
	}
	o := blueprint.PushOptions{File: string(n) + ".toml", Name: n, Message: q.Get("message"), Author: q.Get("author"), New: c.GetHeader("If-None-Match") == "*"}
	if o.Raise, err = blueprint.ParseRaise(q.Get("raise")); err != nil {
		return err
	}
	if match := strings.Trim(c.GetHeader("If-Match"), `"`); match != "" {
		if o.Expect, err = blueprint.ParseVersion(match); err != nil {
			return err
		}
	}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind == inJSON || strings.HasPrefix(kind, "multipart/") {
		return refuse(unsupportedMedia, fmt.Sprintf("the body is %q, not TOML", kind), "curl sends a file as it is with -T FILE")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, blueprint.MaxSize))
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	bodyEnded(c.Writer)
	p, err := h.o.Texts.Push(c.Request.Context(), text, o)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Changed {
		status = http.StatusCreated
	}
	c.Header("Location", fmt.Sprintf("/api/v1/blueprints/%s?version=%s", p.Name, p.Version))
	c.Header("ETag", strconv.Quote(string(p.Version)))
	return answer(c, status, p, writePushed)
}

func (h *Handler) deleteBlueprint(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	d, err := h.o.Texts.Delete(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, d, func(s *sheet.Sheet, d blueprint.Change) {
		s.Line("deleted %s; its history and releases stay", d.Name)
	})
}

func (h *Handler) listHistory(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	all, err := h.o.Texts.History(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, all, writeChanges)
}

// diffTexts compares two versions, from=VERSION and to=VERSION; from may be one of another blueprint, NAME@VERSION.
func (h *Handler) diffTexts(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return err
	}
	q, err := query(c.Request, "from", "to")
	if err != nil {
		return err
	}
	if q.Get("from") == "" || q.Get("to") == "" {
		return refuse(invalidRequest, "the URL lacks one of the versions to compare", "add ?from=VERSION&to=VERSION")
	}
	other := q.Get("from")
	if !strings.Contains(other, "@") {
		other = string(n) + "@" + other
	}
	from, err := blueprint.ParseID(other)
	if err != nil {
		return err
	}
	to, err := blueprint.ParseID(string(n) + "@" + q.Get("to"))
	if err != nil {
		return err
	}
	d, err := h.o.Texts.Diff(c.Request.Context(), from, to)
	if err != nil {
		return err
	}
	if !h.guard.knows(c.Request) {
		d = d.Hidden()
	}
	return answer(c, http.StatusOK, d, writeTextDiff)
}

var errNoRemote = refuse(notFound, "this server follows no remote", "say in appliance.toml where it is: [blueprint] remote = \"https://…\"")

func (h *Handler) showRemote(c *gin.Context) error {
	if h.o.Remote == nil {
		return errNoRemote
	}
	return answer(c, http.StatusOK, h.o.Remote.State(), writeRemote)
}

// fetchRemote is what a webhook calls. Its body, if any, says nothing that is needed.
func (h *Handler) fetchRemote(c *gin.Context) error {
	if h.o.Remote == nil {
		return errNoRemote
	}
	s, err := h.o.Remote.Fetch(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, s, writeRemote)
}

// hooks guards what a webhook calls: hosts of git send a token as a password, or in a header of theirs.
func (h *Handler) hooks(c *gin.Context) error {
	if t := c.GetHeader("X-Gitlab-Token"); t != "" && c.GetHeader("Authorization") == "" {
		c.Request.Header.Set("Authorization", "Bearer "+t)
	}
	fromBasic(c.Request)
	return h.changes(c)
}

// fromBasic takes the password of basic authorization for the token.
func fromBasic(r *http.Request) {
	if _, password, ok := r.BasicAuth(); ok {
		r.Header.Set("Authorization", "Bearer "+password)
	}
}

var (
	unknownText      = problem{"unknown-blueprint", 404, "No such blueprint", "GET /api/v1/blueprints lists what there is; so does: appliance blueprint list; one without NEWEST has releases and no text"}
	invalidBlueprint = problem{"invalid-blueprint", 422, "Not a usable blueprint", "mend what the detail names, with line and column, and push again"}
	versionTaken     = problem{"version-not-raised", 409, "Version is not raised", "leave the version out, write a higher one, or push with --patch, --minor or --major (?raise=patch)"}
	textMoved        = problem{"precondition-failed", 412, "Another version is the newest", "look at what there is now, and decide anew: appliance blueprint show NAME"}
	remoteUnreadable = problem{"remote-unreadable", 502, "Remote is not readable", "[blueprint] remote in appliance.toml says where it is; check that from the builder: git ls-remote URL"}
)

// textCauses are the rows of causes that texts of blueprints bring.
var textCauses = []cause{
	{is(blueprint.ErrRemote), "", remoteUnreadable},
	{is(blueprint.ErrUnknown), "", unknownText},
	{is(blueprint.ErrDocument), "", invalidBlueprint},
	{is(blueprint.ErrVersion), "", versionTaken},
	{is(blueprint.ErrPrecondition), "", textMoved},
}

// What answers about texts look like on a terminal.

func writeText(s *sheet.Sheet, b blueprint.Summary) {
	var packages []string
	for _, p := range b.Packages {
		packages = append(packages, p.Name)
	}
	s.Fields(
		[2]string{"blueprint", string(b.Name) + "@" + string(b.Version)},
		[2]string{"description", sheet.Dash(b.Description)},
		[2]string{"changed", sheet.When(b.Changed)},
		[2]string{"commit", string(b.Commit)},
		[2]string{"packages", sheet.Dash(strings.Join(packages, ", "))},
		[2]string{"users", sheet.Dash(strings.Join(b.Users, ", "))},
	)
	s.Blank()
	writeLines(s, b.Text)
}

func writeLines(s *sheet.Sheet, text string) {
	for line := range strings.Lines(text) {
		s.Line("%s", strings.TrimRight(line, "\n"))
	}
}

func writePushed(s *sheet.Sheet, p blueprint.Pushed) {
	if !p.Changed {
		s.Line("%s has all of that already", p.ID())
		return
	}
	s.Line("pushed %s", p.ID())
	fields := [][2]string{{"before", sheet.Dash(string(p.Before))}, {"commit", string(p.Commit)}}
	s.Fields(fields...)
	if p.Raised {
		s.Line("the version was raised here: the file itself does not say so")
	}
	if p.Hashed > 0 {
		s.Line("%s hashed before anything was kept", sheet.Plural(p.Hashed, "password"))
	}
}

func writeChanges(s *sheet.Sheet, all []blueprint.Change) {
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{string(c.Version), c.Kind, sheet.When(c.Time), sheet.Short(c.Commit), c.Author, c.Subject})
	}
	s.Table([]string{"VERSION", "KIND", "TIME", "COMMIT", "BY", "MESSAGE"}, rows)
}

func writeTextDiff(s *sheet.Sheet, d blueprint.Difference) {
	if d.Text == "" {
		s.Line("%s and %s say the same", d.From, d.To)
		return
	}
	for _, p := range d.Removed {
		s.Line("- %s %s", p.Name, p.Version)
	}
	for _, p := range d.Added {
		s.Line("+ %s %s", p.Name, p.Version)
	}
	for _, p := range d.Changed {
		s.Line("~ %s %s -> %s", p.Name, p.From, p.To)
	}
	if len(d.Removed)+len(d.Added)+len(d.Changed) > 0 {
		s.Blank()
	}
	writeLines(s, d.Text)
}

func writeRemote(s *sheet.Sheet, r blueprint.RemoteState) {
	looked := "never"
	if !r.Looked.IsZero() {
		looked = sheet.When(r.Looked)
	}
	s.Fields([2]string{"remote", r.URL}, [2]string{"commit", sheet.Dash(string(r.Commit))}, [2]string{"looked", looked},
		[2]string{"taken", sheet.Dash(strings.Join(r.Taken, ", "))}, [2]string{"error", sheet.Dash(r.Error)})
	for _, fault := range slices.Sorted(slices.Values(r.Refused)) {
		s.Line("refused: %s", strings.ReplaceAll(fault, "\n", "; "))
	}
}
