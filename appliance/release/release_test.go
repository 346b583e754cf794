package release

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
)

// TestLife follows the demonstration: three releases, one published after the other, and back.
func TestLife(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := SeedSamples(t.Context(), s.Publisher, samples()); err != nil {
		t.Fatal(err)
	}
	want := map[blueprint.Version]State{"0.0.1": Published, "0.0.2": Staged, "0.0.3": Staged}
	if got := s.states(); !maps.Equal(got, want) {
		t.Fatalf("seeded: %v, want %v", got, want)
	}
	first := s.get(demo("0.0.1"))
	if !first.Sample || first.Origin != SampleOrigin || first.Packages != 254 || first.Ref != ref || first.CommitVersion != "0.0.1" {
		t.Errorf("seeded: %+v", first)
	}
	if first.Signatures["ed25519"] != 1 {
		t.Errorf("signatures of a published release: %v", first.Signatures)
	}
	if first.Objects < 300 || first.New != first.Objects || first.Size == 0 || first.Commit != first.Source {
		t.Errorf("seeded: %+v", first)
	}
	s.wait(time.Hour)
	done := s.publish(demo("0.0.2"), PublishOptions{})
	if !done.Changed || done.Restamped || done.Before != first.Commit || done.After != s.get(demo("0.0.2")).Commit {
		t.Errorf("publishing 0.0.2: %+v", done)
	}
	want = map[blueprint.Version]State{"0.0.1": Superseded, "0.0.2": Published, "0.0.3": Staged}
	if got := s.states(); !maps.Equal(got, want) {
		t.Errorf("0.0.2 published: %v, want %v", got, want)
	}
	again := s.publish(demo("0.0.2"), PublishOptions{})
	if again.Changed || again.After != done.After || !again.Release.PublishedAt.Equal(*done.Release.PublishedAt) {
		t.Errorf("publishing 0.0.2 again: %+v", again)
	}
	before := s.states()
	s.reopen()
	if got := s.states(); !maps.Equal(got, before) {
		t.Errorf("reopened: %v, want %v", got, before)
	}
	all := []string{"release.imported", "release.imported", "release.imported", "release.published", "release.published"}
	if got := s.kinds(); !slices.Equal(got, all) {
		t.Errorf("events %v, want %v", got, all)
	}
}

// TestOlder publishes an older release again: devices must get it under a newer time.
func TestOlder(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	first := s.get(demo("0.0.1"))
	second := s.publish(demo("0.0.2"), PublishOptions{})
	s.wait(time.Hour)
	done := s.publish(demo("0.0.1"), PublishOptions{IfMatch: second.After})
	if !done.Changed || !done.Restamped || done.Before != second.After || done.After == first.Commit {
		t.Fatalf("publishing 0.0.1 again: %+v", done)
	}
	r := s.get(demo("0.0.1"))
	if r.State != Published || r.Commit != done.After || r.Source != first.Commit || r.Parent != second.After {
		t.Errorf("re-stamped: %+v", r)
	}
	if !r.Time.Equal(s.clock()) || r.CommitVersion != "0.0.1" || r.Packages != first.Packages {
		t.Errorf("re-stamped: time %s, version %q, %d packages", r.Time, r.CommitVersion, r.Packages)
	}
	d, err := s.Diff(t.Context(), demo("0.0.2"), demo("0.0.1"))
	if err != nil || d.Basis != ByPackages || len(d.Packages.Added) != 55 {
		t.Errorf("differs by %+v, %v", d, err)
	}
	repo, err := s.Repository(compose.SampleBlueprint)
	if err != nil {
		t.Fatal(err)
	}
	holds, err := repo.Holds()
	if err != nil {
		t.Fatal(err)
	}
	if holds[hold("0.0.1")] != r.Commit || holds[publishedPrefix+string(first.Commit)] != first.Commit {
		t.Errorf("holds %v", holds)
	}
	if _, left := holds[publishingPrefix+"0.0.1"]; left {
		t.Error("the hold of the publication is left")
	}
	s.reopen()
	if got := s.get(demo("0.0.1")); !reflect.DeepEqual(got, r) {
		t.Errorf("reopened: %+v, want %+v", got, r)
	}
	if found, err := s.Verify(t.Context(), compose.SampleBlueprint); err != nil || len(found.Faults) > 0 {
		t.Errorf("verified: %+v, %v", found, err)
	}
}

// TestOlderStaged publishes a lower version that was never published: it is re-stamped, too. A higher
// one with an older commit is a mistake and is refused.
func TestOlderStaged(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	day := s.clock().Add(-48 * time.Hour)
	s.importing(demo("1.0.0"), plain(day))
	s.importing(demo("0.9.0"), plain(day.Add(-24*time.Hour)))
	s.importing(demo("1.1.0"), plain(day.Add(-12*time.Hour)))
	s.publish(demo("1.0.0"), PublishOptions{})
	_, err := s.Publish(t.Context(), demo("1.1.0"), PublishOptions{})
	var checks *ChecksError
	if !errors.As(err, &checks) || len(checks.Findings) != 1 || checks.Findings[0].Check != "time" {
		t.Errorf("publishing a newer version of older time: %v", err)
	}
	if done := s.publish(demo("0.9.0"), PublishOptions{}); !done.Restamped {
		t.Errorf("publishing a lower version: %+v", done)
	}
	if done := s.publish(demo("1.1.0"), PublishOptions{Stamp: true}); !done.Restamped || done.Release.CommitVersion != "1.1.0" {
		t.Errorf("publishing with a stamp: %+v", done)
	}
}

// TestForward goes back and then on, as the demonstration does: the next release was composed before
// the older one was published again, and must not be refused for that.
func TestForward(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	s.publish(demo("0.0.2"), PublishOptions{})
	back := s.publish(demo("0.0.1"), PublishOptions{})
	on := s.publish(demo("0.0.3"), PublishOptions{})
	if !on.Restamped || !on.Release.Time.After(back.Release.Time) || on.Release.CommitVersion != "0.0.3" {
		t.Errorf("%+v", on)
	}
	s.importing(demo("0.0.4"), plain(s.get(demo("0.0.2")).Time)) // older than 0.0.3 ever was
	var checks *ChecksError
	if _, err := s.Publish(t.Context(), demo("0.0.4"), PublishOptions{}); !errors.As(err, &checks) || checks.Findings[0].Check != "time" {
		t.Errorf("a release composed before: %v", err)
	}
}

// TestSameSecond publishes two older releases within one second: time must still go on.
func TestSameSecond(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.publish(demo("0.0.3"), PublishOptions{})
	one := s.publish(demo("0.0.1"), PublishOptions{})
	two := s.publish(demo("0.0.3"), PublishOptions{})
	if !two.Restamped || !two.Release.Time.After(one.Release.Time) {
		t.Errorf("times %s, then %s", one.Release.Time, two.Release.Time)
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := plain(s.clock().Add(-time.Hour))
	c.version = "9.1"
	s.importing(demo("0.0.1"), c)
	done := s.publish(demo("0.0.1"), PublishOptions{Stamp: true})
	if r := done.Release; !done.Restamped || r.CommitVersion != "0.0.1" || !r.Time.Equal(c.time) || r.Packages != 1 || r.Parent != "" {
		t.Errorf("stamped: %+v", done)
	}
	if again := s.publish(demo("0.0.1"), PublishOptions{Stamp: true}); again.Changed || again.Restamped {
		t.Errorf("stamped again: %+v", again)
	}
	c.time = c.time.Add(time.Minute)
	r, err := s.Import(t.Context(), demo("0.0.2"), bytes.NewReader(c.archive(t)), ImportOptions{Stamp: true})
	if err != nil || r.CommitVersion != "0.0.2" || r.Commit == r.Source {
		t.Errorf("imported with a stamp: %+v, %v", r, err)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	var archive bytes.Buffer
	if err := s.Export(t.Context(), demo("0.0.2"), &archive); err != nil {
		t.Fatal(err)
	}
	id := blueprint.ID{Blueprint: "copy", Version: "1.0.0"}
	r, err := s.Import(t.Context(), id, &archive, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := s.get(demo("0.0.2")); r.Commit != want.Commit || r.Ref != want.Ref || r.Objects != want.Objects || !r.Sample || r.Origin != "archive" {
		t.Errorf("%+v, want it like %+v", r, want)
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	from := "file://" + filepath.Join(s.data, "ostree", string(compose.SampleBlueprint))
	id := blueprint.ID{Blueprint: "copy", Version: "1.0.0"}
	r, err := s.Pull(t.Context(), id, from, ImportOptions{Ref: ref})
	if err != nil {
		t.Fatal(err)
	}
	if r.Commit != s.get(demo("0.0.1")).Commit || r.Origin != from {
		t.Errorf("%+v", r)
	}
	for _, bad := range []string{"", "repo", "/srv/repo", "file://elsewhere/repo", "file:repo", "ftp://host/repo", "https:///repo", "http://ho\x7fst"} {
		id.Version = "1.0.1"
		if _, err := s.Pull(t.Context(), id, bad, ImportOptions{}); !errors.Is(err, ErrSource) {
			t.Errorf("pulling from %q: %v", bad, err)
		}
	}
}
