package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"edge/appliance/event"
)

// Work does a job. Its context ends when somebody cancels the job, with the cause ErrCancelled, or when
// the queue closes: then it is called again by the next process, and is to leave what it needs for that.
// What it returns becomes the result, as JSON.
type Work func(ctx context.Context, run *Run) (result any, err error)

// Options of Open.
type Options struct {
	Dir    string     // one folder a job
	Work   Work       // does every job
	Events *event.Log // nil: nobody is told
	Keep   int        // ended jobs that are remembered; 0: 100
	Now    func() time.Time
}

// most is how many jobs may wait.
const most = 100

// Queue holds the jobs. Its methods are safe for concurrent use.
type Queue struct {
	o Options

	mu      sync.Mutex
	jobs    map[ID]*entry
	changed chan struct{} // closed and replaced whenever anything changes
}

// entry is a job of which something may still be said.
type entry struct {
	job    Job
	cancel context.CancelCauseFunc // while it runs
}

// Open finds the jobs that a folder holds. Those that had not ended are done again by Run, in order.
func Open(o Options) (*Queue, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keep == 0 {
		o.Keep = 100
	}
	if o.Events == nil {
		o.Events = event.NewLog(1)
	}
	q := &Queue{o: o, jobs: map[ID]*entry{}, changed: make(chan struct{})}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the jobs: %w", err)
	}
	folders, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the jobs: %w", err)
	}
	for _, f := range folders {
		id, err := ParseID(f.Name())
		if err != nil || !f.IsDir() {
			continue // not ours
		}
		j, err := readRecord(q.dir(id))
		if errors.Is(err, os.ErrNotExist) { // killed before anybody was told of it
			if err := os.RemoveAll(q.dir(id)); err != nil {
				return nil, fmt.Errorf("opening the jobs: %w", err)
			}
			continue
		}
		if err != nil { // a damaged record must not keep the server from starting
			j = Job{Kind: "unknown", State: Failed, Error: "its record cannot be read: " + err.Error(), Created: q.now()}
		}
		j.ID = id
		q.jobs[id] = &entry{job: j}
	}
	return q, nil
}

func (q *Queue) dir(id ID) string { return filepath.Join(q.o.Dir, string(id)) }
func (q *Queue) now() time.Time   { return q.o.Now().UTC().Truncate(time.Millisecond) }

// Add appends a job and returns when it is durable. admit, where it is not nil, sees the jobs that have
// not ended, and its error keeps the job out.
func (q *Queue) Add(ctx context.Context, kind, subject string, request any, admit func(waiting []Job) error) (Job, error) {
	asked, err := json.Marshal(request)
	if err != nil {
		return Job{}, fmt.Errorf("adding a job: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.unended()
	if len(waiting) >= most {
		return Job{}, fmt.Errorf("adding a job: %w: %d; wait, or cancel some", ErrTooMany, len(waiting))
	}
	if admit != nil {
		if err := admit(waiting); err != nil {
			return Job{}, err
		}
	}
	j := Job{ID: q.newID(), Kind: kind, Subject: subject, State: Queued, Created: q.now(), Actor: event.Actor(ctx), Request: asked}
	if err := os.Mkdir(q.dir(j.ID), 0o755); err != nil {
		return Job{}, fmt.Errorf("adding a job: %w", err)
	}
	if err := writeRecord(q.dir(j.ID), j); err != nil {
		return Job{}, errors.Join(fmt.Errorf("adding a job: %w", err), os.RemoveAll(q.dir(j.ID)))
	}
	q.jobs[j.ID] = &entry{job: j}
	q.wake()
	q.tell(ctx, j, "queued")
	q.prune()
	return j, nil
}

// newID never repeats one, and sorts behind those there are.
func (q *Queue) newID() ID {
	at := q.now()
	for {
		var chance [4]byte
		_, _ = rand.Read(chance[:]) // never fails
		id := ID(at.Format("20060102-150405-") + hex.EncodeToString(chance[:]))
		if len(q.jobs) == 0 || id > slices.Max(q.ids()) {
			return id
		}
		at = at.Add(time.Second)
	}
}

func (q *Queue) ids() []ID {
	ids := make([]ID, 0, len(q.jobs))
	for id := range q.jobs {
		ids = append(ids, id)
	}
	return ids
}

// unended are the jobs still to be done, oldest first. The lock is held.
func (q *Queue) unended() []Job {
	var all []Job
	for _, e := range q.jobs {
		if !e.job.State.Ended() {
			all = append(all, e.job)
		}
	}
	slices.SortFunc(all, func(a, b Job) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}

// prune forgets the oldest ended jobs. The lock is held.
func (q *Queue) prune() {
	var ended []ID
	for id, e := range q.jobs {
		if e.job.State.Ended() {
			ended = append(ended, id)
		}
	}
	slices.Sort(ended)
	for _, id := range ended[:max(len(ended)-q.o.Keep, 0)] {
		if os.RemoveAll(q.dir(id)) == nil { // what stays is tried again next time
			delete(q.jobs, id)
		}
	}
}

// wake tells everybody who waits. The lock is held.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// tell writes a mutation into audit file and diary. That the audit file cannot be written must not stop
// a job: the diary has it, and the disk that is full will be told of by whoever needs it next.
func (q *Queue) tell(ctx context.Context, j Job, message string) {
	outcome := ""
	if j.State == Failed || j.State == Cancelled {
		outcome = string(j.State)
	}
	_ = q.o.Events.Record(ctx, event.Event{Kind: "job." + string(j.State), Subject: j.Subject, Message: message + " (job " + string(j.ID) + ")", Outcome: outcome})
}
