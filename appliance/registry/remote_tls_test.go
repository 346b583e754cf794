//go:build containers_image_openpgp

package registry

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// newTLS serves f with TLS too, and keeps quiet about clients that go away.
func newTLS(t testing.TB, f *fakeRegistry) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(f)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// writeCA puts c where the image library looks for the authority of one registry.
func writeCA(t testing.TB, dir string, c *x509.Certificate) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "ca.crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
}

// TLS with a CA of the registry's own, from CertDir; without it there is no way, and none in plain.
func TestRemoteTLS(t *testing.T) {
	f := newFake(t)
	v1 := newHandmade("v1", 10, "amd64")
	f.hold("x", v1, "v1")
	s := newTLS(t, f)
	host := hostOf(t, s.URL)
	certs := t.TempDir()
	writeCA(t, filepath.Join(certs, host), s.Certificate())
	g := registryOf(t, newRemotes(t, RemoteOptions{Allowed: []string{host}, CertDir: certs}), host)
	if m, err := g.Get(t.Context(), "x", "v1"); err != nil || m.Digest != v1.index.Digest {
		t.Errorf("%v, %v", m.Digest, err)
	}
	for _, host := range []string{host, f.host} {
		g = registryOf(t, newRemotes(t, RemoteOptions{Allowed: []string{host}}), host)
		before := f.count("")
		if _, err := g.Get(t.Context(), "x", "v1"); !errors.Is(err, ErrUnreachable) {
			t.Errorf("without the CA: %v", err)
		}
		if f.count("") != before {
			t.Error("it was spoken to")
		}
	}
}
