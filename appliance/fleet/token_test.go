package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

func TestTokens(t *testing.T) {
	s := newScene(t)
	made, secret, err := s.CreateToken(t.Context(), TokenRequest{Blueprint: "demo"})
	if err != nil || len(secret) != 40 || made.Left != 1 || made.Uses != 1 || !made.Expires.Equal(noon.Add(24*time.Hour)) || strings.Contains(secret, made.ID) {
		t.Fatalf("CreateToken = %+v %q, %v", made, secret, err)
	}
	data, err := os.ReadFile(filepath.Join(s.options.Dir, tokensFile))
	if err != nil || strings.Contains(string(data), secret) {
		t.Errorf("the file has the secret: %s, %v", data, err)
	}
	s.open(t)
	all, err := s.Tokens(t.Context())
	if err != nil || len(all) != 1 || all[0] != made {
		t.Errorf("Tokens = %+v, %v, want %+v", all, err, made)
	}
	if err := s.RevokeToken(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, s.RevokeToken(t.Context(), made.ID), ErrUnknownToken)
	s.open(t)
	_, err = s.Enrol(t.Context(), report.NewEnrolment(secret, "edge-1", newMachine("edge-1").key))
	wants(t, err, ErrToken)
	for _, e := range s.events.Since(0) {
		if strings.Contains(fmt.Sprint(e), secret) {
			t.Errorf("the diary has the secret: %+v", e)
		}
	}
}

func TestTokensExpire(t *testing.T) {
	s := newScene(t)
	secret := s.secret(t, TokenRequest{Valid: time.Hour})
	s.later(time.Hour - time.Second)
	if all, _ := s.Tokens(t.Context()); len(all) != 1 {
		t.Errorf("a second before: %+v", all)
	}
	s.later(time.Second)
	_, err := s.Enrol(t.Context(), report.NewEnrolment(secret, "edge-1", newMachine("edge-1").key))
	wants(t, err, ErrToken)
	if all, _ := s.Tokens(t.Context()); len(all) != 0 {
		t.Errorf("expired: %+v", all)
	}
}

func TestTokenRequests(t *testing.T) {
	s := newScene(t)
	for _, r := range []TokenRequest{{Valid: -time.Hour}, {Valid: time.Millisecond}, {Valid: 20000 * time.Hour}, {Uses: -1}, {Uses: MaxDevices + 1}} {
		_, _, err := s.CreateToken(t.Context(), r)
		wants(t, err, ErrLimits)
	}
	for range maxTokens {
		s.tokens = append(s.tokens, token{Token: Token{Expires: noon.Add(time.Minute)}})
	}
	_, _, err := s.CreateToken(t.Context(), TokenRequest{})
	wants(t, err, ErrFull)
	s.later(time.Minute)
	if _, _, err := s.CreateToken(t.Context(), TokenRequest{}); err != nil {
		t.Errorf("when all have expired: %v", err)
	}
}
