package fleet

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"edge/appliance/report"
)

func TestEnrolment(t *testing.T) {
	s := newScene(t)
	secret := s.secret(t, TokenRequest{})
	m := newMachine("edge-1")
	row, err := s.Enrol(t.Context(), report.NewEnrolment(secret, "edge-1", m.key))
	if err != nil || row.ID != m.id() || row.Name != "edge-1" || row.Blueprint != "demo" || row.State != Enrolled || !row.Enrolled.Equal(noon) {
		t.Fatalf("Enrol = %+v, %v", row, err)
	}
	s.open(t) // a restart
	if got := s.row(t, m); got.Name != "edge-1" || got.State != Enrolled || got.Blueprint != "demo" {
		t.Errorf("after a restart: %+v", got)
	}
	_, err = s.Enrol(t.Context(), report.NewEnrolment(secret, "edge-2", newMachine("edge-2").key))
	wants(t, err, ErrToken)
	if got := s.kinds("device."); got != "token-made enrolled" {
		t.Errorf("diary: %s", got)
	}
	audit, err := os.ReadFile(s.audit)
	if err != nil || !strings.Contains(string(audit), `"device.enrolled"`) || strings.Contains(string(audit), secret) {
		t.Errorf("audit file: %s, %v", audit, err)
	}
}

// The answer to an enrolment may be lost, or the power at the device: saying it again must do.
func TestEnrolmentMayBeSaidAgain(t *testing.T) {
	s := newScene(t)
	e := report.NewEnrolment(s.secret(t, TokenRequest{}), "edge-1", newMachine("edge-1").key)
	for i := range 3 {
		if _, err := s.Enrol(t.Context(), e); err != nil {
			t.Fatalf("time %d: %v", i, err)
		}
		s.open(t)
	}
	if got := s.kinds("device."); got != "token-made enrolled" {
		t.Errorf("diary: %s", got)
	}
	// killed after the token was spent and before the device was in
	if err := os.Remove(s.file(report.ID(e.Key), memberSuffix)); err != nil {
		t.Fatal(err)
	}
	s.open(t)
	if _, err := s.Enrol(t.Context(), e); err != nil {
		t.Error(err)
	}
}

func TestEnrolmentRefuses(t *testing.T) {
	s := newScene(t)
	secret := s.secret(t, TokenRequest{Uses: 5})
	first, other := newMachine("edge-1"), newMachine("edge-2")
	stolen := report.NewEnrolment(secret, "edge-2", other.key)
	stolen.Key = first.key.Public().(ed25519.PublicKey)
	for _, tt := range []struct {
		name string
		e    report.Enrolment
		want error
	}{
		{"no token", report.NewEnrolment("", "n", first.key), ErrToken},
		{"a wrong token", report.NewEnrolment(strings.Repeat("0", 40), "n", first.key), ErrToken},
		{"the hash of the token", report.NewEnrolment(string(hash(secret)), "n", first.key), ErrToken},
		{"the beginning of the token", report.NewEnrolment(secret[:20], "n", first.key), ErrToken},
		{"the key of another", stolen, report.ErrSignature},
		{"no key", report.Enrolment{Token: secret, Name: "n"}, report.ErrInvalid},
	} {
		_, err := s.Enrol(t.Context(), tt.e)
		wants(t, err, tt.want)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the token: %v", tt.name, err)
		}
	}
	if rows, _ := s.List(t.Context()); len(rows) != 0 {
		t.Errorf("devices: %+v", rows)
	}
}

func TestOneUseMeansOneDevice(t *testing.T) {
	const uses = 3
	s := newScene(t)
	secret := s.secret(t, TokenRequest{Uses: uses})
	var in, out atomic.Int32
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			name := fmt.Sprintf("edge-%d", i)
			if _, err := s.Enrol(t.Context(), report.NewEnrolment(secret, name, newMachine(name).key)); err != nil {
				wants(t, err, ErrToken)
				out.Add(1)
				return
			}
			in.Add(1)
		})
	}
	wait.Wait()
	if in.Load() != uses || out.Load() != 40-uses {
		t.Errorf("%d came in, %d did not", in.Load(), out.Load())
	}
}

func TestFleetIsBounded(t *testing.T) {
	s := newScene(t)
	s.options.Limit = 2
	s.open(t)
	one := s.enrolled(t, "edge-1")
	s.enrolled(t, "edge-2")
	e := report.NewEnrolment(s.secret(t, TokenRequest{}), "edge-3", newMachine("edge-3").key)
	_, err := s.Enrol(t.Context(), e)
	wants(t, err, ErrFull)
	if _, err := s.Enrol(t.Context(), report.NewEnrolment(s.secret(t, TokenRequest{}), "edge-1", one.key)); err != nil {
		t.Errorf("one that is in already: %v", err)
	}
	if _, err := s.Forget(t.Context(), one.id()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enrol(t.Context(), e); err != nil { // its token was not spent
		t.Error(err)
	}
}

func TestForgottenDevicesAreStrangers(t *testing.T) {
	s := newScene(t)
	secret := s.secret(t, TokenRequest{})
	m := newMachine("edge-1")
	e := report.NewEnrolment(secret, "edge-1", m.key)
	if _, err := s.Enrol(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s.reports(t, m)
	if row, err := s.Forget(t.Context(), "edge-1"); err != nil || row.ID != m.id() {
		t.Fatalf("Forget = %+v, %v", row, err)
	}
	for range 2 {
		wants(t, s.Report(t.Context(), m.id(), m.signed(t)), ErrUnknown)
		_, err := s.Show(t.Context(), m.id())
		wants(t, err, ErrUnknown)
		_, err = s.Forget(t.Context(), m.id())
		wants(t, err, ErrUnknown)
		_, err = s.Enrol(t.Context(), e)
		wants(t, err, ErrToken)
		s.open(t)
	}
	if left, _ := os.ReadDir(s.options.Dir); len(left) != 1 {
		t.Errorf("what is left: %v", left)
	}
	if _, err := s.Enrol(t.Context(), report.NewEnrolment(s.secret(t, TokenRequest{}), "edge-1", m.key)); err != nil {
		t.Errorf("with a new token: %v", err)
	}
}

// What has happened is acknowledged as failed where the audit file cannot be written, and may be said again.
func TestAuditFailureIsTold(t *testing.T) {
	s := newScene(t)
	secret := s.secret(t, TokenRequest{})
	s.options.Events = brokenRecorder{s.events}
	s.open(t)
	e := report.NewEnrolment(secret, "edge-1", newMachine("edge-1").key)
	if _, err := s.Enrol(t.Context(), e); err == nil {
		t.Error("no word of the audit file")
	}
	if _, err := s.Enrol(t.Context(), e); err != nil {
		t.Error(err)
	}
}
