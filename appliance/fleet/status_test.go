package fleet

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/report"
)

func TestReports(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	s.reports(t, m)
	r := s.row(t, m)
	if r.State != Green || r.OSVersion != "0.0.1" || r.Commit != strings.Repeat("a", 64) || len(r.Apps) != 1 || !r.Apps[0].Ready || !r.Contact.Equal(noon.Add(interval)) || r.Stale {
		t.Errorf("row = %+v", r)
	}
	d, err := s.Show(t.Context(), "edge-1")
	if err != nil || d.Status == nil || d.Status.Serial != 1 || d.ID != m.id() || len(d.History) != 1 || d.History[0].Kind != kindReported {
		t.Errorf("Show = %+v, %v", d, err)
	}
	s.open(t)
	if got := s.row(t, m); got.State != Green || !got.Contact.Equal(r.Contact) {
		t.Errorf("after a restart: %+v", got)
	}
	wants(t, s.Report(t.Context(), m.id(), func() []byte { m.status.Serial = 0; return m.signed(t) }()), ErrStale)
	s.later(3*time.Minute + time.Second)
	if !s.row(t, m).Stale {
		t.Error("three minutes without a word, and one was promised each minute")
	}
}

func TestADeviceWritesItsOwnRowOnly(t *testing.T) {
	s := newScene(t)
	m, other := s.enrolled(t, "edge-1"), s.enrolled(t, "edge-2")
	wants(t, s.Report(t.Context(), m.id(), other.signed(t)), report.ErrSignature)
	wants(t, s.Report(t.Context(), "0123456789abcdef", m.signed(t)), ErrUnknown)
	wants(t, s.Report(t.Context(), "edge-1", m.signed(t)), ErrUnknown) // a name is not enough
	wants(t, s.Report(t.Context(), "../"+m.id(), m.signed(t)), ErrUnknown)
	wants(t, s.Report(t.Context(), m.id(), []byte("{}")), report.ErrSignature)
	wants(t, s.Report(t.Context(), m.id(), nil), report.ErrInvalid)
	wants(t, s.Report(t.Context(), m.id(), make([]byte, report.MaxSigned+1)), report.ErrInvalid)
	if got := s.row(t, m); got.State != Enrolled {
		t.Errorf("row = %+v", got)
	}
}

func TestOldReportsAreRefused(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	old := m.signed(t)
	if err := s.Report(t.Context(), m.id(), old); err != nil {
		t.Fatal(err)
	}
	s.reports(t, m)
	for range 2 * burst { // whoever recorded one cannot use up what the device may send
		wants(t, s.Report(t.Context(), m.id(), old), ErrStale)
	}
	s.open(t)
	wants(t, s.Report(t.Context(), m.id(), old), ErrStale)
	if err := s.Report(t.Context(), m.id(), m.signed(t)); err != nil {
		t.Error(err)
	}
}

func TestReportsAreLimited(t *testing.T) {
	s := newScene(t)
	m, other := s.enrolled(t, "edge-1"), s.enrolled(t, "edge-2")
	for range burst {
		if err := s.Report(t.Context(), m.id(), m.signed(t)); err != nil {
			t.Fatal(err)
		}
	}
	late := m.signed(t)
	err := s.Report(t.Context(), m.id(), late)
	var soon *TooSoonError
	if wants(t, err, ErrTooSoon); !errors.As(err, &soon) || soon.Wait <= 0 || soon.Wait > interval {
		t.Errorf("error = %v", err)
	}
	if err := s.Report(t.Context(), other.id(), other.signed(t)); err != nil {
		t.Errorf("another device: %v", err)
	}
	s.later(soon.Wait)
	if err := s.Report(t.Context(), m.id(), late); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	wants(t, s.Report(t.Context(), m.id(), m.signed(t)), ErrTooSoon)
	s.later(-time.Hour)
	wants(t, s.Report(t.Context(), m.id(), m.signed(t)), ErrTooSoon)
	s.later(interval)
	if err := s.Report(t.Context(), m.id(), m.signed(t)); err != nil {
		t.Errorf("after the clock was set back: %v", err)
	}
}

// Of many that come at once with one serial one counts.
func TestReportsComeOneAfterTheOther(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	signed := m.signed(t)
	var wait sync.WaitGroup
	taken := make(chan bool, 20)
	for range cap(taken) {
		wait.Go(func() {
			if err := s.Report(t.Context(), m.id(), signed); err != nil {
				wants(t, err, ErrStale)
				return
			}
			taken <- true
		})
		wait.Go(func() { _, _ = s.List(t.Context()); _, _ = s.Show(t.Context(), m.id()) })
	}
	wait.Wait()
	if len(taken) != 1 {
		t.Errorf("%d were taken", len(taken))
	}
}

func TestForgettingAmidReports(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	var wait sync.WaitGroup
	for range burst {
		signed := m.signed(t)
		wait.Go(func() { _ = s.Report(t.Context(), m.id(), signed) }) // before or after
	}
	wait.Go(func() {
		if _, err := s.Forget(t.Context(), m.id()); err != nil {
			t.Error(err)
		}
	})
	wait.Wait()
	if left, _ := os.ReadDir(s.options.Dir); len(left) != 1 {
		t.Errorf("what is left: %v", left)
	}
}
