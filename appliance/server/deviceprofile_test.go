package server

import (
	"errors"
	"strings"
	"testing"

	"edge/appliance/profile"
)

const testKey = "VOU4fkyG67SdPahVuCo7zbUERAhfAYPNR4EB+fHpB14="

func withDevice(o *Options) {
	p := profile.Defaults()
	p.User, p.Builder = "admin", "http://builder:8080"
	p.Apps = []profile.App{profileApp()}
	o.Device = &p
}

func profileApp() profile.App {
	p, err := profile.Parse([]byte("user = \"u\"\n[[app]]\nname = \"2048\"\nunit = \"app1\"\nimage = \"builder:8080/2048:prod\"\nport = 8081\n"), "x")
	if err != nil {
		panic(err)
	}
	return p.Apps[0]
}

func TestDeviceProfile(t *testing.T) {
	s := newScene(t, withDevice)
	w := s.do("GET", "/empty/device.toml", "", "Host", "evil.example")
	text := w.Body.String()
	p, err := profile.Parse(w.Body.Bytes(), "device.toml")
	if w.Code != 200 || err != nil || p.Blueprint != "empty" || p.OS.URL != "http://builder:8080/empty/repo/" || p.OS.Key != "" || p.Apps[0].Image != "builder:8080/2048:prod" {
		t.Fatalf("GET = %d %s\n%+v, %v", w.Code, text, p, err)
	}
	header := w.Header()
	if header.Get("Content-Type") != "application/toml" || header.Get("Cache-Control") != "no-store" || strings.Contains(text, "evil") {
		t.Errorf("GET = %v %s", header, text)
	}
	if w := s.do("GET", "/empty/device.toml", "", "If-None-Match", header.Get("Etag")); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("GET again = %d", w.Code)
	}
	if w := s.do("HEAD", "/empty/device.toml", ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD = %d %v", w.Code, w.Header())
	}
	if other := s.do("GET", "/demo/device.toml", ""); other.Header().Get("Etag") == header.Get("Etag") || !strings.Contains(other.Body.String(), "ref = \"rhel/9/x86_64/edge\"\nkey = ") {
		t.Errorf("the profile of another blueprint = %s", other.Body)
	}
	if w := newScene(t, withDevice, func(o *Options) { o.Private = true }).do("GET", "/demo/device.toml", ""); w.Code != 200 {
		t.Errorf("GET of a private server = %d: devices have no token", w.Code)
	}
}

func TestDeviceProfileRefusals(t *testing.T) {
	s := newScene(t, withDevice)
	for _, tt := range []struct {
		method, url string
		status      int
		want        string
	}{
		{"GET", "/nope/device.toml", 404, "unknown-blueprint"},
		{"GET", "/metrics/device.toml", 404, "urn:appliance:not-found"},
		{"GET", "/demo/device.toml/", 404, "urn:appliance:not-found"},
		{"POST", "/demo/device.toml", 405, "method-not-allowed"},
	} {
		if w := s.do(tt.method, tt.url, ""); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s = %d %s", tt.method, tt.url, w.Code, w.Body)
		}
	}
	if w := newScene(t).do("GET", "/demo/device.toml", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "its log says why") {
		t.Errorf("GET without a profile = %d %s", w.Code, w.Body)
	}
	s.releases.err = errors.New("disk /dev/sda1 on fire")
	if w := s.do("GET", "/demo/device.toml", ""); w.Code != 500 || strings.Contains(w.Body.String(), "sda1") {
		t.Errorf("GET on fire = %d %s", w.Code, w.Body)
	}
}

// A published key is one that devices take.
func TestDeviceProfileHasTheKey(t *testing.T) {
	p := profile.Defaults()
	p.User, p.Builder = "admin", "http://builder:8080"
	got, err := profile.Parse(profile.Encode(p.For("demo", "rhel/9/x86_64/edge", testKey)), "x")
	if err != nil || got.OS.Key != testKey {
		t.Errorf("key = %q, %v", got.OS.Key, err)
	}
}
