package app

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"edge/appliance/event"
	"edge/appliance/registry"
)

func TestUndoGoesBackStepByStep(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	s.retag(t, "2048", "v3")
	for _, want := range []string{"v2", "v1"} {
		m, err := s.Undo(t.Context(), "2048", "", false)
		if err != nil || m.Kind != Undone || m.After != s.v[want] || s.home.at("2048", "prod") != s.v[want] {
			t.Fatalf("Undo = %+v, %v, want %s", m, err, want)
		}
		s.open(t) // what is undone is undone after a restart, too
	}
	_, err := s.Undo(t.Context(), "2048", "", false)
	wants(t, err, ErrNoUndo)
	s.retag(t, "2048", "v3")
	if m, err := s.Undo(t.Context(), "2048", "prod", false); err != nil || m.After != s.v["v1"] {
		t.Errorf("Undo after going on = %+v, %v", m, err)
	}
	if got := s.lines(t, "2048"); got != "undo:v3>v1 retag:v1>v3 undo:v2>v1 undo:v3>v2 retag:v2>v3 retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
}

func TestUndoRefuses(t *testing.T) {
	s := newScene(t)
	_, err := s.Undo(t.Context(), "2048", "", false)
	wants(t, err, ErrNoUndo)
	_, err = s.Undo(t.Context(), "nobody", "", false)
	wants(t, err, ErrUnknown)
	_, err = s.Undo(t.Context(), "2048", "a/b", false)
	wants(t, err, registry.ErrInvalidName)

	if _, err := s.Retag(t.Context(), "2048", Retagging{From: "v2", To: "beta"}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Undo(t.Context(), "2048", "beta", false)
	wants(t, err, ErrNoUndo) // it was new

	s.retag(t, "2048", "v2")
	s.home.push(t, "2048", "prod", `{"a":"v3"}`)
	_, err = s.Undo(t.Context(), "2048", "", false)
	wants(t, err, registry.ErrPrecondition)
	if got := s.home.at("2048", "prod"); got != s.v["v3"] {
		t.Errorf("prod = %s after a refused undo", got)
	}
}

func TestUndoOfWhatIsGone(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	delete(s.home.manifests, "2048@"+string(s.v["v1"]))
	_, err := s.Undo(t.Context(), "2048", "", false)
	wants(t, err, registry.ErrUnknown)
}

func TestDryUndo(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	m, err := s.Undo(t.Context(), "2048", "", true)
	if err != nil || !m.Changed || !m.DryRun || m.After != s.v["v1"] || s.home.at("2048", "prod") != s.v["v2"] {
		t.Errorf("dry undo = %+v, %v", m, err)
	}
}

func TestUndoElsewhere(t *testing.T) {
	s := newScene(t)
	s.retag(t, "far", "v2")
	s.remote.push(t, "team/far", "stable", `{"a":"v3"}`) // nobody tells us
	_, err := s.Undo(t.Context(), "far", "", false)
	wants(t, err, registry.ErrPrecondition)
	s.retag(t, "far", "v1")
	if got := s.lines(t, "far"); got != "retag:v3>v1 push:v2>v3 retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
	if m, err := s.Undo(t.Context(), "far", "", false); err != nil || m.After != s.v["v3"] {
		t.Errorf("Undo = %+v, %v", m, err)
	}
}

func TestPushesAreHistory(t *testing.T) {
	s := newScene(t)
	synctest.Test(t, func(t *testing.T) {
		s.open(t)
		go s.Watch(t.Context(), func(err error) { t.Error(err) })
		s.home.push(t, "2048", "prod", `{"a":"v3"}`)
		synctest.Wait()
		s.retag(t, "2048", "v2")
		synctest.Wait()
		s.home.push(t, "2048", "v4", `{"a":"v4"}`)        // nobody follows it
		s.home.push(t, "2048", "prod.prev", `{"a":"v4"}`) // our own
		s.home.push(t, "other", "prod", `{"a":"v4"}`)     // of no app
		s.home.push(t, "simple-http", "prod", `{"a":"v1"}`)
		synctest.Wait()
		if got := s.lines(t, "2048"); got != "retag:v3>v2 push:v1>v3" {
			t.Errorf("history = %s", got)
		}
		if got := s.lines(t, "simple-http"); got != "push:none>v1" {
			t.Errorf("history = %s", got)
		}
		moves, _ := s.History(t.Context(), "2048")
		if moves[1].Actor != "a client" || !moves[1].Changed {
			t.Errorf("push = %+v", moves[1])
		}
		if m, err := s.Undo(t.Context(), "2048", "", false); err != nil || m.After != s.v["v3"] {
			t.Errorf("Undo = %+v, %v", m, err)
		}
		if m, err := s.Undo(t.Context(), "2048", "", false); err != nil || m.After != s.v["v1"] {
			t.Errorf("Undo of a push = %+v, %v", m, err)
		}
		for range 200 { // more than the diary remembers
			s.home.events.Append(event.Event{Kind: "noise"})
		}
	})
}

// A process that was killed between the move and its line finds the move at its next start.
func TestMoveWithoutItsLine(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	s.home.push(t, "2048", "prod", `{"a":"v3"}`)
	s.open(t)
	s.open(t)
	if got := s.lines(t, "2048"); got != "push:v2>v3 retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
}

func TestHistoryFile(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	f, err := os.OpenFile(s.options.History, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(f, "rubbish\n{}\n"+`{"app":"2048","to":"prod","aft`)
	f.Close()
	s.open(t)
	s.retag(t, "2048", "v3")
	s.open(t)
	if got := s.lines(t, "2048"); got != "retag:v2>v3 retag:v1>v2" {
		t.Errorf("history = %s", got)
	}
	data, err := os.ReadFile(s.options.History)
	if err != nil || strings.Count(string(data), "\n") != 5 || !strings.Contains(string(data), `"aft`+"\n{") {
		t.Errorf("the file is %q, %v", data, err)
	}
	if info, _ := os.Stat(s.options.History); info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
	if _, err := s.History(t.Context(), "nobody"); err == nil {
		t.Error("a history of nobody")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := newScene(t)
	line := fmt.Sprintf(`{"app":"2048","from":"v1","to":"prod","after":%q,"kind":"retag","changed":true,"actor":%q}`+"\n", s.v["v1"], strings.Repeat("x", 500))
	if err := os.WriteFile(s.options.History, []byte(strings.Repeat(line, maxHistory/len(line)+1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.open(t)
	moves, err := s.History(t.Context(), "2048")
	if err != nil || len(moves) > maxMoves || len(moves)*len(line) > maxHistory || len(moves) < 1000 {
		t.Errorf("%d moves, %v", len(moves), err)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add([]byte(`{"app":"2048","to":"prod","after":"sha256:1"}` + "\n"))
	f.Add([]byte("\n\x00{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		name := t.TempDir() + "/h"
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := openHistory(name)
		if err != nil {
			t.Fatal(err)
		}
		n := len(h.moves)
		if err := h.add(Move{App: "a", To: "b", After: "c"}); err != nil {
			t.Fatal(err)
		}
		h.close()
		if h, err = openHistory(name); err != nil || len(h.moves) != n+1 {
			t.Errorf("%d moves, then %d", n, len(h.moves))
		}
		undoable(h.moves)
		h.close()
	})
}
