package client

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

func TestFleetCalls(t *testing.T) {
	var got string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)
		if r.Method == "PUT" || strings.Contains(r.RequestURI, "/tokens/") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "null")
	})
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	e := report.NewEnrolment("t", "edge-1", key)
	enrolment := fmt.Sprintf(`{"token":"t","name":"edge-1","key":%q,"proof":%q}`, base64.StdEncoding.EncodeToString(e.Key), base64.StdEncoding.EncodeToString(e.Proof))
	signed, err := report.Sign(report.Status{Name: "edge-1", Serial: 1, Boot: report.Boot{Engine: "<&>"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want string
		send func(context.Context) error
	}{
		{"GET /api/v1/devices ", func(ctx context.Context) error { _, err := c.Devices(ctx); return err }},
		{"GET /api/v1/devices/a%2Fb ", func(ctx context.Context) error { _, err := c.Device(ctx, "a/b"); return err }},
		{"DELETE /api/v1/devices/edge-1 ", func(ctx context.Context) error { _, err := c.Forget(ctx, "edge-1"); return err }},
		{"GET /api/v1/devices/tokens ", func(ctx context.Context) error { _, err := c.EnrolmentTokens(ctx); return err }},
		{"POST /api/v1/devices/tokens {}", func(ctx context.Context) error { _, err := c.MakeToken(ctx, TokenRequest{}); return err }},
		{`POST /api/v1/devices/tokens {"blueprint":"demo","valid":"2h0m0s","uses":3}`, func(ctx context.Context) error {
			_, err := c.MakeToken(ctx, TokenRequest{"demo", 2 * time.Hour, 3})
			return err
		}},
		{"DELETE /api/v1/devices/tokens/x ", func(ctx context.Context) error { return c.RevokeToken(ctx, "x") }},
		{"POST /api/v1/devices/enrol " + enrolment, func(ctx context.Context) error { _, err := c.Enrol(ctx, e); return err }},
		{"PUT /api/v1/devices/0123/status " + string(signed), func(ctx context.Context) error { return c.PutStatus(ctx, "0123", signed) }},
	} {
		if err := tt.send(t.Context()); err != nil || got != tt.want {
			t.Errorf("sent %s, %v, want %s", got, err, tt.want)
		}
	}
}

// A device has no token of the builder, and learns from the problem what to do next.
func TestDeviceIsTold(t *testing.T) {
	_, server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if auth, sent := r.Header["Authorization"]; sent {
			t.Errorf("a device sent %q", auth)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusTooManyRequests)
		_ = json.NewEncoder(w).Encode(Problem{Type: "urn:appliance:too-many-reports", Title: "Too many reports"})
	})
	c, err := New(Options{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	var problem *Problem
	if err := c.PutStatus(t.Context(), "0123", []byte("{}")); !errors.As(err, &problem) || problem.Status != 429 {
		t.Errorf("PutStatus = %v", err)
	}
	if err := c.PutStatus(t.Context(), "..", []byte("{}")); err == nil {
		t.Error("an ID that leads elsewhere was sent")
	}
}
