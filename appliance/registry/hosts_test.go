//go:build containers_image_openpgp

package registry

import (
	"errors"
	"strings"
	"testing"
)

func TestAllowList(t *testing.T) {
	r := newRemotes(t, RemoteOptions{Allowed: []string{"quay.io/someone", "10.0.0.5:5000", "docker.io/library", "localhost", "ghcr.io/a/b"}})
	for _, test := range []struct {
		host, repository string
		want             error
	}{
		{"quay.io", "someone/2048", nil},
		{"QUAY.io", "someone/2048", nil},
		{"quay.io", "someone/deep/er", nil},
		{"quay.io", "someonelse/2048", ErrForbidden},
		{"quay.io", "other/someone", ErrForbidden},
		{"quay.io", "someone/../other/x", ErrInvalidName},
		{"quay.io", "someone/2048:v1", ErrInvalidName},
		{"quay.io", "someone/2048@sha256:" + strings.Repeat("0", 64), ErrInvalidName},
		{"quay.io", "someone/2048?x", ErrInvalidName},
		{"quay.io", "", ErrInvalidName},
		{"10.0.0.5:5000", "x", nil},
		{"10.0.0.5:5001", "x", ErrForbidden},
		{"10.0.0.5", "x", ErrForbidden},
		{"docker.io", "busybox", nil},
		{"docker.io", "library/busybox", nil},
		{"docker.io", "someone/busybox", ErrForbidden},
		{"localhost", "x", nil},
		{"[::1]:5000", "x", ErrInvalidName},
		{"ghcr.io", "a/b", nil},
		{"ghcr.io", "a/bc", ErrForbidden},
		{"evil.example", "x", ErrForbidden},
		{"169.254.169.254", "x", ErrForbidden},
		{"https://quay.io", "x", ErrInvalidName},
		{"user:pass@quay.io", "x", ErrInvalidName},
		{"quay.io/someone", "2048", ErrInvalidName},
		{"someone", "2048", ErrInvalidName},
		{"quay.io@evil.example", "x", ErrInvalidName},
		{"quay.io\n", "x", ErrInvalidName},
		{"", "x", ErrInvalidName},
	} {
		_, err := r.Registry(test.host)
		if err == nil {
			host, _ := parseHost(test.host)
			var v *visit
			if v, err = r.visit(host, test.repository, 0); err == nil {
				v.close()
			}
		}
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%q, %q: got %v, want %v", test.host, test.repository, err, test.want)
		}
	}
}

func TestNewRemotesFaults(t *testing.T) {
	_, err := NewRemotes(RemoteOptions{Allowed: []string{"http://x.example", "quay.io/UPPER", "word"}, TokenHosts: []string{"*", "a b"}})
	if !errors.Is(err, ErrInvalidName) {
		t.Fatalf("got %v", err)
	}
	for _, s := range []string{"http://x.example", "quay.io/UPPER", `"word"`, `"*"`, `"a b"`} {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%v does not name %s", err, s)
		}
	}
	conf := writeFile(t, t.TempDir()+"/registries.conf", "[[registry]")
	if _, err := NewRemotes(RemoteOptions{Config: conf}); err == nil || !strings.Contains(err.Error(), "registries.conf") {
		t.Errorf("got %v", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, test := range []struct {
		entry, host, port string
		want              bool
	}{
		{"auth.example", "auth.example", "443", true},
		{"auth.example", "auth.example", "80", true},
		{"auth.example", "auth.example", "8443", false},
		{"auth.example:8443", "auth.example", "8443", true},
		{"auth.example:8443", "auth.example", "443", false},
		{"auth.example", "evil-auth.example", "443", false},
		{"auth.example", "auth.example.evil", "443", false},
		{"*.cdn.example", "a.b.cdn.example", "443", true},
		{"*.cdn.example", "cdn.example", "443", false},
		{"*.cdn.example", ".cdn.example", "443", false},
		{"*.cdn.example", "evilcdn.example", "443", false},
		{"*.cdn.example:5000", "a.cdn.example", "5000", true},
		{"10.0.0.5", "10.0.0.5", "443", true},
	} {
		e, err := parseEndpoint(test.entry)
		if err != nil {
			t.Errorf("%q: %v", test.entry, err)
		} else if got := e.covers(test.host, test.port); got != test.want {
			t.Errorf("%q for %s %s: %v", test.entry, test.host, test.port, got)
		}
	}
}
