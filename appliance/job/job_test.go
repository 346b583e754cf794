package job

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/event"
)

// stage is a queue whose work the test steers.
type stage struct {
	*Queue
	stop context.CancelFunc
	done chan struct{}
}

func opened(t *testing.T, dir string, work Work) *stage {
	t.Helper()
	q, err := Open(Options{Dir: dir, Work: work, Keep: 3, Events: event.NewLog(100)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := &stage{q, stop, make(chan struct{})}
	go func() { defer close(s.done); _ = q.Run(ctx) }()
	t.Cleanup(func() { stop(); <-s.done })
	return s
}

func (s *stage) close() { s.stop(); <-s.done }

func added(t *testing.T, q *stage, subject string) Job {
	t.Helper()
	j, err := q.Add(event.WithActor(t.Context(), "me"), "compose", subject, map[string]string{"of": subject}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func waited(t *testing.T, q *stage, id ID) Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	j, err := q.Wait(ctx, id)
	if err != nil {
		t.Fatalf("%v: %+v", err, j)
	}
	return j
}

func until(t *testing.T, q *stage, id ID, s State) {
	t.Helper()
	for range 1000 {
		if j, err := q.Get(id); err == nil && j.State == s {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	j, _ := q.Get(id)
	t.Fatalf("%s is %s, want %s", id, j.State, s)
}

func TestQueueRunsInOrder(t *testing.T) {
	var order []string
	q := opened(t, t.TempDir(), func(ctx context.Context, r *Run) (any, error) {
		order = append(order, r.Job.Subject)
		if err := r.Phase(ctx, "building"); err != nil {
			return nil, err
		}
		r.Progress()("stage one", 1, 4)
		r.Log.Write([]byte("hello from " + r.Job.Subject + "\n"))
		return map[string]int{"n": len(order)}, os.WriteFile(filepath.Join(r.Scratch, "x"), nil, 0o600)
	})
	first, second := added(t, q, "a@0.0.1"), added(t, q, "a@0.0.2")
	j := waited(t, q, second.ID)
	if j.State != Done || string(j.Result) != `{"n":2}` || j.Actor != "me" || j.Started == nil || j.Ended == nil || j.Percent() != 100 {
		t.Errorf("%+v", j)
	}
	if got := strings.Join(order, " "); got != "a@0.0.1 a@0.0.2" {
		t.Errorf("order %q", got)
	}
	if all := q.List(); len(all) != 2 || all[0].ID != second.ID || all[1].ID != first.ID {
		t.Errorf("list %+v", all)
	}
	var log strings.Builder
	if err := q.Follow(t.Context(), first.ID, true, func(p []byte) error { log.Write(p); return nil }); err != nil || log.String() != "hello from a@0.0.1\n" {
		t.Errorf("log %q, %v", log.String(), err)
	}
	if _, err := os.Stat(filepath.Join(q.dir(first.ID), workName)); !os.IsNotExist(err) {
		t.Errorf("the scratch folder stays: %v", err)
	}
}

func TestQueueFails(t *testing.T) {
	q := opened(t, t.TempDir(), func(_ context.Context, r *Run) (any, error) {
		if r.Job.Subject == "panic" {
			panic("oh")
		}
		return nil, errors.New("no luck")
	})
	if j := waited(t, q, added(t, q, "x").ID); j.State != Failed || j.Error != "no luck" {
		t.Errorf("%+v", j)
	}
	if j := waited(t, q, added(t, q, "panic").ID); j.State != Failed || !strings.Contains(j.Error, "oh") {
		t.Errorf("%+v", j)
	}
}

// TestErrorIsBounded keeps a record readable, whatever a work says.
func TestErrorIsBounded(t *testing.T) {
	dir := t.TempDir()
	q := opened(t, dir, func(context.Context, *Run) (any, error) {
		return nil, errors.New("no luck: " + strings.Repeat("é", maxRecord))
	})
	id := added(t, q, "x").ID
	waited(t, q, id)
	q.close()
	if j, err := opened(t, dir, nil).Get(id); err != nil || j.State != Failed || !strings.HasPrefix(j.Error, "no luck: é") {
		t.Errorf("%.200q, %v", j.Error, err)
	}
}

func TestCancelInEachState(t *testing.T) {
	q := opened(t, t.TempDir(), func(ctx context.Context, r *Run) (any, error) {
		if err := r.Phase(ctx, "building"); err != nil {
			return nil, err
		}
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ErrCancelled) {
			return nil, errors.New("another cause")
		}
		return nil, ctx.Err()
	})
	running, queued := added(t, q, "running"), added(t, q, "queued")
	until(t, q, running.ID, "building")
	if j, err := q.Cancel(t.Context(), queued.ID); err != nil || j.State != Cancelled {
		t.Errorf("queued: %+v, %v", j, err)
	}
	if j, err := q.Cancel(t.Context(), running.ID); err != nil || !j.Cancelling {
		t.Errorf("running: %+v, %v", j, err)
	}
	if j := waited(t, q, running.ID); j.State != Cancelled || j.Error != "" {
		t.Errorf("%+v", j)
	}
	if _, err := q.Cancel(t.Context(), running.ID); !errors.Is(err, ErrEnded) {
		t.Errorf("ended: %v", err)
	}
	if _, err := q.Cancel(t.Context(), "20260101-000000-00000000"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	first := opened(t, dir, func(ctx context.Context, r *Run) (any, error) {
		_ = r.Phase(ctx, "building")
		r.Log.Write([]byte("begun\n"))
		_ = os.WriteFile(filepath.Join(r.Scratch, "half"), []byte("half"), 0o600)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	a, b, c := added(t, first, "a"), added(t, first, "b"), added(t, first, "c")
	until(t, first, a.ID, "building")
	first.close()
	// c was told to end, and killed before it could.
	if _, err := first.Cancel(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if j, _ := first.Get(a.ID); j.State != "building" || j.Ended != nil {
		t.Errorf("stopping ended the job: %+v", j)
	}
	if err := os.Mkdir(filepath.Join(dir, "20260101-000000-ffffffff"), 0o755); err != nil { // killed while it was added
		t.Fatal(err)
	}
	var resumed []bool
	second := opened(t, dir, func(_ context.Context, r *Run) (any, error) {
		resumed = append(resumed, r.Resumed)
		if r.Resumed {
			half, err := os.ReadFile(filepath.Join(r.Scratch, "half"))
			if err != nil || string(half) != "half" || r.Log.Size() != 6 {
				return nil, errors.New("what the first process left is gone")
			}
			if err := r.Log.Cut(0); err != nil {
				return nil, err
			}
		}
		return "ok", nil
	})
	if j := waited(t, second, a.ID); j.State != Done {
		t.Errorf("%+v", j)
	}
	if j := waited(t, second, b.ID); j.State != Done || string(j.Result) != `"ok"` {
		t.Errorf("%+v", j)
	}
	if len(resumed) != 2 || !resumed[0] || resumed[1] {
		t.Errorf("resumed %v", resumed)
	}
	if len(second.List()) != 3 {
		t.Errorf("%d jobs", len(second.List()))
	}
}

func TestCancelledBeforeRestart(t *testing.T) {
	dir := t.TempDir()
	first := opened(t, dir, func(ctx context.Context, r *Run) (any, error) {
		_ = r.Phase(ctx, "building")
		<-ctx.Done()
		return nil, ctx.Err()
	})
	a := added(t, first, "a")
	until(t, first, a.ID, "building")
	first.close()
	if j, err := first.Cancel(t.Context(), a.ID); err != nil || !j.Cancelling {
		t.Fatalf("%+v, %v", j, err)
	}
	second := opened(t, dir, func(ctx context.Context, _ *Run) (any, error) { return nil, context.Cause(ctx) })
	if j := waited(t, second, a.ID); j.State != Cancelled {
		t.Errorf("%+v", j)
	}
}

func TestAddRefuses(t *testing.T) {
	hold := make(chan struct{})
	q := opened(t, t.TempDir(), func(context.Context, *Run) (any, error) { <-hold; return nil, nil })
	a := added(t, q, "a")
	refused := errors.New("refused")
	if _, err := q.Add(t.Context(), "compose", "a", nil, func(waiting []Job) error {
		if len(waiting) == 1 && waiting[0].ID == a.ID {
			return refused
		}
		return nil
	}); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	for range most - 1 {
		added(t, q, "b")
	}
	if _, err := q.Add(t.Context(), "compose", "a", nil, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
	close(hold)
}

func TestKeep(t *testing.T) {
	q := opened(t, t.TempDir(), func(context.Context, *Run) (any, error) { return nil, nil })
	var last Job
	for range 6 {
		last = waited(t, q, added(t, q, "a").ID)
	}
	if n := len(q.List()); n > 4 {
		t.Errorf("%d jobs are remembered", n)
	}
	if _, err := q.Get(last.ID); err != nil {
		t.Error(err)
	}
}

func TestDamagedRecord(t *testing.T) {
	dir := t.TempDir()
	id := filepath.Join(dir, "20260101-000000-00000000")
	if err := os.MkdirAll(id, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(id, recordName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	q := opened(t, dir, nil)
	if j, err := q.Get("20260101-000000-00000000"); err != nil || j.State != Failed || !strings.Contains(j.Error, "cannot be read") {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestLogIsBounded(t *testing.T) {
	l, err := openLog(filepath.Join(t.TempDir(), "log"), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	chunk := make([]byte, 1<<20)
	for range 70 {
		l.Write(chunk)
	}
	if l.Size() > maxLog || !l.full {
		t.Errorf("%d bytes, full %v", l.Size(), l.full)
	}
}

func TestParseID(t *testing.T) {
	for _, s := range []string{"", "..", "20260101-000000-0000000g", "20260101-000000-00000000/", "a"} {
		if _, err := ParseID(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"id":"x","state":"queued"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := parseRecord(data)
		if err == nil && j.State == "" {
			t.Fatal("a job without a state")
		}
		if err == nil {
			if _, err := json.Marshal(j); err != nil {
				t.Fatal(err)
			}
		}
	})
}
