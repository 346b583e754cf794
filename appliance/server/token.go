package server

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// tokenFits answers who gets past the guard, so that a page may ask whether a token is right before it keeps it.
func tokenFits(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}
