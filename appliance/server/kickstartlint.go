package server

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/sheet"
	"edge/kickstart"
)

// judged is a kickstart that anybody may read, with what is wrong in it.
type judged struct {
	Target   kickstart.Target    `json:"target"` // whose syntax
	Text     string              `json:"text"`
	Findings []kickstart.Finding `json:"findings"` // in the order of lines
}

// judgeKickstart answers with the same text that an installer gets without a link, line by line as the lint counts.
func (h *Handler) judgeKickstart(c *gin.Context) error {
	n, err := h.knownBlueprint(c)
	if err != nil {
		return err
	}
	a, err := wantedKickstart(c.Request, string(n))
	if err != nil {
		return err
	}
	text, err := h.o.Installations.Kickstart(c.Request.Context(), a)
	if err != nil {
		return err
	}
	j := judged{Target: cmp.Or(a.Target, kickstart.TargetOfText(string(text)), kickstart.RHEL9), Text: string(text)}
	j.Findings = nonNil(kickstart.Lint(j.Text, j.Target))
	return answer(c, http.StatusOK, j, writeJudged)
}

func writeJudged(s *sheet.Sheet, j judged) {
	for _, f := range j.Findings {
		s.Line("%s", strings.TrimSuffix(f.String(), "; "))
	}
	if len(j.Findings) == 0 {
		s.Line("nothing is wrong with it for %s", j.Target.Title())
	}
}
