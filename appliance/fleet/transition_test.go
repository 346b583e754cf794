package fleet

import (
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

// A device goes through the demonstration: an update that fails, the way back, and apps that do the same.
func TestTransitions(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	st := &m.status
	bad := report.Deployment{Commit: strings.Repeat("c", 64), Version: "0.0.2", Booted: true}
	good := st.OS[0]
	told := 0
	for _, step := range []struct {
		change func()
		state  State
		want   string
	}{
		{func() {}, Green, "device.reported: reported for the first time, runs 0.0.1 (aaaaaaaaaaaa)"},
		{func() {}, Green, ""},
		{func() {
			st.OS = []report.Deployment{bad, good}
			st.OS[1].Booted = false
			st.Boot = report.Boot{ID: "boot2", Verdict: report.Running, Trial: true, Attempt: 1, Attempts: 3}
		}, Trial, "device.os-changed: runs 0.0.2 (cccccccccccc), before 0.0.1 (aaaaaaaaaaaa)\ndevice.trial: boot 1 of 3 of 0.0.2 (cccccccccccc) on trial"},
		{func() {
			st.Boot.Verdict = report.Red
			st.Boot.Checks = []report.Result{{Name: "disk", Reason: "full"}, {Name: "git", Required: true, Reason: "no such program"}, {Name: "x", Required: true}}
		}, Red, "device.red: 0.0.2 (cccccccccccc) is red: git: no such program (and 1 more)"},
		{func() {
			st.OS = []report.Deployment{good}
			st.Boot = report.Boot{ID: "boot5", Verdict: report.Green}
			st.Rollback = &report.Rollback{Time: noon, From: bad.Commit, FromVersion: "0.0.2", To: good.Commit, ToVersion: "0.0.1", Check: "git", Reason: "no such program", Attempts: 3}
		}, RolledBack, "device.rolled-back: 0.0.2 to 0.0.1: git: no such program\ndevice.os-changed: runs 0.0.1 (aaaaaaaaaaaa), before 0.0.2 (cccccccccccc)\ndevice.green: 0.0.1 (aaaaaaaaaaaa) is green"},
		{func() {
			st.OS = []report.Deployment{{Commit: strings.Repeat("d", 64), Booted: true}}
			st.Boot.ID = "boot6"
		}, Green, "device.os-changed: runs dddddddddddd, before 0.0.1 (aaaaaaaaaaaa)\ndevice.green: dddddddddddd is green"},
		{func() {
			st.Apps[0].Update = &report.Update{Time: noon, From: "sha256:" + strings.Repeat("1", 64), To: "sha256:" + strings.Repeat("2", 64), Outcome: "updated"}
		}, Green, "device.app-updated: 2048 from 111111111111 to 222222222222"},
		{func() {
			st.Apps[0].Update = &report.Update{Time: noon.Add(1), To: "sha256:" + strings.Repeat("3", 64), Outcome: "rolled back", Reason: "it does not serve"}
			st.Apps[0].Ready, st.Apps[0].State = false, "failed"
		}, Green, "device.app-rolled-back: 2048 from nothing to 333333333333: it does not serve\ndevice.app-not-ready: 2048 is not ready, failed"},
		{func() { st.Apps[0].Ready, st.Apps[0].Update = true, nil }, Green, "device.app-ready: 2048 is ready"},
		{func() { st.Boot.Verdict = report.Unknown }, Unknown, ""},
		{func() { st.Boot.Verdict = report.Running }, Checking, ""},
	} {
		step.change()
		s.reports(t, m)
		var lines []string
		for _, e := range s.events.Since(0)[told:] {
			told++
			if strings.HasPrefix(e.Kind, "device.") && e.Kind != "device.enrolled" && e.Kind != "device.token-made" {
				lines = append(lines, e.Kind+": "+e.Message)
				if e.Subject != "edge-1/"+m.id() {
					t.Errorf("subject = %q", e.Subject)
				}
			}
		}
		if got := strings.Join(lines, "\n"); got != step.want || s.row(t, m).State != step.state {
			t.Errorf("told:\n%s\nwant:\n%s\nstate %s, want %s", got, step.want, s.row(t, m).State, step.state)
		}
	}
	d, err := s.Show(t.Context(), m.id())
	if err != nil || len(d.History) != 13 || d.History[0].Kind != kindReady || d.History[12].Kind != kindReported {
		t.Errorf("history = %d %+v, %v", len(d.History), d.History, err)
	}
	audit := s.kinds("device.token") // what devices tell is in the diary, not in the file that is kept for good
	if audit != "-made" {
		t.Errorf("diary: %s", audit)
	}
}

// A device that changes everything with each report must not drown the diary.
func TestTransitionsAreBounded(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	for i := range 64 {
		m.status.Apps = append(m.status.Apps[:min(i, 63)], report.App{Name: "a", Unit: string(rune('A' + i))})
	}
	for n := range 10 {
		for i := range m.status.Apps {
			m.status.Apps[i].Ready = n%2 == 0
			m.status.Apps[i].Update = &report.Update{Time: noon.Add(time.Duration(n)), Outcome: "failed"}
		}
		s.reports(t, m)
	}
	d, err := s.Show(t.Context(), m.id())
	if err != nil || len(d.History) != maxHistory || d.History[0].Kind != kindMore {
		t.Errorf("history = %d %+v, %v", len(d.History), d.History[:1], err)
	}
	if n := len(strings.Fields(s.kinds("device."))); n > 3+9*(maxTransitions+1) {
		t.Errorf("%d events", n)
	}
}

func TestStates(t *testing.T) {
	back := &report.Rollback{To: "a"}
	at := []report.Deployment{{Commit: "b"}, {Commit: "a", Booted: true}}
	for _, tt := range []struct {
		s    *report.Status
		want State
	}{
		{nil, Enrolled},
		{&report.Status{}, Unknown},
		{&report.Status{Rollback: &report.Rollback{}}, Unknown},
		{&report.Status{Rollback: back, OS: at}, RolledBack},
		{&report.Status{Rollback: back, OS: at, Boot: report.Boot{Verdict: report.Red}}, Red},
		{&report.Status{Rollback: back, OS: at, Boot: report.Boot{Trial: true, Verdict: report.Running}}, Trial},
		{&report.Status{Rollback: &report.Rollback{To: "b"}, OS: at, Boot: report.Boot{Verdict: report.Green}}, Green},
		{&report.Status{Boot: report.Boot{Verdict: "amber"}}, Unknown},
	} {
		if got := stateOf(tt.s); got != tt.want {
			t.Errorf("stateOf(%+v) = %s, want %s", tt.s, got, tt.want)
		}
	}
}
