package release

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/job"
)

// sources are the blueprints of a test: those of the samples.
type sources struct{ sample *compose.Sample }

func (s sources) Latest(_ context.Context, name blueprint.Name) (blueprint.Version, error) {
	ids := s.sample.IDs()
	if newest := ids[len(ids)-1]; newest.Blueprint == name {
		return newest.Version, nil
	}
	return "", ErrNoSource
}

func (s sources) Source(_ context.Context, id blueprint.ID) ([]byte, error) {
	for _, have := range s.sample.IDs() {
		if have == id {
			return []byte("name = \"" + string(id.Blueprint) + "\"\n"), nil
		}
	}
	return nil, ErrNoSource
}

// composer is a backend that a test steers.
type composer func(context.Context, compose.Order) (compose.Composed, error)

func (c composer) Make(ctx context.Context, o compose.Order) (compose.Composed, error) {
	return c(ctx, o)
}

func composing(t *testing.T, s *scene, dir string, backend Composer) (c *Composing, stop func()) {
	t.Helper()
	c, err := OpenComposing(ComposingOptions{
		Publisher: s.Publisher, Dir: dir, Blueprints: sources{samples()}, Backend: "sample",
		Backends: map[string]Composer{"sample": samples(), "other": backend},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return c, stop
}

func ended(t *testing.T, c *Composing, id job.ID) job.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	j, err := c.Wait(ctx, id)
	if err != nil {
		t.Fatalf("%v: %+v", err, j)
	}
	return j
}

func logged(t *testing.T, c *Composing, id job.ID) string {
	t.Helper()
	var log bytes.Buffer
	if err := c.Follow(t.Context(), id, false, func(p []byte) error { log.Write(p); return nil }); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// TestComposeSamples makes the three releases of the demonstration, each on top of the one before.
func TestComposeSamples(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c, _ := composing(t, s, t.TempDir(), nil)
	var last job.Job
	for _, v := range []blueprint.Version{"0.0.1", "0.0.2", "0.0.3"} {
		j, err := c.Compose(t.Context(), demo(string(v)), ComposeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		last = j
	}
	if j := ended(t, c, last.ID); j.State != job.Done || !strings.Contains(string(j.Result), `"version":"0.0.3"`) {
		t.Errorf("%+v", j)
	}
	one, two, three := s.get(demo("0.0.1")), s.get(demo("0.0.2")), s.get(demo("0.0.3"))
	if one.Parent != "" || two.Parent != one.Commit || three.Parent != two.Commit || three.State != Staged || !three.Sample {
		t.Errorf("%+v\n%+v\n%+v", one, two, three)
	}
	if text := logged(t, c, last.ID); !strings.Contains(text, "imported demo_upgrade@0.0.3 as commit "+string(three.Commit)) {
		t.Errorf("log %q", text)
	}
	if data, err := s.Document(t.Context(), demo("0.0.2"), compose.DocumentBlueprint); err != nil || !strings.Contains(string(data), "demo_upgrade") {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := s.Document(t.Context(), demo("0.0.2"), compose.DocumentSBOM); !errors.Is(err, ErrNoDocument) {
		t.Errorf("%v", err)
	}
	if err := s.Delete(t.Context(), demo("0.0.3")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Document(t.Context(), demo("0.0.3"), compose.DocumentBlueprint); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	begun := make(chan struct{})
	c, _ := composing(t, s, t.TempDir(), composer(func(ctx context.Context, o compose.Order) (compose.Composed, error) {
		o.Report(compose.Progress{Phase: compose.Building})
		close(begun)
		<-ctx.Done()
		return compose.Composed{}, ctx.Err()
	}))
	first, err := c.Compose(t.Context(), demo("0.0.1"), ComposeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, first.ID)
	slow, err := c.Compose(t.Context(), demo("0.0.2"), ComposeOptions{Backend: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		id   blueprint.ID
		o    ComposeOptions
		want error
	}{
		{demo("0.0.1"), ComposeOptions{}, ErrExists},
		{demo("0.0.2"), ComposeOptions{}, ErrComposing},
		{demo("9.9.9"), ComposeOptions{}, ErrNoSource},
		{demo("0.0.3"), ComposeOptions{Backend: "magic"}, ErrBackend},
	} {
		if _, err := c.Compose(t.Context(), f.id, f.o); !errors.Is(err, f.want) {
			t.Errorf("%s: %v, want %v", f.id, err, f.want)
		}
	}
	<-begun
	if _, err := c.Cancel(t.Context(), slow.ID); err != nil {
		t.Fatal(err)
	}
	if j := ended(t, c, slow.ID); j.State != job.Cancelled {
		t.Errorf("%+v", j)
	}
	if _, err := s.Get(t.Context(), demo("0.0.2")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a cancelled compose left a release: %v", err)
	}
}

// TestComposeArchiveBreaks tells why the making failed, not what the import made of it.
func TestComposeArchiveBreaks(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	broken := errors.New("the build broke")
	c, _ := composing(t, s, t.TempDir(), composer(func(context.Context, compose.Order) (compose.Composed, error) {
		return compose.Composed{Archive: io.NopCloser(iotest.ErrReader(broken))}, nil
	}))
	j, err := c.Compose(t.Context(), demo("0.0.1"), ComposeOptions{Backend: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if j := ended(t, c, j.ID); j.State != job.Failed || j.Error != broken.Error() {
		t.Errorf("%+v", j)
	}
	if _, err := s.Get(t.Context(), demo("0.0.1")); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
}

// TestComposeAfterImport is a process that is killed between the import and the record of it.
func TestComposeAfterImport(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	dir := t.TempDir()
	c, stop := composing(t, s, dir, composer(func(ctx context.Context, o compose.Order) (compose.Composed, error) {
		if o.Resumed {
			return compose.Composed{}, errors.New("made twice")
		}
		if _, err := s.importSample(ctx, samples(), compose.Request{ID: o.ID}); err != nil {
			return compose.Composed{}, err
		}
		o.Report(compose.Progress{Phase: compose.Building})
		<-ctx.Done()
		return compose.Composed{}, ctx.Err()
	}))
	j, err := c.Compose(t.Context(), demo("0.0.1"), ComposeOptions{Backend: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if at, _ := c.Get(j.ID); at.State == job.State(compose.Building) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	again, _ := composing(t, s, dir, composer(func(context.Context, compose.Order) (compose.Composed, error) {
		return compose.Composed{}, errors.New("made twice")
	}))
	if j := ended(t, again, j.ID); j.State != job.Done {
		t.Errorf("%+v", j)
	}
}

func TestComposeParent(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	if err := s.Delete(t.Context(), demo("0.0.3")); err != nil {
		t.Fatal(err)
	}
	c, _ := composing(t, s, t.TempDir(), nil)
	one, two := s.get(demo("0.0.1")), s.get(demo("0.0.2"))
	for _, f := range []struct {
		id   blueprint.ID
		o    ComposeOptions
		want string
	}{
		{demo("0.0.3"), ComposeOptions{}, string(two.Commit)},
		{demo("0.0.2"), ComposeOptions{}, string(one.Commit)},
		{demo("0.0.0"), ComposeOptions{}, string(two.Commit)},
		{demo("0.0.3"), ComposeOptions{Parent: one.Commit}, string(one.Commit)},
		{demo("0.0.3"), ComposeOptions{Ref: "another/ref"}, ""},
		{blueprint.ID{Blueprint: "other", Version: "1.0.0"}, ComposeOptions{}, ""},
	} {
		if got, repo := c.parent(t.Context(), f.id, f.o); string(got) != f.want || (repo == "") != (f.want == "") {
			t.Errorf("%s %+v: parent %q in %q, want %q", f.id, f.o, got, repo, f.want)
		}
	}
}
