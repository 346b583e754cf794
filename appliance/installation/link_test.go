package installation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/kickstart"
)

func TestLink(t *testing.T) {
	s := newScene(t)
	i, secret := s.make(Request{Details: Details{Device: "edge-1", Hostname: "h1", Disk: "nvme0n1"}})
	if len(secret) != 26 || i.Step != Made || i.Left != 1 || i.Hostname != "h1" || !i.Expires.Equal(noon.Add(24*time.Hour)) || strings.Contains(secret, i.ID) {
		t.Errorf("%+v %s", i, secret)
	}
	s.reopen()
	text := s.fetch(secret, "192.0.2.7")
	wants(t, text, "--hostname=h1", "--only-use=nvme0n1", "--ip=192.0.2.9", "--iscrypted --password=", "APPLIANCE_ENROL_TOKEN='demo-token-1'", "http://builder:8080/k/"+secret+"/installing")
	if i = s.show("edge-1"); i.Step != Fetched || i.Left != 0 || i.Token != "id1" || len(i.Past) != 1 || i.Past[0].From != "192.0.2.7" {
		t.Errorf("%+v", i)
	}
	// The same machine asks again, and gets the same; another one does not.
	s.now = noon.Add(5 * time.Minute)
	wants(t, s.fetch(secret, "192.0.2.7"), "'demo-token-1'")
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "192.0.2.8"); !errors.Is(err, ErrGone) {
		t.Errorf("another machine: %v", err)
	}
	// After a restart nobody knows the old token any more: it is replaced.
	s.reopen()
	wants(t, s.fetch(secret, "192.0.2.7"), "'demo-token-2'")
	if len(s.tokens.revoked) != 1 || s.tokens.revoked[0] != "id1" {
		t.Errorf("revoked %v", s.tokens.revoked)
	}
	s.now = noon.Add(11 * time.Minute)
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "192.0.2.7"); !errors.Is(err, ErrGone) {
		t.Errorf("after the window: %v", err)
	}
	if kinds := s.kinds(); kinds != "device.link-made device.fetched device.fetched device.fetched" {
		t.Errorf("events %s", kinds)
	}
	s.secretsAreNowhere(secret, "demo-token")
}

func (s *scene) kinds() string {
	var kinds []string
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	return strings.Join(kinds, " ")
}

// secretsAreNowhere looks into every file and event.
func (s *scene) secretsAreNowhere(secrets ...string) {
	s.Helper()
	all := ""
	for _, e := range s.events {
		all += e.Subject + e.Message
	}
	files, _ := filepath.Glob(filepath.Join(s.options.Dir, "*"))
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			s.Fatal(err)
		}
		all += string(data)
		if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
			s.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	for _, secret := range secrets {
		if strings.Contains(all, secret) {
			s.Errorf("a secret was written down: %s", all)
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	s := newScene(t)
	_, secret := s.make(Request{})
	for range maxRetries + 1 {
		s.fetch(secret, "192.0.2.7")
	}
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "192.0.2.7"); !errors.Is(err, ErrGone) || s.tokens.made != 1 {
		t.Errorf("%v, %d tokens", err, s.tokens.made)
	}
}

func TestLinkForMany(t *testing.T) {
	s := newScene(t)
	i, secret := s.make(Request{Uses: 2, Details: Details{NoEnrol: true}})
	for _, from := range []string{"192.0.2.7", "192.0.2.8"} {
		wants(t, s.fetch(secret, from), "!APPLIANCE_ENROL_TOKEN", "--hostname=all")
	}
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "192.0.2.9"); !errors.Is(err, ErrGone) {
		t.Errorf("a third: %v", err)
	}
	if s.tokens.made != 0 || s.show(i.ID).Left != 0 {
		t.Errorf("%d tokens, %+v", s.tokens.made, s.show(i.ID))
	}
}

// A link for many machines works for all of them, and its book stays small.
func TestLinkForVeryMany(t *testing.T) {
	s := newScene(t)
	i, secret := s.make(Request{Uses: 100, Details: Details{NoEnrol: true}})
	for n := range 100 {
		s.now = s.now.Add(time.Minute)
		s.fetch(secret, fmt.Sprintf("192.0.2.%d", n))
	}
	got := s.show(i.ID)
	if got.Left != 0 || len(got.Past) != maxPast || got.Past[maxPast-1].From != "192.0.2.99" {
		t.Errorf("%+v", got)
	}
}

func TestLinkEnds(t *testing.T) {
	s := newScene(t)
	_, secret := s.make(Request{Valid: time.Hour})
	i, other := s.make(Request{})
	if err := s.Revoke(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fetch(t.Context(), other, Asked{}, "x"); !errors.Is(err, ErrGone) || s.show(i.ID).Left != 0 {
		t.Errorf("revoked: %v", err)
	}
	if err := s.Tell(t.Context(), other, Installing, nil, ""); !errors.Is(err, ErrGone) {
		t.Errorf("revoked: %v", err)
	}
	s.now = noon.Add(time.Hour)
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "x"); !errors.Is(err, ErrGone) {
		t.Errorf("expired: %v", err)
	}
	for _, guess := range []string{"", "x", secret[:25], strings.ToUpper(secret)} {
		if _, err := s.Fetch(t.Context(), guess, Asked{}, "x"); !errors.Is(err, ErrUnknown) || strings.Contains(err.Error(), secret[:25]) {
			t.Errorf("%q: %v", guess, err)
		}
	}
	if err := s.Revoke(t.Context(), "nobody"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

// What cannot be made spends nothing, and most of it is told when the link is made.
func TestFaultsSpendNothing(t *testing.T) {
	s := newScene(t)
	for name, r := range map[string]Request{
		"no blueprint": {Blueprint: "x"}, "a hostname": {Details: Details{Hostname: "a b"}}, "a disk": {Details: Details{Disk: "../x"}}, "too long": {Valid: 91 * 24 * time.Hour},
		"too short": {Valid: time.Millisecond}, "too many": {Uses: 1001}, "less than none": {Uses: -1}, "one address for two": {Uses: 2, Details: Details{Network: s.options.Devices[0].Network}},
	} {
		if r.Blueprint == "" {
			r.Blueprint = "demo"
		}
		if _, secret, err := s.Create(t.Context(), r); !errors.Is(err, ErrLimits) && !errors.Is(err, kickstart.ErrInvalid) && !errors.Is(err, errNoBlueprint) || secret != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	i, secret := s.make(Request{})
	if _, err := s.Fetch(t.Context(), secret, Asked{Machine: "riscv64"}, "x"); !errors.Is(err, ErrNoProgram) {
		t.Error(err)
	}
	s.system.Published = false
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "x"); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	s.system.Published, s.tokens.err = true, errors.New("full")
	if _, err := s.Fetch(t.Context(), secret, Asked{}, "x"); err == nil || s.show(i.ID).Left != 1 {
		t.Errorf("%v %+v", err, s.show(i.ID))
	}
	s.tokens.err = nil
	s.fetch(secret, "x")
}

func TestBookForgets(t *testing.T) {
	s := newScene(t)
	i, secret := s.make(Request{Valid: time.Hour})
	if err := s.Tell(t.Context(), secret, Failed, []byte("log"), ""); err != nil {
		t.Fatal(err)
	}
	s.now = noon.Add(remember + 2*time.Hour)
	s.make(Request{})
	if _, err := s.Show(t.Context(), i.ID); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.options.Dir, "*.log")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestBookIsBounded(t *testing.T) {
	s := newScene(t)
	s.make(Request{})
	for len(s.entries) < maxEntries {
		s.entries = append(s.entries, s.entries[0])
	}
	if _, _, err := s.Create(t.Context(), Request{Blueprint: "demo"}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}

func TestDamagedBook(t *testing.T) {
	s := newScene(t)
	s.make(Request{})
	file := filepath.Join(s.options.Dir, bookFile)
	if err := os.WriteFile(filepath.Join(s.options.Dir, temporary+"1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if left, _ := filepath.Glob(filepath.Join(s.options.Dir, temporary+"*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if err := os.WriteFile(file, []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.options); !errors.Is(err, errUnreadable) || !strings.Contains(err.Error(), file) {
		t.Error(err)
	}
}
