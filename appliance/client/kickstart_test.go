package client

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edge/kickstart"
)

func TestMakeLink(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"device":"edge-1","network":{"address":"192.0.2.9/24"},"valid":"2h0m0s","uses":2}`
		if r.Method != "POST" || r.URL.Path != "/api/v1/kickstarts/demo" || string(body) != want || r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s %s %s", r.Method, r.URL, body)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"k3v9x2ab","url":"http://h/k/x","kernel":"inst.ks=http://h/k/x"}`)
	})
	r := LinkRequest{Device: "edge-1", Network: kickstart.Network{Address: netip.MustParsePrefix("192.0.2.9/24")}, Valid: 2 * time.Hour, Uses: 2}
	l, err := c.MakeLink(t.Context(), "demo", r)
	if err != nil || l.ID != "k3v9x2ab" || l.Kernel != "inst.ks=http://h/k/x" {
		t.Errorf("%+v, %v", l, err)
	}
}

// The kickstart is what an installer gets, and it is asked for as an installer does: without a token.
func TestKickstart(t *testing.T) {
	answer := func(w http.ResponseWriter) { io.WriteString(w, "text\n") }
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/demo/kickstart.ks?device=edge-1&target=fedora" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		answer(w)
	})
	if text, err := c.Kickstart(t.Context(), "demo", "edge-1", kickstart.Fedora); err != nil || string(text) != "text\n" {
		t.Errorf("%q, %v", text, err)
	}
	answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(409)
		io.WriteString(w, `{"type":"urn:appliance:nothing-published","status":409,"title":"T","detail":"there is nothing to install"}`)
	}
	if _, err := c.Kickstart(t.Context(), "demo", "edge-1", kickstart.Fedora); err == nil || !strings.Contains(err.Error(), "nothing to install") {
		t.Errorf("%v", err)
	}
	answer = func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat("x", maxKickstart+1)) }
	if _, err := c.Kickstart(t.Context(), "demo", "edge-1", kickstart.Fedora); err == nil || !strings.Contains(err.Error(), "more than 2 MiB") {
		t.Errorf("%v", err)
	}
}
