package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/profile"
)

const inTOML = "application/toml"

// showProfile answers with the device.toml of a blueprint. Addresses in it are those that the server was
// told, never those of the request: whoever asks under another name must not choose where devices get
// their software from.
func (h *Handler) showProfile(c *gin.Context) error {
	n, err := name(c)
	if err != nil {
		return noRoute(c)
	}
	b, err := h.o.Releases.Blueprint(c.Request.Context(), n)
	if err != nil {
		return err
	}
	if h.o.Device == nil {
		return refuse(notFound, "this server cannot say what its devices are to be", "its log says why")
	}
	text := profile.Encode(h.o.Device.For(string(b.Name), string(b.Ref), b.PublicKey))
	sum := sha256.Sum256(text)
	c.Header("Content-Type", inTOML)
	c.Header("Cache-Control", "no-store")
	c.Header("Etag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(text))
	return nil
}
