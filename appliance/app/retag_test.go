package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"edge/appliance/event"
	"edge/appliance/registry"
)

func TestRetag(t *testing.T) {
	s := newScene(t)
	m := s.retag(t, "2048", "v2")
	if m.App != "2048" || m.From != "v2" || m.To != "prod" || m.Before != s.v["v1"] || m.After != s.v["v2"] || m.Actor != "tester" ||
		m.Kind != Retagged || !m.Changed || !m.Exact || m.DryRun || m.Time.IsZero() {
		t.Errorf("move = %+v", m)
	}
	if got := s.home.at("2048", "prod"); got != s.v["v2"] {
		t.Errorf("prod = %s", got)
	}
	if got := s.home.at("2048", "prod.prev"); got != s.v["v1"] {
		t.Errorf("prod.prev = %s, want what prod named before", got)
	}
	if got := s.home.written(); !slices.Equal(got, []string{"2048:prod.prev", "2048:prod"}) {
		t.Errorf("written: %v, want the former image first", got)
	}
	if got := s.lines(t, "2048"); got != "retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
}

func TestRetagTwiceWritesOnce(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	events, written := s.home.events.Last(), len(s.home.written())
	m := s.retag(t, "2048", "v2")
	if m.Changed || m.Before != s.v["v2"] || m.After != s.v["v2"] {
		t.Errorf("move = %+v, want no change", m)
	}
	if len(s.home.written()) != written || s.home.events.Last() != events || s.lines(t, "2048") != "retag:v1>v2" {
		t.Errorf("the second call wrote: %v, %s", s.home.written(), s.lines(t, "2048"))
	}
}

func TestRetagOfAnotherKind(t *testing.T) {
	for _, tt := range []struct {
		name   string
		r      Retagging
		to     string
		before string
	}{
		{"by digest", Retagging{From: string(digest([]byte(`{"a":"v3"}`)))}, "prod", "v1"},
		{"to a new tag", Retagging{From: "v3", To: "beta"}, "beta", ""},
		{"to a new immutable tag", Retagging{From: "v3", To: "v4"}, "v4", ""},
		{"as expected", Retagging{From: "v3", Expect: digest([]byte(`{"a":"v1"}`))}, "prod", "v1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			m, err := s.Retag(t.Context(), "2048", tt.r)
			if err != nil || m.To != tt.to || m.Before != s.v[tt.before] || s.home.at("2048", tt.to) != s.v["v3"] {
				t.Errorf("Retag(%+v) = %+v, %v", tt.r, m, err)
			}
			if _, kept := s.home.tags["2048:"+tt.to+".prev"]; kept != (tt.before != "") {
				t.Errorf("%s.prev is there: %t", tt.to, kept)
			}
		})
	}
}

func TestRefusedRetagWritesNothing(t *testing.T) {
	none := registry.Digest("sha256:" + strings.Repeat("0", 64))
	for _, tt := range []struct {
		name string
		app  string
		r    Retagging
		want error
		text string
	}{
		{"unknown app", "nobody", Retagging{From: "v2"}, ErrUnknown, `"nobody"`},
		{"unknown tag", "2048", Retagging{From: "v9"}, registry.ErrUnknown, `"v9"`},
		{"unknown digest", "2048", Retagging{From: string(none)}, registry.ErrUnknown, string(none)},
		{"a slash in a tag", "2048", Retagging{From: "a/b"}, registry.ErrInvalidName, `"a/b"`},
		{"a slash in the tag to move", "2048", Retagging{From: "v2", To: "a/b"}, registry.ErrInvalidName, `"a/b"`},
		{"half a digest", "2048", Retagging{From: "sha256:12"}, registry.ErrInvalidName, "sha256:12"},
		{"nothing", "2048", Retagging{}, registry.ErrInvalidName, ""},
		{"our own tag", "2048", Retagging{From: "v2", To: "prod.prev"}, registry.ErrInvalidName, ".prev"},
		{"an immutable tag", "2048", Retagging{From: "v2", To: "v1"}, registry.ErrImmutable, `"v1"`},
		{"an immutable tag, dry", "2048", Retagging{From: "v2", To: "v1", DryRun: true}, registry.ErrImmutable, `"v1"`},
		{"another expected", "2048", Retagging{From: "v2", Expect: none}, registry.ErrPrecondition, string(none)},
		{"expected, and it is new", "2048", Retagging{From: "v2", To: "beta", Expect: none}, registry.ErrPrecondition, "nothing"},
		{"a malformed expectation", "2048", Retagging{From: "v2", Expect: "v1"}, registry.ErrInvalidName, `"v1"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			_, err := s.Retag(t.Context(), tt.app, tt.r)
			wants(t, err, tt.want)
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q does not name %q", err, tt.text)
			}
			if got := s.home.written(); len(got) > 0 || s.lines(t, "2048") != "" {
				t.Errorf("written: %v, %s", got, s.lines(t, "2048"))
			}
		})
	}
}

func TestDryRun(t *testing.T) {
	s := newScene(t)
	m, err := s.Retag(t.Context(), "2048", Retagging{From: "v2", DryRun: true})
	if err != nil || !m.Changed || !m.DryRun || m.Before != s.v["v1"] || m.After != s.v["v2"] {
		t.Errorf("dry run = %+v, %v", m, err)
	}
	if got := s.home.written(); len(got) > 0 || s.lines(t, "2048") != "" {
		t.Errorf("a dry run wrote %v, %s", got, s.lines(t, "2048"))
	}
}

func TestRetagElsewhere(t *testing.T) {
	s := newScene(t)
	m := s.retag(t, "far", "v2")
	if m.Exact || m.To != "stable" || s.remote.at("team/far", "stable") != s.v["v2"] || s.remote.at("team/far", "stable.prev") != s.v["v1"] {
		t.Errorf("move = %+v, %v", m, s.remote.tags)
	}
	// Somebody writes between our writing and our looking again.
	s.remote.before = func(tag string) {
		if tag == "stable" {
			s.remote.headHook = func(string) {
				s.remote.headHook = nil
				s.remote.push(t, "team/far", "stable", `{"a":"v1"}`)
			}
		}
	}
	_, err := s.Retag(t.Context(), "far", Retagging{From: "v3"})
	wants(t, err, registry.ErrPrecondition)
	if got := s.remote.at("team/far", "stable"); got != s.v["v1"] {
		t.Errorf("stable = %s: a lost race was run again", got)
	}
}

func TestRetagThroughRemoteFaults(t *testing.T) {
	for _, want := range []error{registry.ErrUnreachable, registry.ErrDenied} {
		s := newScene(t)
		s.remote.fault = want
		_, err := s.Retag(t.Context(), "far", Retagging{From: "v2"})
		wants(t, err, want)
	}
	s := newScene(t)
	delete(s.remotes.hosts, "registry.test")
	_, err := s.Retag(t.Context(), "far", Retagging{From: "v2"})
	wants(t, err, registry.ErrForbidden)
	s.Shelf.remotes = nil
	_, err = s.Retag(t.Context(), "far", Retagging{From: "v2"})
	wants(t, err, registry.ErrForbidden)
}

func TestFailedKeepingMovesNothing(t *testing.T) {
	s := newScene(t)
	broken := errors.New("disk on fire")
	s.home.failPut = func(tag string) error {
		if strings.HasSuffix(tag, ".prev") {
			return broken
		}
		return nil
	}
	_, err := s.Retag(t.Context(), "2048", Retagging{From: "v2"})
	wants(t, err, broken)
	if got := s.home.at("2048", "prod"); got != s.v["v1"] {
		t.Errorf("prod = %s though the former image is not kept", got)
	}
}

// A push that comes between looking and writing is not overwritten blindly: it is looked at again,
// and stands in the history.
func TestRetagSeesAPushInBetween(t *testing.T) {
	s := newScene(t)
	once := sync.OnceFunc(func() { s.home.push(t, "2048", "prod", `{"a":"v3"}`) })
	s.home.before = func(tag string) {
		if tag == "prod" {
			once()
		}
	}
	m := s.retag(t, "2048", "v2")
	if m.Before != s.v["v3"] || s.home.at("2048", "prod.prev") != s.v["v3"] {
		t.Errorf("move = %+v, want it from the pushed image", m)
	}
	if got := s.lines(t, "2048"); got != "retag:v3>v2 push:v1>v3" {
		t.Errorf("history = %s", got)
	}
	moves, _ := s.History(t.Context(), "2048")
	if moves[1].Actor != "a client" {
		t.Errorf("pusher = %q", moves[1].Actor)
	}
	once = sync.OnceFunc(func() { s.home.push(t, "2048", "prod", `{"a":"v1"}`) })
	_, err := s.Retag(t.Context(), "2048", Retagging{From: "v3", Expect: s.v["v2"]})
	wants(t, err, registry.ErrPrecondition)
	if got := s.home.at("2048", "prod"); got != s.v["v1"] {
		t.Errorf("prod = %s, want what was pushed", got)
	}
}

func TestSixteenRetagsAtOnce(t *testing.T) {
	s := newScene(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := s.Retag(t.Context(), "2048", Retagging{From: []string{"v2", "v3"}[i%2]}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	moves, _ := s.History(t.Context(), "2048")
	at := s.v["v1"]
	for _, m := range slices.Backward(moves) {
		if m.Before != at {
			t.Fatalf("the history has a hole: %s", s.lines(t, "2048"))
		}
		at = m.After
	}
	if at != s.home.at("2048", "prod") {
		t.Errorf("the history ends at %s, prod is at %s", at, s.home.at("2048", "prod"))
	}
}

func TestWaitingForATagEndsWithTheRequest(t *testing.T) {
	s := newScene(t)
	unlock, _ := s.lock(t.Context(), "2048:prod")
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Retag(ctx, "2048", Retagging{From: "v2"})
	wants(t, err, context.Canceled)
}

// A client that goes away in the middle leaves no moved tag without its line.
func TestClientThatLeaves(t *testing.T) {
	s := newScene(t)
	ctx, cancel := context.WithCancel(event.WithActor(t.Context(), "leaver"))
	s.home.before = func(string) { cancel() }
	if _, err := s.Retag(ctx, "2048", Retagging{From: "v2"}); err != nil {
		t.Fatal(err)
	}
	if got := s.lines(t, "2048"); got != "retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
}

func TestEventsOfMoves(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	if _, err := s.Undo(t.Context(), "2048", "", false); err != nil {
		t.Fatal(err)
	}
	_, _ = s.Retag(t.Context(), "2048", Retagging{From: "v2", To: "v1"})
	var kinds []string
	for _, e := range s.home.events.Since(s.since) {
		kinds = append(kinds, e.Kind+" "+e.Subject)
	}
	want := "tag.moved 2048:prod.prev, tag.moved 2048:prod, app.retagged 2048:prod, tag.moved 2048:prod.prev, tag.moved 2048:prod, app.undone 2048:prod, tag.refused 2048:v1"
	if got := strings.Join(kinds, ", "); got != want {
		t.Errorf("events = %s, want %s", got, want)
	}
}
