package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// policy lets a page of ours load what comes from here and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func protect(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
}

// page is the web page and its assets, read once.
type page struct{ assets map[string]asset }

type asset struct {
	data       []byte
	kind, etag string
}

// kinds are the content types of assets; the machine's own table may lack or misname them.
var kinds = map[string]string{
	".html": textHTML + utf8, ".css": "text/css" + utf8, ".js": "text/javascript" + utf8, ".json": inJSON,
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/vnd.microsoft.icon", ".woff2": "font/woff2", ".txt": textPlain + utf8,
}

func newPage(ui fs.FS) (*page, error) {
	p := &page{assets: map[string]asset{}}
	if ui == nil {
		return p, nil
	}
	err := fs.WalkDir(ui, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(ui, name)
		kind, ok := kinds[path.Ext(name)]
		if !ok {
			kind = binary
		}
		sum := sha256.Sum256(data)
		p.assets[name] = asset{data, kind, `"` + hex.EncodeToString(sum[:16]) + `"`}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the web page: %w", err)
	}
	return p, nil
}

// showPage serves the page at / and its assets below /ui/.
func (h *Handler) showPage(c *gin.Context) error {
	name := strings.TrimPrefix(c.Param("file"), "/")
	switch c.Request.URL.Path {
	case "/":
		name = "index.html"
	case "/favicon.ico":
		name = "icon.svg"
	}
	a, ok := h.page.assets[name]
	if !ok {
		return noRoute(c)
	}
	protect(c.Writer.Header())
	c.Header("Content-Type", a.kind)
	c.Header("Cache-Control", asked)
	c.Header("Etag", a.etag)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(a.data))
	return nil
}
