package installation

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/event"
	"edge/kickstart"
)

const testKey = "VOU4fkyG67SdPahVuCo7zbUERAhfAYPNR4EB+fHpB14="

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// scene is a book with a clock that stands still, in a world with one blueprint.
type scene struct {
	*testing.T
	*Book
	options Options
	now     time.Time
	system  System
	events  []event.Event
	tokens  fakeTokens
}

// fakeTokens counts.
type fakeTokens struct {
	made    int
	revoked []string
	err     error
}

func (f *fakeTokens) Make(_ context.Context, blueprint string, valid time.Duration) (id, secret string, err error) {
	f.made++
	return fmt.Sprintf("id%d", f.made), fmt.Sprintf("%s-token-%d", blueprint, f.made), f.err
}

func (f *fakeTokens) Revoke(_ context.Context, id string) error {
	f.revoked = append(f.revoked, id)
	return nil
}

func (s *scene) Record(_ context.Context, e event.Event) error {
	s.events = append(s.events, e)
	return nil
}

var errNoBlueprint = errors.New("no such blueprint")

func (s *scene) System(_ context.Context, blueprint string) (System, error) {
	if blueprint != "demo" {
		return System{}, errNoBlueprint
	}
	return s.system, nil
}

func newScene(t *testing.T, change ...func(*Options)) *scene {
	t.Helper()
	s := &scene{T: t, now: noon, system: System{Published: true, Ref: "rhel/9/x86_64/edge", Key: testKey}}
	s.options = Options{
		Dir: filepath.Join(t.TempDir(), "kickstarts"), Events: s, Systems: s, Tokens: &s.tokens, Now: func() time.Time { return s.now },
		Programs: func() ([]kickstart.Program, error) {
			return []kickstart.Program{{Arch: "amd64", SHA256: strings.Repeat("a1", 32)}}, nil
		},
		Params: kickstart.Params{Builder: "http://builder:8080", User: "admin", Source: kickstart.Source{Remote: "edge"},
			Hostname: "all", PasswordHash: "$6$saltsalt$5ZWg0n8nMmYJ7VbJmW0n8nMmYJ7VbJmW0n8nMm"},
		Devices: []Device{{Name: "edge-1", Disk: "sdb", Network: kickstart.Network{Interface: "52:54:00:00:00:01", Address: netip.MustParsePrefix("192.0.2.9/24")}}},
	}
	for _, c := range change {
		c(&s.options)
	}
	s.reopen()
	return s
}

// reopen is a restart of the builder.
func (s *scene) reopen() {
	s.Helper()
	b, err := Open(s.options)
	if err != nil {
		s.Fatal(err)
	}
	s.Book = b
}

func (s *scene) make(r Request) (Installation, string) {
	s.Helper()
	if r.Blueprint == "" {
		r.Blueprint = "demo"
	}
	i, secret, err := s.Create(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	return i, secret
}

func (s *scene) fetch(secret, from string) string {
	s.Helper()
	text, err := s.Fetch(s.Context(), secret, Asked{}, from)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

func (s *scene) show(which string) Installation {
	s.Helper()
	i, err := s.Show(s.Context(), which)
	if err != nil {
		s.Fatal(err)
	}
	return i
}

func wants(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if without, no := strings.CutPrefix(want, "!"); no == strings.Contains(text, without) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}
