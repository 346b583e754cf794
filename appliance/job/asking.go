package job

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// List returns every job that is remembered, the newest first.
func (q *Queue) List() []Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]Job, 0, len(q.jobs))
	for _, e := range q.jobs {
		all = append(all, e.job)
	}
	slices.SortFunc(all, func(a, b Job) int { return strings.Compare(string(b.ID), string(a.ID)) })
	return all
}

// Get returns one job; ErrUnknown where there is none.
func (q *Queue) Get(id ID) (Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.jobs[id]
	if e == nil {
		return Job{}, fmt.Errorf("%w: %q", ErrUnknown, id)
	}
	return e.job, nil
}

// Cancel ends a job: at once while it waits; otherwise its work is told, and the job ends when that has
// tidied up. A job that has ended is ErrEnded.
func (q *Queue) Cancel(ctx context.Context, id ID) (Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.jobs[id]
	switch {
	case e == nil:
		return Job{}, fmt.Errorf("cancelling: %w: %q", ErrUnknown, id)
	case e.job.State.Ended():
		return e.job, fmt.Errorf("cancelling %q: %w: it is %s", id, ErrEnded, e.job.State)
	}
	j := e.job
	j.Cancelling = true
	if e.cancel == nil && j.State == Queued {
		now := q.now()
		j.State, j.Ended, j.Cancelling = Cancelled, &now, false
	}
	if err := writeRecord(q.dir(id), j); err != nil {
		return e.job, fmt.Errorf("cancelling %q: %w", id, err)
	}
	e.job = j
	if e.cancel != nil {
		e.cancel(ErrCancelled)
	}
	q.wake()
	if j.State == Cancelled {
		q.tell(ctx, j, "cancelled while it waited")
	}
	return j, nil
}

// Wait returns a job when it has ended, or as it is when ctx ends.
func (q *Queue) Wait(ctx context.Context, id ID) (Job, error) {
	for {
		q.mu.Lock()
		e, changed := q.jobs[id], q.changed
		if e == nil {
			q.mu.Unlock()
			return Job{}, fmt.Errorf("waiting: %w: %q", ErrUnknown, id)
		}
		j := e.job
		q.mu.Unlock()
		if j.State.Ended() {
			return j, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return j, ctx.Err()
		}
	}
}

// File is where a file of an ended or running job lies; the name is one of the work's own.
func (q *Queue) File(id ID, name string) string { return filepath.Join(q.dir(id), filepath.Base(name)) }

// Follow gives each what is in a job's log, from its beginning, and with more what comes until the job
// ends, ctx ends or each fails.
func (q *Queue) Follow(ctx context.Context, id ID, more bool, each func([]byte) error) error {
	if _, err := q.Get(id); err != nil {
		return err
	}
	var at int64
	for {
		q.mu.Lock()
		e, changed := q.jobs[id], q.changed
		ended := e == nil || e.job.State.Ended()
		q.mu.Unlock()
		n, err := copyLog(filepath.Join(q.dir(id), logName), at, each)
		at += n
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if ended || !more {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
