package server

import (
	"bytes"
	"compress/gzip"
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
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func protect(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
}

// page is the web page and its assets, read once.
type page struct{ assets map[string]asset }

// asset is one file of the page.
type asset struct {
	data, packed []byte // packed is data with gzip, nil where that is not much smaller
	kind, etag   string // etag without its quotes
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
		p.assets[name] = asset{data, packed(data), kind, hex.EncodeToString(sum[:16])}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the web page: %w", err)
	}
	return p, nil
}

// packed is data with gzip, or nil where the saving is not worth unpacking it.
func packed(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil || w.Close() != nil || out.Len() > len(data)*9/10 {
		return nil
	}
	return out.Bytes()
}

// takesGzip reports whether a client unpacks gzip, as every browser says in one word. Who gives it a weight, be it zero,
// gets the plain bytes, which are never wrong.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(part), "gzip") {
			return true
		}
	}
	return false
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
	c.Header("Vary", "Accept-Encoding")
	data, etag := a.data, a.etag
	if a.packed != nil && takesGzip(c.Request) {
		data, etag = a.packed, a.etag+"-gzip" // other bytes, and so another strong tag
		c.Header("Content-Encoding", "gzip")
	}
	c.Header("Etag", `"`+etag+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(data))
	return nil
}
