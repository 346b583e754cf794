package report

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC)

// keyOf is the same key for the same letter.
func keyOf(letter string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(letter, ed25519.SeedSize)))
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func full() Status {
	return Status{
		Name: "edge-1.example", Blueprint: "demo", Time: noon, Serial: 7, Every: time.Minute, Version: "1.2.3",
		Boot: Boot{ID: "b1", Since: noon, Verdict: Green, Engine: "greenboot", Checks: []Result{{Name: "git", Required: true, OK: true, Took: time.Second}}},
		OS:   []Deployment{{Commit: strings.Repeat("a", 64), Version: "0.0.1", Ref: "edge:rhel/9/x86_64/edge", Time: noon, Booted: true}},
		Apps: []App{{Name: "2048", Unit: "app1", Image: "builder:8080/2048:prod", State: "active", Ready: true,
			Update: &Update{Time: noon, From: "sha256:1", To: "sha256:2", Outcome: "rolled back", Reason: "it does not answer"}}},
		Rollback:   &Rollback{Time: noon, From: "b", To: "a", Check: "git", Reason: "no <git> & „nothing“", Attempts: 3},
		Quarantine: []Bad{{Kind: "os", What: "b", Since: noon, Times: 1}},
	}
}

func TestSignedComesBack(t *testing.T) {
	key := keyOf("a")
	signed, err := Sign(full(), key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(signed, public(key))
	want := full()
	want.Device = ID(public(key))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Open = %+v, %v\nwant %+v", got, err, want)
	}
}

// seal signs any text, as a device that keeps no rules would.
func seal(key ed25519.PrivateKey, text string) []byte {
	signed, err := encode(envelope{[]byte(text), ed25519.Sign(key, []byte(statusDomain+text))})
	if err != nil {
		panic(err)
	}
	return signed
}

func TestOpenRefuses(t *testing.T) {
	key := keyOf("a")
	own := public(key)
	id := ID(own)
	good, err := Sign(full(), key)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Status)) []byte {
		s := full()
		s.Device = id
		change(&s)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return seal(key, string(text))
	}
	var e envelope
	if err := json.Unmarshal(good, &e); err != nil {
		t.Fatal(err)
	}
	bare, _ := encode(envelope{e.Status, ed25519.Sign(key, e.Status)})
	other, _ := Sign(full(), keyOf("b"))
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrInvalid},
		{"no JSON", []byte("status"), ErrInvalid},
		{"null", []byte("null"), ErrSignature},
		{"cut off", good[:len(good)-9], ErrInvalid},
		{"something after it", append(good[:len(good):len(good)], "{}"...), ErrInvalid},
		{"an unknown field around it", []byte(`{"key":"",` + string(good[1:])), ErrInvalid},
		{"too large", append(good[:len(good):len(good)], make([]byte, MaxSigned)...), ErrInvalid},
		{"signed by another", other, ErrSignature},
		{"signed without the domain", bare, ErrSignature},
		{"changed", []byte(strings.Replace(string(good), `"status":"ey`, `"status":"ez`, 1)), ErrSignature},
		{"of another device", with(func(s *Status) { s.Device = ID(public(keyOf("b"))) }), ErrSignature},
		{"of no device", with(func(s *Status) { s.Device = "" }), ErrSignature},
		{"a list", seal(key, "[]"), ErrInvalid},
		{"serial 0", with(func(s *Status) { s.Serial = 0 }), ErrInvalid},
		{"serial beyond all", with(func(s *Status) { s.Serial = math.MaxUint64 }), ErrInvalid},
		{"a negative interval", with(func(s *Status) { s.Every = -1 }), ErrInvalid},
		{"no name", with(func(s *Status) { s.Name = "" }), ErrInvalid},
		{"markup as name", with(func(s *Status) { s.Name = "<script>" }), ErrInvalid},
		{"two lines", with(func(s *Status) { s.Boot.Checks[0].Reason = "a\nb" }), ErrInvalid},
		{"an escape", with(func(s *Status) { s.Rollback.Reason = "\x1b[2J" }), ErrInvalid},
		{"writing turned round", with(func(s *Status) { s.Apps[0].Name = "a\u202eb" }), ErrInvalid},
		{"a long word", with(func(s *Status) { s.Boot.Engine = strings.Repeat("x", maxWord+1) }), ErrInvalid},
		{"a long reason", with(func(s *Status) { s.Apps[0].Update.Reason = strings.Repeat("x", maxReason+1) }), ErrInvalid},
		{"many apps", with(func(s *Status) { s.Apps = make([]App, maxItems+1) }), ErrInvalid},
		{"many checks", with(func(s *Status) { s.Boot.Checks = make([]Result, maxItems+1) }), ErrInvalid},
		{"a huge attempt", with(func(s *Status) { s.Boot.Attempt = 1 << 40 }), ErrInvalid},
		{"a negative count", with(func(s *Status) { s.Quarantine[0].Times = -1 }), ErrInvalid},
	} {
		if s, err := Open(tt.data, own); !errors.Is(err, tt.want) || !reflect.DeepEqual(s, Status{}) && errors.Is(err, ErrSignature) {
			t.Errorf("%s: Open = %+v, %v, want %v", tt.name, s, err, tt.want)
		}
	}
	if _, err := Open(good, own[:5]); !errors.Is(err, ErrSignature) {
		t.Errorf("Open with half a key = %v", err)
	}
}

// A device is updated before its builder: what that does not know yet must not make it deaf.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	key := keyOf("a")
	text := fmt.Sprintf(`{"device":%q,"name":"n","serial":1,"battery":{"percent":80},"boot":{"verdict":"amber","moon":"full"}}`, ID(public(key)))
	s, err := Open(seal(key, text), public(key))
	if err != nil || s.Name != "n" || s.Boot.Verdict != "amber" {
		t.Errorf("Open = %+v, %v", s, err)
	}
}

// Whatever an honest device gathers, its builder takes.
func TestSignMakesItFit(t *testing.T) {
	key := keyOf("a")
	long := strings.Repeat("ä\x1b\"\n\u2028", 200)
	s := Status{Name: "…" + long, Blueprint: long, Version: long, Serial: 1, Every: -5,
		Boot: Boot{ID: long, Verdict: Verdict(long), Counter: long, Engine: long, Attempt: -1, Attempts: 1 << 40}, Rollback: &Rollback{Reason: long, From: long, To: long, Check: long}}
	for range 200 {
		s.Boot.Checks = append(s.Boot.Checks, Result{Name: long, Reason: long})
		s.OS = append(s.OS, Deployment{Commit: long, Version: long, Ref: long})
		s.Apps = append(s.Apps, App{Name: long, Unit: long, Image: long, Digest: long, State: long, Reason: long, Update: &Update{Reason: long, From: long, To: long, Outcome: long}})
		s.Quarantine = append(s.Quarantine, Bad{Kind: long, What: long, Name: long, Reason: long, Times: -3})
	}
	signed, err := Sign(s, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(signed, public(key))
	if err != nil || len(got.Apps) == 0 || len(got.Boot.Checks) == 0 {
		t.Errorf("Open = %d apps, %d checks, %v", len(got.Apps), len(got.Boot.Checks), err)
	}
	if s.Apps[0].Name != long || s.Apps[0].Update.Reason != long || s.Rollback.Reason != long {
		t.Error("Sign changed what it was given")
	}
	if !strings.HasSuffix(got.Apps[0].Reason, "…") {
		t.Errorf("a cut reason is %q", got.Apps[0].Reason)
	}
	if _, err := Sign(Status{Name: "n"}, key); !errors.Is(err, ErrInvalid) {
		t.Errorf("Sign without a serial = %v", err)
	}
}

func TestNames(t *testing.T) {
	for host, want := range map[string]string{
		"edge-1.example.org": "edge-1.example.org", "": "unnamed", "-.-": "unnamed", "a b/c": "a-b-c", "Kühlung 2": "K-hlung-2", "<b>": "b-", strings.Repeat("x", 99): strings.Repeat("x", 64),
	} {
		if got := Name(host); got != want || !IsName(got) {
			t.Errorf("Name(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestSerials(t *testing.T) {
	for _, tt := range []struct {
		last uint64
		now  time.Time
		want uint64
	}{
		{0, noon, uint64(noon.UnixMilli())},
		{uint64(noon.UnixMilli()), noon, uint64(noon.UnixMilli()) + 1},
		{uint64(noon.UnixMilli()), noon.Add(-time.Hour), uint64(noon.UnixMilli()) + 1}, // the clock went back
		{0, time.Time{}, 1},
	} {
		if got := NextSerial(tt.last, tt.now); got != tt.want {
			t.Errorf("NextSerial(%d, %v) = %d, want %d", tt.last, tt.now, got, tt.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := keyOf("a")
	s := full()
	s.Device = ID(public(key))
	text, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, []byte(`{"status":"","signature":""}`))
	f.Add([]byte(`{"serial":1,"name":"n","apps":[{"update":{}}],"rollback":{}}`), []byte("{}"))
	f.Fuzz(func(t *testing.T, text, raw []byte) {
		if _, err := Open(raw, public(key)); err == nil {
			t.Errorf("Open takes %q, which nobody signed", raw)
		}
		s, err := Open(seal(key, string(text)), public(key))
		if err != nil {
			return
		}
		if s.Device != ID(public(key)) || s.Serial == 0 || !IsName(s.Name) || len(s.Apps) > maxItems {
			t.Errorf("Open took %q as %+v", text, s)
		}
		if signed, err := Sign(s, key); err != nil {
			t.Errorf("Sign of what was opened: %v", err)
		} else if _, err := Open(signed, public(key)); err != nil {
			t.Errorf("Open of what was signed again: %v", err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	key := keyOf("a")
	signed, err := Sign(full(), key)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(signed, public(key)); err != nil {
			b.Fatal(err)
		}
	}
}
