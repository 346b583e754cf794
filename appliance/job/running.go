package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"edge/appliance/event"
)

// Run is a job from its work's side.
type Run struct {
	Job     Job    // as it was when the work began
	Dir     string // of this job
	Scratch string // a folder in it that is removed when the job ends, and kept when the process does
	Log     *Log
	Resumed bool // an earlier process had begun it

	q *Queue
}

// Phase names the state that the job is in from here on, durably.
func (r *Run) Phase(ctx context.Context, s State) error {
	return r.q.set(ctx, r.Job.ID, func(j *Job) { j.State, j.Stage, j.Done, j.Total = s, "", 0, 0 })
}

// pace is the time between two events of progress, unless a new stage begins.
const pace = 250 * time.Millisecond

// Progress says what the work is doing and how far it is; total 0 means that this is not known.
func (r *Run) Progress() func(stage string, done, total int) {
	var last time.Time
	var at string
	return func(stage string, done, total int) {
		now := time.Now()
		if stage == at && now.Sub(last) < pace {
			return
		}
		last, at = now, stage
		q := r.q
		q.mu.Lock()
		e := q.jobs[r.Job.ID]
		e.job.Stage, e.job.Done, e.job.Total = stage, done, total
		subject := e.job.Subject
		q.wake()
		q.mu.Unlock()
		q.o.Events.Append(event.Event{Kind: "job.progress", Subject: subject, Message: stage, Done: done, Total: total})
	}
}

// set changes a job in memory and on disk.
func (q *Queue) set(ctx context.Context, id ID, change func(*Job)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.jobs[id]
	before := e.job.State
	change(&e.job)
	if err := writeRecord(q.dir(id), e.job); err != nil {
		return fmt.Errorf("recording job %s: %w", id, err)
	}
	q.wake()
	if e.job.State != before {
		q.tell(ctx, e.job, "now "+string(e.job.State))
	}
	return nil
}

// Run does the jobs, one at a time, until ctx ends. What is being done then goes on with the next Run.
func (q *Queue) Run(ctx context.Context) error {
	for {
		q.mu.Lock()
		waiting, changed := q.unended(), q.changed
		q.mu.Unlock()
		if len(waiting) == 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
				continue
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		q.do(ctx, waiting[0])
	}
}

// do does one job, or lets it be where ctx ends first.
func (q *Queue) do(ctx context.Context, j Job) {
	work, cancel := context.WithCancelCause(event.WithActor(ctx, j.Actor))
	defer cancel(nil)
	q.mu.Lock()
	e := q.jobs[j.ID]
	if e.job.State.Ended() { // somebody was faster
		q.mu.Unlock()
		return
	}
	j, e.cancel = e.job, cancel
	q.mu.Unlock()
	if j.Cancelling {
		cancel(ErrCancelled)
	}
	result, err := q.attempt(work, j)
	if ctx.Err() != nil && err != nil && !errors.Is(context.Cause(work), ErrCancelled) {
		q.mu.Lock()
		e.cancel = nil
		q.mu.Unlock()
		return
	}
	q.end(ctx, j.ID, work, result, err)
}

func (q *Queue) attempt(ctx context.Context, j Job) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("working on %q: panic: %v", j.Subject, p)
		}
	}()
	log, err := openLog(filepath.Join(q.dir(j.ID), logName), func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.wake()
	})
	if err != nil {
		return nil, err
	}
	defer log.close()
	run := &Run{Job: j, Dir: q.dir(j.ID), Scratch: filepath.Join(q.dir(j.ID), workName), Log: log, Resumed: j.Started != nil, q: q}
	if err := os.MkdirAll(run.Scratch, 0o755); err != nil {
		return nil, fmt.Errorf("beginning %q: %w", j.Subject, err)
	}
	if !run.Resumed {
		if err := q.set(ctx, j.ID, func(j *Job) {
			now := q.now()
			j.State, j.Started = Running, &now
		}); err != nil {
			return nil, err
		}
	}
	return q.o.Work(ctx, run)
}

// end records how a job ended. Where even that cannot be written, as on a full disk, memory knows it, and
// the next process does the job again.
func (q *Queue) end(ctx context.Context, id ID, work context.Context, result any, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.jobs[id]
	j := &e.job
	now := q.now()
	j.Ended, j.Cancelling, j.State, j.Stage, e.cancel = &now, false, Done, "", nil
	message := "done"
	switch {
	case err != nil && errors.Is(context.Cause(work), ErrCancelled):
		j.State, message = Cancelled, "cancelled"
	case err != nil:
		message = clip(err.Error())
		j.State, j.Error = Failed, message
	default:
		if j.Result, err = json.Marshal(result); err != nil {
			message = clip(err.Error())
			j.State, j.Error = Failed, message
		}
	}
	removing := os.RemoveAll(filepath.Join(q.dir(id), workName))
	if writing := writeRecord(q.dir(id), *j); writing != nil || removing != nil {
		message += "; tidying up: " + errors.Join(writing, removing).Error()
	}
	q.wake()
	q.tell(event.WithActor(ctx, j.Actor), *j, message)
}

// maxError bounds why a job failed, in bytes: a work may put the words of a program into it, and the record must be one
// that can be read.
const maxError = 100 << 10

func clip(text string) string {
	if len(text) > maxError {
		return strings.ToValidUTF8(text[:maxError], "") + "…"
	}
	return text
}
