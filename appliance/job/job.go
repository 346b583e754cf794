// Package job runs long works one after another and remembers how they went. Each has a folder that
// outlives the process: a record, a log, and a place for what the work itself wants to find again. A
// work that a killed process left is taken up by the next one.
//
// It does not know what a work does or what its request and its result mean.
package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Causes.
var (
	ErrUnknown   = errors.New("no such job")
	ErrEnded     = errors.New("job has ended already")
	ErrCancelled = errors.New("cancelled") // the cause of a work's context when somebody cancelled it
	ErrTooMany   = errors.New("too many jobs are waiting")
	ErrInvalid   = errors.New("not the ID of a job")
)

// ID names a job: the time when it came in UTC, and eight digits by chance. IDs sort by time.
type ID string

var idForm = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]{8}$`)

// ParseID reads an ID; it becomes the name of a folder.
func ParseID(s string) (ID, error) {
	if !idForm.MatchString(s) {
		return "", fmt.Errorf("parsing job %.40q: %w; one looks like 20260102-150405-0a1b2c3d", s, ErrInvalid)
	}
	return ID(s), nil
}

// State of a job: Queued, then Running or whatever phase the work names, then one of the other three.
type State string

// The states that every job knows.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ended reports whether nothing more will happen.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Job is one work as it stands.
type Job struct {
	ID         ID              `json:"id"`
	Kind       string          `json:"kind"`    // "compose"
	Subject    string          `json:"subject"` // NAME@VERSION
	State      State           `json:"state"`
	Stage      string          `json:"stage,omitempty"` // what it does at the moment
	Done       int             `json:"done,omitempty"`
	Total      int             `json:"total,omitempty"` // 0: not known
	Created    time.Time       `json:"created"`
	Started    *time.Time      `json:"started,omitempty"`
	Ended      *time.Time      `json:"ended,omitempty"`
	Actor      string          `json:"actor,omitempty"`
	Cancelling bool            `json:"cancelling,omitempty"`
	Error      string          `json:"error,omitempty"`
	Request    json.RawMessage `json:"request,omitempty"`
	Result     json.RawMessage `json:"result,omitempty"`
}

// Percent is how much is done, from 0 to 100; below 0 where that is not known.
func (j Job) Percent() int {
	switch {
	case j.State == Done:
		return 100
	case j.Total <= 0 || j.State == Queued:
		return -1
	}
	return min(max(100*j.Done/j.Total, 0), 100)
}
