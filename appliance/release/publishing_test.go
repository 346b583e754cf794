package release

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"edge/appliance/compose"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// TestPublishRefused publishes commits with one fault each over a good one, without force and with.
func TestPublishRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(*content)
		want  []string
	}{
		{"none", func(*content) {}, nil},
		{"unlisted", func(c *content) { c.unlisted = true }, []string{"packages"}},
		{"empty list", func(c *content) { c.packages = nil }, []string{"packages"}},
		{"past", func(c *content) { c.time = c.time.Add(-240 * time.Hour) }, []string{"time"}},
		{"future", func(c *content) { c.time = c.time.Add(240 * time.Hour) }, []string{"time"}},
		{"bound elsewhere", func(c *content) { c.bound = []string{"some/other"} }, []string{"ref-binding"}},
		{"user", func(c *content) { c.files["passwd"] = "chrony:x:991:990::/:/bin/false\n" }, []string{"users"}},
		{"group", func(c *content) { c.files["group"] = "chrony:x:991:\n" }, []string{"users"}},
		{"no accounts", func(c *content) { c.files = nil }, nil},
		{"several", func(c *content) { c.unlisted, c.bound = true, []string{"x"} }, []string{"packages", "ref-binding"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.importing(demo("0.0.1"), plain(s.clock().Add(-48*time.Hour)))
			tip := s.publish(demo("0.0.1"), PublishOptions{}).After
			c := plain(s.clock())
			tt.fault(&c)
			s.importing(demo("0.0.2"), c)
			_, err := s.Publish(t.Context(), demo("0.0.2"), PublishOptions{})
			if len(tt.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var checks *ChecksError
			if !errors.As(err, &checks) || !errors.Is(err, ErrChecks) || !slices.Equal(checkNames(checks.Findings), tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if b, err := s.Blueprint(t.Context(), compose.SampleBlueprint); err != nil || b.Commit != tip || b.Published != "0.0.1" {
				t.Errorf("after the refusal: %+v, %v", b, err)
			}
			done := s.publish(demo("0.0.2"), PublishOptions{Force: true})
			if !done.Changed || !slices.Equal(checkNames(done.Forced), tt.want) {
				t.Errorf("forced: %+v", done)
			}
		})
	}
}

func checkNames(findings []Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Check)
	}
	return all
}

func TestPublishIfMatch(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.importing(demo("0.0.1"), plain(s.clock().Add(-time.Hour)))
	s.importing(demo("0.0.2"), plain(s.clock()))
	other := object.ChecksumOf([]byte("other"))
	refuse := func(o PublishOptions, v string) {
		t.Helper()
		before := len(s.kinds())
		if _, err := s.Publish(t.Context(), demo(v), o); !errors.Is(err, ostree.ErrPrecondition) {
			t.Errorf("if %s: %v", o.IfMatch, err)
		}
		if n := len(s.kinds()); n != before {
			t.Errorf("%d events of a refusal", n-before)
		}
	}
	refuse(PublishOptions{IfMatch: other}, "0.0.1")
	first := s.publish(demo("0.0.1"), PublishOptions{IfMatch: ostree.NoCommit})
	refuse(PublishOptions{IfMatch: ostree.NoCommit}, "0.0.2")
	refuse(PublishOptions{IfMatch: other, Force: true}, "0.0.2")
	refuse(PublishOptions{IfMatch: other}, "0.0.1") // though it is what is published
	s.publish(demo("0.0.2"), PublishOptions{IfMatch: first.After})
	refuse(PublishOptions{IfMatch: first.After}, "0.0.1") // a re-stamp would be needed: none is made
	if r := s.get(demo("0.0.1")); r.Commit != first.After {
		t.Errorf("the refused release became %s", r.Commit)
	}
}

// TestPublishOtherRef offers a release under a second ref, which no device follows yet.
func TestPublishOtherRef(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := plain(s.clock().Add(-time.Hour))
	c.bound = nil
	s.importing(demo("0.0.1"), c)
	c.time = s.clock()
	s.importing(demo("0.0.2"), c)
	first := s.publish(demo("0.0.1"), PublishOptions{})
	_, err := s.Publish(t.Context(), demo("0.0.2"), PublishOptions{Ref: "rhel/10/x86_64/edge"})
	var checks *ChecksError
	if !errors.As(err, &checks) || !slices.Equal(checkNames(checks.Findings), []string{"ref"}) {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	done := s.publish(demo("0.0.2"), PublishOptions{Ref: "rhel/10/x86_64/edge", Force: true})
	if done.Before != "" || done.Ref != "rhel/10/x86_64/edge" || done.Release.Ref != done.Ref {
		t.Errorf("%+v", done)
	}
	repo, err := s.Repository(compose.SampleBlueprint)
	if err != nil {
		t.Fatal(err)
	}
	want := map[object.Ref]object.Checksum{ref: first.After, done.Ref: done.After}
	if got := repo.Refs(); !maps.Equal(got, want) {
		t.Errorf("refs %v, want %v", got, want)
	}
	for range 2 {
		b, err := s.Blueprint(t.Context(), compose.SampleBlueprint)
		if err != nil || b.Ref != done.Ref || b.Published != "0.0.2" || b.Commit != done.After {
			t.Errorf("%+v, %v", b, err)
		}
		s.reopen()
	}
	if err := s.Delete(t.Context(), demo("0.0.1")); !errors.Is(err, ErrPublished) {
		t.Errorf("deleting what the former ref names: %v", err)
	}
	if _, err := s.Publish(t.Context(), demo("0.0.2"), PublishOptions{Ref: "../x"}); !errors.Is(err, object.ErrBadName) {
		t.Errorf("a bad ref: %v", err)
	}
}

// TestPublishTwins publishes one commit that is held as two releases.
func TestPublishTwins(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := plain(s.clock())
	s.importing(demo("0.0.1"), c)
	s.publish(demo("0.0.1"), PublishOptions{})
	if r := s.importing(demo("0.0.2"), c); r.State != Published || r.New != 0 {
		t.Errorf("the twin: %+v", r)
	}
	if done := s.publish(demo("0.0.2"), PublishOptions{}); done.Changed {
		t.Errorf("publishing the twin: %+v", done)
	}
}

// TestPublishOverBroken replaces a published release whose commit object was lost.
func TestPublishOverBroken(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	lost := object.Name{Checksum: s.get(demo("0.0.1")).Commit, Kind: object.KindCommit}
	if err := os.Remove(filepath.Join(s.data, "ostree", string(compose.SampleBlueprint), "objects", lost.Path())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), demo("0.0.2"), PublishOptions{}); !errors.Is(err, ostree.ErrUnknown) {
		t.Errorf("without force: %v", err)
	}
	if done := s.publish(demo("0.0.2"), PublishOptions{Force: true}); !done.Changed || done.Restamped {
		t.Errorf("%+v", done)
	}
}
