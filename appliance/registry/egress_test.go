//go:build containers_image_openpgp

package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// evil is a server that nobody allowed, and that notes whether anybody came.
func evil(t *testing.T) (address string, visits *atomic.Int32) {
	t.Helper()
	visits = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		t.Errorf("the foreign host was reached: %s %s, Authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
		fmt.Fprint(w, `{"token":"x"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, visits
}

// A registry names a foreign token server: the credentials that are meant for the registry would go there.
func TestEgressHostileRealm(t *testing.T) {
	const password = "prodsecret"
	basic := base64.StdEncoding.EncodeToString([]byte("u:" + password))
	address, visits := evil(t)
	challenge := func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="x"`, address))
		w.WriteHeader(401)
		return true
	}
	f := newFake(t)
	f.first = challenge
	secure := newTLS(t, f)
	certs := t.TempDir()
	writeCA(t, filepath.Join(certs, hostOf(t, secure.URL)), secure.Certificate())
	for _, host := range []string{f.host, hostOf(t, secure.URL)} {
		auth := writeFile(t, filepath.Join(t.TempDir(), "auth.json"), fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, basic))
		o := RemoteOptions{AuthFile: auth, CertDir: certs, Allowed: []string{hostOf(t, secure.URL)}}
		g := registryOf(t, newRemotes(t, o, f.host), host)
		_, reading := g.Get(t.Context(), "x", "v1")
		writing := g.Put(t.Context(), "x", "v1", newHandmade("v1", 1, "amd64").index, nil)
		_, listing := g.Tags(t.Context(), "x")
		for _, err := range []error{reading, writing, listing} {
			if !errors.Is(err, ErrForbidden) {
				t.Errorf("got %v, want %v", err, ErrForbidden)
			}
			if err == nil || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), basic) || !strings.Contains(err.Error(), hostOf(t, address)) {
				t.Errorf("%v names a credential, or does not name the host", err)
			}
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d visits", n)
	}
}

// A token server that is listed works, and gets the credentials.
func TestEgressTokenHost(t *testing.T) {
	f := newFake(t)
	v1 := newHandmade("v1", 1, "amd64")
	f.hold("x", v1, "v1")
	var user string
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ = r.BasicAuth()
		fmt.Fprint(w, `{"token":"good"}`)
	}))
	t.Cleanup(tokens.Close)
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer good" {
			return false
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="x"`, tokens.URL))
		w.WriteHeader(401)
		return true
	}
	auth := writeFile(t, filepath.Join(t.TempDir(), "auth.json"), fmt.Sprintf(`{"auths":{%q:{"auth":"dTpw"}}}`, f.host))
	g := registryOf(t, newRemotes(t, RemoteOptions{AuthFile: auth, TokenHosts: []string{hostOf(t, tokens.URL)}}, f.host), f.host)
	if m, err := g.Get(t.Context(), "x", "v1"); err != nil || m.Digest != v1.index.Digest || user != "u" {
		t.Errorf("%v, %v; user %q", m.Digest, err, user)
	}
}

// A registry sends us on to a foreign host, or to the metadata service of a cloud.
func TestEgressRedirect(t *testing.T) {
	address, _ := evil(t)
	for _, target := range []string{address, "http://169.254.169.254/latest/meta-data", "https://evil.example", "http://[fe80::1]:80/"} {
		f := newFake(t)
		h := newHandmade("v1", 1, "amd64")
		f.hold("x", h, "v1")
		f.first = answer(false, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target+r.URL.Path, http.StatusTemporaryRedirect)
		})
		r := newRemotes(t, RemoteOptions{Private: true}, f.host)
		if _, err := registryOf(t, r, f.host).Get(t.Context(), "x", "v1"); !errors.Is(err, ErrForbidden) {
			t.Errorf("a manifest at %s: got %v", target, err)
		}
		f.first = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			http.Redirect(w, r, target+r.URL.Path, http.StatusTemporaryRedirect)
			return true
		}
		to := newFake(t)
		if _, _, err := r.Copy(t.Context(), f.host+"/x", "v1", to.host+"/x", "u", "p", nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("a blob at %s: got %v", target, err)
		}
		if to.count("PUT /v2/x/manifests") != 0 {
			t.Error("a manifest was written without its blobs")
		}
	}
}

// A name that answers with a public address first and with a guarded one afterwards: what was
// looked at is what is dialled, and the next operation looks again.
func TestEgressRebinding(t *testing.T) {
	f := newFake(t)
	f.hold("x", newHandmade("v1", 1, "amd64"), "v1")
	_, port, _ := net.SplitHostPort(f.host)
	host := "rebinding.example:" + port
	r := newRemotes(t, RemoteOptions{}, host)
	answers := []string{"203.0.113.7", "169.254.169.254", "127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00:ec2::254"}
	var asked atomic.Int32
	var dialled []string
	r.guard.resolve = func(_ context.Context, name string) ([]netip.Addr, error) {
		if name != "rebinding.example" {
			t.Errorf("asked for %q", name)
		}
		return []netip.Addr{netip.MustParseAddr(answers[min(int(asked.Add(1)), len(answers))-1])}, nil
	}
	r.guard.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return new(net.Dialer).DialContext(ctx, network, f.host)
	}
	g := registryOf(t, r, host)
	if _, err := g.Get(t.Context(), "x", "v1"); err != nil { // several connections, one look-up
		t.Fatal(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the name was resolved %d times in one operation", n)
	}
	for range answers[1:] {
		if _, err := g.Get(t.Context(), "x", "v1"); !errors.Is(err, ErrForbidden) {
			t.Errorf("got %v", err)
		}
	}
	for _, d := range dialled {
		if d != "203.0.113.7:"+port {
			t.Errorf("dialled %s", d)
		}
	}
	if len(dialled) < 2 {
		t.Errorf("dialled %q", dialled)
	}
}

// Private addresses want to be permitted; those of metadata services cannot be.
func TestEgressPrivate(t *testing.T) {
	f := newFake(t)
	f.hold("x", newHandmade("v1", 1, "amd64"), "v1")
	_, port, _ := net.SplitHostPort(f.host)
	host := "home.example:" + port
	for _, test := range []struct {
		private bool
		address string
		want    error
	}{
		{false, "127.0.0.1", ErrForbidden}, {true, "127.0.0.1", nil},
		{false, "192.168.1.9", ErrForbidden}, {true, "192.168.1.9", nil},
		{true, "169.254.1.1", ErrForbidden}, {true, "0.0.0.0", ErrForbidden}, {true, "fe80::1", ErrForbidden},
	} {
		r := newRemotes(t, RemoteOptions{Private: test.private}, host)
		r.guard.resolve = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(test.address)}, nil
		}
		r.guard.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.host)
		}
		_, err := registryOf(t, r, host).Head(t.Context(), "x", "v1")
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}

func TestGuardedAddresses(t *testing.T) {
	for _, test := range []struct {
		address         string
		public, private bool // may be dialled
	}{
		{"8.8.8.8", true, true}, {"2606:4700::1", true, true}, {"64:ff9b::808:808", true, true},
		{"127.0.0.1", false, true}, {"::1", false, true}, {"10.1.2.3", false, true}, {"172.16.0.1", false, true},
		{"192.168.0.1", false, true}, {"100.64.0.1", false, true}, {"fd12::1", false, true}, {"::ffff:10.0.0.1", false, true},
		{"64:ff9b::a00:1", false, true}, {"2002:7f00:1::", false, true},
		{"169.254.169.254", false, false}, {"::ffff:169.254.169.254", false, false}, {"64:ff9b::a9fe:a9fe", false, false},
		{"fe80::1%eth0", false, false}, {"fe80::1", false, false}, {"0.0.0.0", false, false}, {"::", false, false},
		{"224.0.0.1", false, false}, {"255.255.255.255", false, false}, {"240.0.0.1", false, false}, {"ff02::1", false, false},
		{"100.100.100.200", false, false}, {"168.63.129.16", false, false}, {"fd00:ec2::254", false, false}, {"192.0.0.192", false, false},
	} {
		a := netip.MustParseAddr(test.address)
		if got := guarded(a, false) == ""; got != test.public {
			t.Errorf("%s in public: %v", a, got)
		}
		if got := guarded(a, true) == ""; got != test.private {
			t.Errorf("%s in private: %v", a, got)
		}
	}
}

// The guard listens on a port that other users of the machine can reach: without the password of a
// pass that is still open it does nothing.
func TestEgressStrangers(t *testing.T) {
	address, _ := evil(t)
	r := newRemotes(t, RemoteOptions{Allowed: []string{hostOf(t, address)}})
	open := reach{endpoints: r.endpoints, plain: true}
	p, old := r.guard.admit(open), r.guard.admit(open)
	defer p.close()
	good, gone := r.guard.url(p), r.guard.url(old)
	old.close()
	wrong, other := *good, *good
	wrong.User = url.UserPassword(p.name, "wrong")
	other.User = url.UserPassword(p.name, old.password)
	none := *good
	none.User = nil
	for _, proxy := range []*url.URL{&wrong, &other, &none, gone} {
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
		resp, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusProxyAuthRequired {
			t.Errorf("plain: got %s", resp.Status)
		}
		if _, err := client.Get("https://" + hostOf(t, address)); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
			t.Errorf("tunnel: got %v", err)
		}
		client.CloseIdleConnections()
	}
}

// After Close nothing is left: no listener, no pass, and operations end.
func TestEgressClose(t *testing.T) {
	f := newFake(t)
	inside := make(chan struct{})
	f.first = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			close(inside)
			<-r.Context().Done()
		}
		return false
	}
	r := newRemotes(t, RemoteOptions{}, f.host)
	ended := make(chan error)
	go func() {
		g, err := r.Registry(f.host)
		if err == nil {
			_, err = g.Head(t.Context(), "x", "v1")
		}
		ended <- err
	}()
	<-inside
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", r.guard.listener.Addr().String()); err == nil {
		t.Error("it still listens")
	}
	if len(r.guard.passes) != 0 {
		t.Errorf("%d passes are left", len(r.guard.passes))
	}
}

// When all places are taken the next one waits, and no operation keeps anything.
func TestEgressBounds(t *testing.T) {
	f := newFake(t)
	f.hold("x", newHandmade("v1", 1, "amd64"), "v1")
	r := newRemotes(t, RemoteOptions{}, f.host)
	for range guardLines {
		r.guard.lines <- struct{}{}
	}
	g := registryOf(t, r, f.host)
	r.patience = 200 * time.Millisecond
	if _, err := g.Head(t.Context(), "x", "v1"); !errors.Is(err, ErrUnreachable) || f.count("") != 0 {
		t.Errorf("got %v", err)
	}
	for range guardLines {
		<-r.guard.lines
	}
	r.patience = remotePatience
	if _, err := g.Head(t.Context(), "x", "v1"); err != nil {
		t.Error(err)
	}
	if len(r.guard.passes) != 0 {
		t.Errorf("%d passes are left", len(r.guard.passes))
	}
}
