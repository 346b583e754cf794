package app

import (
	"slices"
	"strings"
	"testing"

	"edge/appliance/registry"
)

// newMirror is a scene whose 2048 comes from registry.test/team/far, and has nothing yet.
func newMirror(t *testing.T) *scene {
	s := newScene(t)
	s.options.Apps = []App{{Name: "2048", Source: "registry.test/team/far", Tag: "stable"}, {Name: "far", Image: "registry.test/copy/far", Source: "registry.test/team/far", Tag: "stable"}, {Name: "alone"}}
	s.home.tags = map[string]registry.Digest{}
	s.remote.push(t, "team/far", "stable.prev", `{"a":"v3"}`)
	s.open(t)
	return s
}

func TestMirror(t *testing.T) {
	s := newMirror(t)
	m, err := s.Mirror(t.Context(), "2048")
	if err != nil || !slices.Equal(m.Copied, []string{"stable", "v1", "v2", "v3"}) || len(m.Skipped)+len(m.Kept) > 0 || m.From != "registry.test/team/far" {
		t.Fatalf("Mirror = %+v, %v", m, err)
	}
	if got, want := s.remotes.copied[0], "registry.test/team/far:stable -> 127.0.0.1:8080/2048 as appliance:secret"; got != want {
		t.Errorf("copied %s, want %s", got, want)
	}
	if got := s.home.at("2048", "stable"); got != s.v["v1"] {
		t.Errorf("stable = %s", got)
	}
	if got := s.lines(t, "2048"); got != "mirror:none>v1" {
		t.Errorf("history = %s", got)
	}
	if m, err := s.Mirror(t.Context(), "2048"); err != nil || len(m.Copied) > 0 || len(m.Skipped) != 4 {
		t.Errorf("the second Mirror = %+v, %v", m, err)
	}
	var kinds []string
	for _, e := range s.events.Since(s.since) {
		if strings.HasPrefix(e.Kind, "app.") {
			kinds = append(kinds, e.Kind+" "+e.Subject)
		}
	}
	if !slices.Contains(kinds, "app.mirroring 2048") || kinds[len(kinds)-1] != "app.mirrored 2048" {
		t.Errorf("events = %v", kinds)
	}
}

func TestMirrorFollowsUntilSomebodyMovesTheTagHere(t *testing.T) {
	s := newMirror(t)
	mirror := func() Mirrored {
		t.Helper()
		m, err := s.Mirror(t.Context(), "2048")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	mirror()
	s.remote.push(t, "team/far", "stable", `{"a":"v2"}`)
	mirror()
	if got := s.lines(t, "2048"); got != "mirror:v1>v2 mirror:none>v1" {
		t.Errorf("history = %s", got)
	}
	s.retag(t, "2048", "v3")
	m := mirror()
	if !slices.Equal(m.Kept, []string{"stable"}) || s.home.at("2048", "stable") != s.v["v3"] {
		t.Errorf("Mirror = %+v: it turned devices back", m)
	}
}

func TestMirrorElsewhere(t *testing.T) {
	s := newMirror(t)
	if m, err := s.Mirror(t.Context(), "far"); err != nil || len(m.Copied) != 4 || s.remotes.copied[0] != "registry.test/team/far:stable -> registry.test/copy/far as :" {
		t.Errorf("Mirror = %+v, %v, %v", m, err, s.remotes.copied)
	}
}

func TestMirrorFaults(t *testing.T) {
	s := newMirror(t)
	_, err := s.Mirror(t.Context(), "alone")
	wants(t, err, ErrNoMirror)
	_, err = s.Mirror(t.Context(), "nobody")
	wants(t, err, ErrUnknown)

	s.remotes.fails = func(tag string) error {
		if tag == "v1" {
			return registry.ErrImmutable
		}
		return nil
	}
	_, err = s.Mirror(t.Context(), "2048")
	wants(t, err, registry.ErrImmutable)
	if s.home.at("2048", "v3") == "" {
		t.Error("one immutable tag kept the others from being copied")
	}
	s.remotes.fails = func(string) error { return registry.ErrDenied }
	s.remotes.copied = nil
	_, err = s.Mirror(t.Context(), "2048")
	wants(t, err, registry.ErrDenied)
	if len(s.remotes.copied) != 1 {
		t.Errorf("a registry that denies access was asked %d times", len(s.remotes.copied))
	}
	s.remote.fault = registry.ErrUnreachable
	_, err = s.Mirror(t.Context(), "2048")
	wants(t, err, registry.ErrUnreachable)
	delete(s.remotes.hosts, "registry.test")
	_, err = s.Mirror(t.Context(), "2048")
	wants(t, err, registry.ErrForbidden)
}
