package fleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/event"
	"edge/appliance/report"
)

var noon = time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC)

// scene is a fleet with a clock and a diary of its own.
type scene struct {
	*Fleet
	options Options
	events  *event.Log
	audit   string

	mu    sync.Mutex
	clock time.Time
}

func newScene(t testing.TB) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{events: event.NewLog(500), clock: noon, audit: filepath.Join(dir, "audit.jsonl")}
	if err := s.events.Audit(s.audit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.events.Close() })
	s.options = Options{Dir: filepath.Join(dir, "fleet"), Events: s.events, Now: s.now}
	s.open(t)
	return s
}

// open is what a restart of the builder does.
func (s *scene) open(t testing.TB) {
	t.Helper()
	var err error
	if s.Fleet, err = Open(t.Context(), s.options); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *scene) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// kinds are what the diary has of the kinds that begin so, and of what.
func (s *scene) kinds(prefix string) string {
	var all []string
	for _, e := range s.events.Since(0) {
		if kind, ok := strings.CutPrefix(e.Kind, prefix); ok {
			all = append(all, kind)
		}
	}
	return strings.Join(all, " ")
}

func (s *scene) secret(t testing.TB, r TokenRequest) string {
	t.Helper()
	if r.Blueprint == "" {
		r.Blueprint = "demo"
	}
	_, secret, err := s.CreateToken(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// machine is a device as the builder meets it.
type machine struct {
	key    ed25519.PrivateKey
	status report.Status
}

func (m *machine) id() string { return report.ID(m.key.Public().(ed25519.PublicKey)) }

func newMachine(name string) *machine {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return &machine{ed25519.NewKeyFromSeed(seed), report.Status{Name: name, Every: time.Minute, Version: "1",
		Boot: report.Boot{ID: "boot1", Verdict: report.Green, Engine: "greenboot"},
		OS:   []report.Deployment{{Commit: strings.Repeat("a", 64), Version: "0.0.1", Booted: true}, {Commit: strings.Repeat("b", 64), Version: "0.0.0", Rollback: true}},
		Apps: []report.App{{Name: "2048", Unit: "app1", Digest: "sha256:" + strings.Repeat("1", 64), State: "active", Ready: true}}}}
}

// enrolled is a device that is in.
func (s *scene) enrolled(t testing.TB, name string) *machine {
	t.Helper()
	m := newMachine(name)
	if _, err := s.Enrol(t.Context(), report.NewEnrolment(s.secret(t, TokenRequest{}), name, m.key)); err != nil {
		t.Fatal(err)
	}
	return m
}

// signed is the next document of m.
func (m *machine) signed(t testing.TB) []byte {
	t.Helper()
	m.status.Serial++
	signed, err := report.Sign(m.status, m.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// reports sends the next document after the interval that is asked for.
func (s *scene) reports(t testing.TB, m *machine) {
	t.Helper()
	s.later(interval)
	if err := s.Report(t.Context(), m.id(), m.signed(t)); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) row(t testing.TB, m *machine) Row {
	t.Helper()
	rows, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.ID == m.id() {
			return r
		}
	}
	t.Fatalf("%s is not listed", m.id())
	return Row{}
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

// brokenRecorder cannot write the audit file.
type brokenRecorder struct{ *event.Log }

func (brokenRecorder) Record(context.Context, event.Event) error { return fmt.Errorf("disk on fire") }

// enrolAs lets m in under a name.
func (s *scene) enrolAs(t testing.TB, m *machine, name string) {
	t.Helper()
	if _, err := s.Enrol(t.Context(), report.NewEnrolment(s.secret(t, TokenRequest{}), name, m.key)); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) enrolment(secret, name string) report.Enrolment {
	return s.enrolmentOf(secret, name, newMachine(name))
}

func (s *scene) enrolmentOf(secret, name string, m *machine) report.Enrolment {
	return report.NewEnrolment(secret, name, m.key)
}
