package release

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/fstest"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
)

// TestSeedTwice seeds again, after a user's changes and after an interruption.
func TestSeedTwice(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	seed := func() {
		t.Helper()
		if err := SeedSamples(t.Context(), s.Publisher, samples()); err != nil {
			t.Fatal(err)
		}
	}
	before := len(s.kinds())
	seed()
	if n := len(s.kinds()); n != before {
		t.Errorf("%d events of a second seeding", n-before)
	}
	s.publish(demo("0.0.2"), PublishOptions{})
	if err := s.Delete(t.Context(), demo("0.0.3")); err != nil {
		t.Fatal(err)
	}
	seed()
	want := map[blueprint.Version]State{"0.0.1": Superseded, "0.0.2": Published}
	if got := s.states(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestSeedInterrupted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if _, err := s.importSample(t.Context(), samples(), compose.Request{ID: demo("0.0.1")}); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if err := SeedSamples(t.Context(), s.Publisher, samples()); err != nil {
		t.Fatal(err)
	}
	want := map[blueprint.Version]State{"0.0.1": Published, "0.0.2": Staged, "0.0.3": Staged}
	if got := s.states(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if one, two := s.get(demo("0.0.1")), s.get(demo("0.0.2")); two.Parent != one.Commit {
		t.Errorf("0.0.2 has parent %s, want %s", two.Parent, one.Commit)
	}
}

// TestSeedBesideOthers leaves a blueprint alone that a user made.
func TestSeedBesideOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.importing(demo("3.0.0"), plain(s.clock()))
	if err := SeedSamples(t.Context(), s.Publisher, samples()); err != nil {
		t.Fatal(err)
	}
	if got := s.states(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestSeedFails(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := SeedSamples(t.Context(), s.Publisher, compose.NewSample(fstest.MapFS{})); !errors.Is(err, compose.ErrSample) {
		t.Errorf("without data: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := SeedSamples(ctx, s.Publisher, samples()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if all, err := s.Blueprints(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}
