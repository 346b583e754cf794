package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/sheet"
)

// Status is what GET /api/v1/status says.
type Status struct {
	Version    string       `json:"version"`
	URL        string       `json:"url"`
	Started    time.Time    `json:"started"`
	DataFree   int64        `json:"data_free_bytes"` // -1 where it is not known
	Blueprints []catalogued `json:"blueprints"`
	LastEvent  uint64       `json:"events_last_id"`
	// Remote is where blueprints are followed, if they are.
	Remote *blueprint.RemoteState `json:"remote,omitempty"`
}

func (h *Handler) showStatus(c *gin.Context) error {
	last := h.o.Events.Last() // before the lists: who follows from it misses nothing
	all, err := h.listings(c.Request.Context())
	if err != nil {
		return err
	}
	s := Status{h.o.Version, h.o.BaseURL, h.o.Started.UTC(), -1, nonNil(all), last, nil}
	if h.o.Remote != nil {
		state := h.o.Remote.State()
		s.Remote = &state
	}
	if h.o.DataFree != nil {
		if s.DataFree, err = h.o.DataFree(); err != nil {
			return fmt.Errorf("reading the free space of the data directory: %w", err)
		}
	}
	return answer(c, http.StatusOK, s, h.writeStatus)
}

func (h *Handler) writeStatus(s *sheet.Sheet, v Status) {
	free := ""
	if v.DataFree >= 0 {
		free = sheet.Size(v.DataFree)
	}
	remote := ""
	if v.Remote != nil {
		remote = strings.TrimSuffix(v.Remote.URL+": "+v.Remote.Error, ": ")
	}
	s.Fields([2]string{"appliance", v.Version}, [2]string{"url", v.URL}, [2]string{"started", sheet.When(v.Started)}, [2]string{"data free", free}, [2]string{"remote", remote})
	s.Blank()
	h.writeBlueprints(s, v.Blueprints)
}

// nonNil makes JSON say [] and not null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
