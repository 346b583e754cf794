package health

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"edge/appliance/report"
)

// maxChecks is how many results a record may have.
const maxChecks = 500

// record is what is remembered of one boot.
type record struct {
	report.Boot           // Counter as the boot found it
	Time        time.Time `json:"time"`             // of the last change
	Commit      string    `json:"commit,omitempty"` // "" where nobody could tell
	Version     string    `json:"version,omitempty"`
}

var bootID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// parseRecord reads a record that was written by this program, perhaps by a newer one: the folder outlives
// a rollback of the operating system, the program may not.
func parseRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, err
	}
	verdicts := []report.Verdict{report.Unknown, report.Running, report.Green, report.Red}
	switch {
	case !bootID.MatchString(r.ID):
		return record{}, fmt.Errorf("boot %.40q", r.ID)
	case !slices.Contains(verdicts, r.Verdict):
		return record{}, fmt.Errorf("verdict %.40q", r.Verdict)
	case len(r.Checks) > maxChecks, r.Attempt < 0, r.Attempts < 0:
		return record{}, errors.New("absurd numbers")
	}
	return r, nil
}

// merge takes in results; of a check that is made again the new one counts.
func (r *record) merge(results []report.Result) {
	for _, next := range results {
		at := slices.IndexFunc(r.Checks, func(old report.Result) bool { return old.Name == next.Name })
		switch {
		case at >= 0:
			r.Checks[at] = next
		case len(r.Checks) < maxChecks:
			r.Checks = append(r.Checks, next)
		}
	}
}

// history is what earlier boots tell of the booted deployment.
type history struct {
	lastGreen     string
	green, failed bool
	tried         int
}

// recall looks for a commit in the records of earlier boots, oldest first, and in that of this boot.
func recall(earlier []record, now record, booted string) history {
	h := history{}
	all := append(slices.Clone(earlier), now)
	for _, r := range all {
		if r.Verdict == report.Green && r.Commit != "" {
			h.lastGreen = r.Commit
			h.green = h.green || r.Commit == booted
		}
	}
	if booted == "" {
		return h
	}
	for i, r := range slices.Backward(earlier) {
		if r.Commit != booted || !r.Trial || r.Verdict == report.Green {
			break
		}
		h.tried = len(earlier) - i
	}
	h.failed = !h.green && slices.ContainsFunc(earlier, func(r record) bool { return r.Commit == booted && r.Trial })
	return h
}
