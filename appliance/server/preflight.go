package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"edge/appliance/compose"
	"edge/appliance/sheet"
)

// Preflight tells what a host lacks for composing.
type Preflight func(context.Context) compose.Fitness

// preflight looks at the host. One look is taken at a time: each runs programs, and strangers may ask for it.
func (h *Handler) preflight(c *gin.Context) error {
	ctx := c.Request.Context()
	select {
	case h.looks <- struct{}{}:
		defer func() { <-h.looks }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return answer(c, http.StatusOK, h.o.Preflight(ctx), writeFitness)
}

func writeFitness(s *sheet.Sheet, f compose.Fitness) { f.Write(s) }
