package release

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"edge/appliance/compose"
	"edge/appliance/job"
)

// slow is an archive that stops in the middle until somebody wants the import to end; like a file it goes on to
// give bytes then.
type slow struct {
	r     io.Reader
	left  int
	ended <-chan struct{}
}

func (s *slow) Read(p []byte) (int, error) {
	if s.left <= 0 {
		<-s.ended
		return s.r.Read(p)
	}
	n, err := s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

// halfway is a backend whose archive stops in the middle the first time, and is whole when the order is given again.
func halfway(t *testing.T) Composer {
	t.Helper()
	times := 0
	return composer(func(ctx context.Context, o compose.Order) (compose.Composed, error) {
		var archive bytes.Buffer
		if err := samples().Compose(ctx, o.Request, &archive); err != nil {
			return compose.Composed{}, err
		}
		if times++; times > 1 {
			return compose.Composed{Archive: io.NopCloser(&archive), Sample: true}, nil
		}
		return compose.Composed{Archive: io.NopCloser(&slow{&archive, archive.Len() / 2, ctx.Done()}), Sample: true}, nil
	})
}

// importing composes until the archive is half taken in.
func importing(t *testing.T, c *Composing) job.Job {
	t.Helper()
	j, err := c.Compose(t.Context(), demo("0.0.1"), ComposeOptions{Backend: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if at, _ := c.Get(j.ID); at.State == Importing {
			return j
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it never imports")
	return j
}

// TestComposeCancelledWhileImporting leaves no release, and the next compose makes one.
func TestComposeCancelledWhileImporting(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c, _ := composing(t, s, t.TempDir(), halfway(t))
	j := importing(t, c)
	if _, err := c.Cancel(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if j := ended(t, c, j.ID); j.State != job.Cancelled {
		t.Errorf("%+v", j)
	}
	if _, err := s.Get(t.Context(), demo("0.0.1")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a cancelled import left a release: %v", err)
	}
	if j, err := c.Compose(t.Context(), demo("0.0.1"), ComposeOptions{Backend: "other"}); err != nil || ended(t, c, j.ID).State != job.Done {
		t.Errorf("the next compose: %v", err)
	}
}

// TestComposeStoppedWhileImporting is taken up by the next process, which imports anew.
func TestComposeStoppedWhileImporting(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	dir, backend := t.TempDir(), halfway(t)
	c, stop := composing(t, s, dir, backend)
	j := importing(t, c)
	stop()
	if at, _ := c.Get(j.ID); at.State != Importing {
		t.Errorf("stopping ended the job: %+v", at)
	}
	again, _ := composing(t, s, dir, backend)
	if j := ended(t, again, j.ID); j.State != job.Done {
		t.Errorf("%+v", j)
	}
	if r := s.get(demo("0.0.1")); r.State != Staged {
		t.Errorf("%+v", r)
	}
}
