package release

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"edge/appliance/compose"
	"edge/appliance/object"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	ctx := t.Context()
	if err := s.Delete(ctx, demo("0.0.1")); !errors.Is(err, ErrPublished) {
		t.Errorf("deleting what is published: %v", err)
	}
	if r, err := s.Pin(ctx, demo("0.0.2"), true); err != nil || !r.Pinned {
		t.Errorf("pinning: %+v, %v", r, err)
	}
	if err := s.Delete(ctx, demo("0.0.2")); !errors.Is(err, ErrPinned) {
		t.Errorf("deleting what is pinned: %v", err)
	}
	s.reopen()
	if !s.get(demo("0.0.2")).Pinned {
		t.Error("the pin is lost")
	}
	for range 2 { // the second changes nothing
		if r, err := s.Pin(ctx, demo("0.0.2"), false); err != nil || r.Pinned {
			t.Errorf("unpinning: %+v, %v", r, err)
		}
	}
	if err := s.Delete(ctx, demo("0.0.2")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, demo("0.0.2")); !errors.Is(err, ErrUnknown) {
		t.Errorf("after deletion: %v", err)
	}
	s.reopen()
	if _, err := s.Get(ctx, demo("0.0.2")); !errors.Is(err, ErrUnknown) {
		t.Errorf("after deletion, reopened: %v", err)
	}
	want := []string{"release.pinned", "release.unpinned", "release.deleted"}
	if got := s.kinds(); !slices.Equal(got[len(got)-3:], want) {
		t.Errorf("events %v", got)
	}
}

// age makes what was superseded seem superseded longer ago.
func (s *scene) age(c object.Checksum, by time.Duration) {
	s.t.Helper()
	file := filepath.Join(s.data, "ostree", string(compose.SampleBlueprint), "refs/remotes/appliance/published", string(c))
	at := s.clock().Add(-by)
	if err := os.Chtimes(file, at, at); err != nil {
		s.t.Fatal(err)
	}
}

func TestPruneChoice(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      PruneOptions
		before func(*scene)
		want   []string
	}{
		{"nothing asked", PruneOptions{}, nil, []string{}},
		{"enough kept", PruneOptions{Keep: 5}, nil, []string{}},
		{"newest kept", PruneOptions{Keep: 2}, nil, []string{"1.0.1", "1.0.0"}},
		{"published is never dropped", PruneOptions{Keep: 1}, nil, []string{"1.0.2", "1.0.1", "1.0.0"}},
		{"by age alone", PruneOptions{OlderThan: 2 * time.Hour}, nil, []string{"1.0.1", "1.0.0"}},
		{"by both", PruneOptions{Keep: 1, OlderThan: 3 * time.Hour}, nil, []string{"1.0.0"}},
		{"pinned is never dropped", PruneOptions{Keep: 2}, func(s *scene) {
			if _, err := s.Pin(s.t.Context(), demo("1.0.0"), true); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"1.0.1"}},
		{"just superseded", PruneOptions{Keep: 2}, func(s *scene) {
			s.publish(demo("1.0.1"), PublishOptions{Force: true})
			s.age(s.publish(demo("1.0.3"), PublishOptions{Force: true}).Before, 23*time.Hour)
		}, []string{"1.0.0"}},
		{"superseded long ago", PruneOptions{Keep: 2}, func(s *scene) {
			s.publish(demo("1.0.1"), PublishOptions{Force: true})
			s.age(s.publish(demo("1.0.3"), PublishOptions{Force: true}).Before, 25*time.Hour)
		}, []string{"1.0.1", "1.0.0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			for _, v := range []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3"} {
				s.importing(demo(v), plain(s.clock()))
				s.wait(time.Hour)
			}
			s.publish(demo("1.0.3"), PublishOptions{})
			if tt.before != nil {
				tt.before(s)
			}
			dry := tt.o
			dry.DryRun = true
			for _, o := range []PruneOptions{dry, tt.o} {
				report, err := s.Prune(t.Context(), compose.SampleBlueprint, o)
				if err != nil {
					t.Fatal(err)
				}
				got := []string{}
				for _, r := range report.Releases {
					got = append(got, r[len("demo_upgrade@"):])
				}
				if !slices.Equal(got, tt.want) || report.DryRun != o.DryRun {
					t.Errorf("dry %v: %v, want %v", o.DryRun, got, tt.want)
				}
				left := 4
				if !o.DryRun {
					left -= len(tt.want)
				}
				if n := len(s.states()); n != left {
					t.Errorf("dry %v: %d releases are left, want %d", o.DryRun, n, left)
				}
			}
		})
	}
}

// TestPruneObjects follows the objects of a deleted release: those of one that devices may be
// pulling stay for the grace time.
func TestPruneObjects(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	ctx := t.Context()
	prune := func() int {
		t.Helper()
		report, err := s.Prune(ctx, compose.SampleBlueprint, PruneOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return report.Objects.Removed
	}
	if n := prune(); n != 0 {
		t.Errorf("%d objects of a fresh repository removed", n)
	}
	first := s.get(demo("0.0.1"))
	s.publish(demo("0.0.2"), PublishOptions{})
	if err := s.Delete(ctx, demo("0.0.1")); err != nil {
		t.Fatal(err)
	}
	s.age(first.Commit, time.Hour)
	if n := prune(); n != 0 {
		t.Errorf("%d objects removed an hour after the publication", n)
	}
	if err := s.Delete(ctx, demo("0.0.3")); err != nil {
		t.Fatal(err)
	}
	s.age(first.Commit, 30*time.Hour)
	before, err := s.Blueprint(ctx, compose.SampleBlueprint)
	if err != nil {
		t.Fatal(err)
	}
	n := prune()
	after, err := s.Blueprint(ctx, compose.SampleBlueprint)
	if err != nil || n < 100 || after.Objects != before.Objects-n || after.Size >= before.Size {
		t.Errorf("%d objects removed: %+v, then %+v, %v", n, before, after, err)
	}
	if found, err := s.Verify(ctx, compose.SampleBlueprint); err != nil || len(found.Faults) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
	want := []string{"release.deleted", "release.pruned", "release.deleted", "release.pruned", "release.verified"}
	if got := s.kinds(); !slices.Equal(got[len(got)-5:], want) {
		t.Errorf("events %v", got)
	}
}

// TestSuperseded keeps the commit of a release visible to devices for as long as it is a release.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	first := s.get(demo("0.0.1"))
	s.publish(demo("0.0.2"), PublishOptions{})
	s.age(first.Commit, 1000*time.Hour)
	if _, err := s.Prune(t.Context(), compose.SampleBlueprint, PruneOptions{}); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if r := s.get(demo("0.0.1")); r.State != Superseded {
		t.Errorf("%+v", r)
	}
	repo, err := s.Repository(compose.SampleBlueprint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Lookup("objects/" + object.Name{Checksum: first.Commit, Kind: object.KindCommit}.Path()); err != nil {
		t.Errorf("devices do not find a superseded release: %v", err)
	}
}

// TestEmptied deletes everything there is: the blueprint is gone, its garbage can be removed.
func TestEmptied(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.importing(demo("0.0.1"), plain(s.clock()))
	if err := s.Delete(t.Context(), demo("0.0.1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Blueprint(t.Context(), compose.SampleBlueprint); !errors.Is(err, ErrNoBlueprint) {
		t.Errorf("%v", err)
	}
	if all, err := s.Blueprints(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	report, err := s.Prune(t.Context(), compose.SampleBlueprint, PruneOptions{})
	if err != nil || report.Objects.Removed == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	s.importing(demo("0.0.1"), plain(s.clock()))
}
