package installation

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTell(t *testing.T) {
	s := newScene(t)
	i, secret := s.make(Request{Valid: time.Hour, Details: Details{Device: "edge-1"}})
	s.fetch(secret, "192.0.2.7")
	tell := func(step Step, log string) error {
		return s.Tell(t.Context(), secret, step, []byte(log), "192.0.2.7")
	}
	for _, step := range []Step{Installing, Failed, Installing, Installed} {
		s.now = s.now.Add(time.Hour)
		if err := tell(step, strings.Repeat("x", MaxLog+1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Log(t.Context(), "nobody"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	s.reopen()
	got := s.show("edge-1")
	if got.Step != Installed || len(got.Past) != 5 || got.LogSize != MaxLog || !got.Past[4].Time.Equal(noon.Add(4*time.Hour)) {
		t.Errorf("%+v", got)
	}
	if log, err := s.Log(t.Context(), i.ID); err != nil || len(log) != MaxLog {
		t.Errorf("%d bytes, %v", len(log), err)
	}
	if kinds := s.kinds(); kinds != "device.link-made device.fetched device.installing device.install-failed device.installing device.installed" {
		t.Errorf("events %s", kinds)
	}
	if e := s.events[3]; e.Subject != "edge-1" || !strings.HasSuffix(e.Message, "appliance kickstart log "+i.ID) {
		t.Errorf("%+v", e)
	}
	s.secretsAreNowhere(secret)

	s.now = noon.Add(tellWindow + time.Minute)
	if err := tell(Installed, ""); !errors.Is(err, ErrGone) {
		t.Errorf("after six hours: %v", err)
	}
	if err := s.Tell(t.Context(), "guess", Installed, nil, ""); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	j, _ := s.make(Request{})
	if _, err := s.Log(t.Context(), j.ID); !errors.Is(err, ErrNoLog) {
		t.Error(err)
	}
}

func TestTellIsBounded(t *testing.T) {
	s := newScene(t)
	_, secret := s.make(Request{})
	told := 0
	for range 100 {
		if s.Tell(t.Context(), secret, Installing, nil, "") == nil {
			told++
		}
	}
	if told != maxTold {
		t.Errorf("told %d times", told)
	}
	s.fetch(secret, "192.0.2.7") // what it tells keeps no machine from being installed
}

func TestParseStep(t *testing.T) {
	for _, s := range []string{"fetched", "installing", "installed", "failed"} {
		if step, err := ParseStep(s); err != nil || string(step) != s {
			t.Errorf("%q: %q, %v", s, step, err)
		}
	}
	for _, s := range []string{"", "made", "Failed", "x"} {
		if _, err := ParseStep(s); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
