package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/sheet"
)

const (
	textPlain = "text/plain"
	textHTML  = "text/html"
	textSSE   = "text/event-stream"
	inJSON    = "application/json"
	binary    = "application/octet-stream"
	utf8      = "; charset=utf-8"
)

var nosniff = []string{"nosniff"}

// answer writes v as JSON, or what text makes of it where the client asks
// for text/plain. The CLI prints that text as it is.
func answer[T any](c *gin.Context, status int, v T, text func(*sheet.Sheet, T)) error {
	var body []byte
	header := c.Writer.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-store")
	if wants(c.Request, inJSON, textPlain) == textPlain {
		var s sheet.Sheet
		text(&s, v)
		body = s.Bytes()
		header.Set("Content-Type", textPlain+utf8)
	} else {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		body = out.Bytes()
		header.Set("Content-Type", inJSON)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(status)
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Writer.Write(body) // a client that went away is nobody's failure
	return nil
}

// wants is the offer that r's Accept header likes best (RFC 9110, 12.5.1):
// the one with the highest weight, then the one it names most precisely, then
// the first. The first it is, too, when none is acceptable.
func wants(r *http.Request, offers ...string) string {
	best, bestWeight := offers[0], 0
	accept := strings.Join(r.Header.Values("Accept"), ",")
	for _, offer := range offers {
		if w := weight(accept, offer); w > bestWeight {
			best, bestWeight = offer, w
		}
	}
	return best
}

// weight is ten times the quality in thousandths, and 1 to 3 for precision.
func weight(accept, offer string) int {
	kind, _, _ := strings.Cut(offer, "/")
	precision, quality := 0, 0
	for item := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		p := 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case offer:
			p = 3
		case kind + "/*":
			p = 2
		case "*/*":
			p = 1
		}
		if p > precision {
			precision, quality = p, qualityOf(parameters)
		}
	}
	if quality == 0 {
		return 0
	}
	return quality*10 + precision
}

// qualityOf reads q=0.8 among parameters, in thousandths.
func qualityOf(parameters string) int {
	for p := range strings.SplitSeq(parameters, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return int(q * 1000)
		}
	}
	return 1000
}
