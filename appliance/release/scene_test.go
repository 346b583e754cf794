package release

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/event"
	"edge/appliance/ostree"
	"edge/appliance/workbench"
)

const ref = compose.SampleRef

// scene is a data directory with a publisher on it, and a clock that the test moves.
type scene struct {
	*Publisher
	t      *testing.T
	data   string
	events *event.Log
	signer *ostree.Signer

	mu  sync.Mutex
	now time.Time
}

// newScene begins in the summer after the samples were made.
func newScene(t *testing.T) *scene { return sceneIn(t, t.TempDir()) }

func sceneIn(t *testing.T, data string) *scene {
	t.Helper()
	s := &scene{t: t, data: data, events: event.NewLog(1000), now: time.Date(2023, 7, 1, 12, 0, 0, 0, time.UTC)}
	if err := s.events.Audit(filepath.Join(s.data, "audit.jsonl")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.events.Close() })
	var err error
	if s.signer, err = ostree.LoadSigner(filepath.Join(s.data, "ed25519.key")); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	return s
}

// reopen opens the data directory as the next process would.
func (s *scene) reopen() {
	s.t.Helper()
	p, err := Open(s.t.Context(), Options{Data: s.data, Signer: s.signer, Events: s.events, Now: s.clock})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Publisher = p
}

func (s *scene) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *scene) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// template is a data directory made once for all tests that start from it.
type template struct {
	once sync.Once
	dir  string
	fill func(*scene)
}

var (
	withSamples = template{fill: func(s *scene) {
		if err := SeedSamples(s.t.Context(), s.Publisher, samples()); err != nil {
			s.t.Fatal(err)
		}
	}}
	withPlain = template{fill: func(s *scene) {
		for i, v := range []string{"0.0.1", "0.0.2", "0.0.3"} {
			c := plain(time.Date(2023, 3, 1+7*i, 9, 0, 0, 0, time.UTC))
			c.version = v
			s.importing(demo(v), c)
		}
		s.publish(demo("0.0.1"), PublishOptions{})
	}}
)

func TestMain(m *testing.M) {
	code := workbench.Run(m)
	os.RemoveAll(withSamples.dir)
	os.RemoveAll(withPlain.dir)
	os.Exit(code)
}

// seeded is a scene with the samples, 0.0.1 published; stocked is one with releases of the same
// names and times that have a handful of objects each.
func seeded(t *testing.T) *scene  { return withSamples.scene(t) }
func stocked(t *testing.T) *scene { return withPlain.scene(t) }

func (from *template) scene(t *testing.T) *scene {
	t.Helper()
	from.once.Do(func() {
		dir, err := os.MkdirTemp("", "releases-*")
		if err != nil {
			t.Fatal(err)
		}
		from.dir = dir
		from.fill(sceneIn(t, dir))
	})
	data := t.TempDir()
	if err := os.CopyFS(data, os.DirFS(from.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(data, "ed25519.key"), 0o600); err != nil { // which CopyFS does not keep
		t.Fatal(err)
	}
	return sceneIn(t, data)
}

func samples() *compose.Sample { return compose.NewSample(os.DirFS("../../embedded/samples")) }

// demo names a release of the samples' blueprint.
func demo(v string) blueprint.ID {
	return blueprint.ID{Blueprint: compose.SampleBlueprint, Version: blueprint.Version(v)}
}

func (s *scene) get(id blueprint.ID) Release {
	s.t.Helper()
	r, err := s.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *scene) publish(id blueprint.ID, o PublishOptions) Publication {
	s.t.Helper()
	done, err := s.Publish(s.t.Context(), id, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

func (s *scene) importing(id blueprint.ID, c content) Release {
	s.t.Helper()
	r, err := s.Import(s.t.Context(), id, bytes.NewReader(c.archive(s.t)), ImportOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// states by version.
func (s *scene) states() map[blueprint.Version]State {
	s.t.Helper()
	all, err := s.List(s.t.Context(), "")
	if err != nil {
		s.t.Fatal(err)
	}
	states := map[blueprint.Version]State{}
	for _, r := range all {
		states[r.Version] = r.State
	}
	return states
}

// kinds are those of all events so far, progress left out.
func (s *scene) kinds() []string {
	var kinds []string
	for _, e := range s.events.Since(0) {
		if e.Kind != event.Gap && e.Kind != "release.importing" && e.Kind != "release.verifying" && e.Kind != "release.pruning" {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
