package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	utf "unicode/utf8"

	"github.com/gin-gonic/gin"
	"rsc.io/qr"
)

// maxQR is how many bytes a code is made of. With more of them a telephone does not read it from a screen.
const maxQR = 1 << 10

// quietZone is the white edge that readers need, in modules (ISO/IEC 18004, 6.3.8).
const quietZone = 4

// drawQR answers with the text of the body as a QR code. It is POST although nothing changes: a one-time link is a
// secret, and what stands in a URL comes into logs.
func (h *Handler) drawQR(c *gin.Context) error {
	if kind := c.ContentType(); kind != textPlain {
		return refuse(unsupportedMedia, fmt.Sprintf("the body is %q, not %s", kind, textPlain), "curl says what it sends with -H 'Content-Type: text/plain'")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxQR))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(invalidRequest, "the body ended before its length", "")
	}
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	bodyEnded(c.Writer)
	if len(text) == 0 || !utf.Valid(text) {
		return refuse(invalidRequest, "the body is not a text in UTF-8", "curl --data-binary TEXT sends one")
	}
	code, err := qr.Encode(string(text), qr.M)
	if err != nil {
		return fmt.Errorf("making a QR code of %d bytes: %w", len(text), err)
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "image/svg+xml", svgOf(code))
	return nil
}

// svgOf draws a code, one unit a module, with its quiet zone. It is black on white whatever the page around it is:
// many readers do not take the opposite.
func svgOf(code *qr.Code) []byte {
	var out bytes.Buffer
	size := code.Size + 2*quietZone
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, size, size, size, size)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			run := strconv.Itoa(x - from)
			fmt.Fprintf(&out, "M%d %dh%sv1h-%sz", from+quietZone, y+quietZone, run, run)
		}
	}
	out.WriteString(`"/></svg>` + "\n")
	return out.Bytes()
}
