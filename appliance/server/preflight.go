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

func (h *Handler) preflight(c *gin.Context) error {
	return answer(c, http.StatusOK, h.o.Preflight(c.Request.Context()), writeFitness)
}

func writeFitness(s *sheet.Sheet, f compose.Fitness) { f.Write(s) }
