package podman

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"edge/appliance/profile"
)

// shown is what systemctl prints of a unit.
func shown(load, active, sub, result string) answer {
	return answer{out: "LoadState=" + load + "\nActiveState=" + active + "\nSubState=" + sub + "\nResult=" + result + "\n"}
}

func TestAppStatus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	_, text, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	const (
		unit   = "systemctl --user show --property=LoadState,ActiveState,SubState,Result container-app1.service"
		socket = "systemctl --user show --property=LoadState,ActiveState,SubState,Result container-app1-proxy.socket"
		image  = "podman image inspect builder.example:8080/2048:prod"
	)
	here := answer{out: string(sample(t, "image-4.3.json"))}
	app := profile.App{Name: "2048", Unit: "app1", Image: "builder.example:8080/2048:prod", Port: port, Probe: profile.Probe{Path: "/healthz"}}
	cold, mute := app, app
	cold.Cold, cold.Inner, cold.Port, mute.Probe.Path = true, port, 1, "/"
	for _, tt := range []struct {
		name   string
		app    profile.App
		said   said
		state  string
		ready  bool
		digest string
		reason string
	}{
		{name: "serving", app: app, state: "active", ready: true, digest: v1Index, said: said{unit: shown("loaded", "active", "running", "success"),
			"podman container inspect app1": {out: string(sample(t, "container-4.3.json"))}, "podman image inspect " + v1ID: here}},
		{name: "mute", app: mute, state: "active", digest: v1Index, reason: "503", said: said{unit: shown("loaded", "active", "running", "success"),
			"podman container inspect app1": {out: string(sample(t, "container-5.4.json"))}, "podman image inspect " + v1ID: here}},
		{name: "restarting", app: app, state: "activating", digest: v1Index, reason: "is activating (auto-restart, exit-code)", said: said{unit: shown("loaded", "activating", "auto-restart", "exit-code"),
			"podman container inspect app1": {err: exit(125, "")}, "podman container exists app1": {err: exit(1, "")}, image: here}},
		{name: "no image", app: app, state: "activating", reason: ErrNoImage.Error(), said: said{unit: shown("loaded", "activating", "auto-restart", "exit-code"),
			"podman container inspect app1": {err: exit(125, "")}, "podman container exists app1": {err: exit(1, "")},
			image: {err: exit(125, "")}, "podman image exists builder.example:8080/2048:prod": {err: exit(1, "")}}},
		{name: "not installed", app: app, state: "inactive", digest: v1Index, reason: "not installed", said: said{unit: shown("not-found", "inactive", "dead", "success"),
			"podman container inspect app1": {err: exit(125, "")}, "podman container exists app1": {err: exit(1, "")}, image: here}},
		{name: "asleep", app: cold, state: "listening", ready: true, digest: v1Index, said: said{unit: shown("loaded", "inactive", "dead", "success"), socket: shown("loaded", "active", "listening", "success"),
			"podman container inspect app1": {err: exit(125, "")}, "podman container exists app1": {err: exit(1, "")}, image: here}},
		{name: "deaf", app: cold, state: "failed", digest: v1Index, reason: "trigger-limit-hit", said: said{unit: shown("loaded", "inactive", "dead", "success"), socket: shown("loaded", "failed", "failed", "trigger-limit-hit"),
			"podman container inspect app1": {err: exit(125, "")}, "podman container exists app1": {err: exit(1, "")}, image: here}},
		{name: "awake", app: cold, state: "active", ready: true, digest: v1Index, said: said{unit: shown("loaded", "active", "running", "success"),
			"podman container inspect app1": {out: string(sample(t, "container-4.3.json"))}, "podman image inspect " + v1ID: here}},
		{name: "no manager", app: app, state: "unknown", reason: "Failed to connect to bus", said: said{unit: {err: exit(1, "Failed to connect to bus: No medium found")}}},
	} {
		r := New(tt.said, nil).AppStatus(t.Context(), tt.app)
		if r.State != tt.state || r.Ready != tt.ready || r.Digest != tt.digest || !strings.Contains(r.Reason, tt.reason) || (r.Reason == "") != (tt.reason == "") ||
			r.Name != "2048" || r.Unit != "app1" || r.Image != tt.app.Image || r.Cold != tt.app.Cold {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

func TestTarget(t *testing.T) {
	for bind, want := range map[string]string{"": "127.0.0.1:8081", "0.0.0.0": "127.0.0.1:8081", "::": "[::1]:8081", "192.0.2.7": "192.0.2.7:8081", "fd00::7": "[fd00::7]:8081"} {
		got, err := Target(profile.App{Bind: bind, Port: 8081, Probe: profile.Probe{Path: "/a", Status: 204, Body: "^ok$"}})
		if err != nil || got.Address != want || got.Path != "/a" || got.Status != 204 || got.Body.String() != "^ok$" {
			t.Errorf("bound to %q: %+v, %v", bind, got, err)
		}
	}
	if _, err := Target(profile.App{Port: 1, Probe: profile.Probe{Body: "("}}); err == nil {
		t.Error("a pattern that is none is taken")
	}
}
