//go:build containers_image_openpgp

package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A retag by its parts: the same bytes under another name, with one write.
func TestRemoteRetag(t *testing.T) {
	f := newFake(t)
	v1, v2 := newHandmade("v1", 100, "amd64", "arm64"), newHandmade("v2", 100, "amd64", "arm64")
	f.hold("demo/2048", v1, "v1", "prod")
	f.hold("demo/2048", v2, "v2")
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	if g.Exact() {
		t.Error("a remote registry has no exact write")
	}
	tags, err := g.Tags(t.Context(), "demo/2048")
	if err != nil || !slices.Equal(tags, []string{"prod", "v1", "v2"}) {
		t.Errorf("tags %q, %v", tags, err)
	}
	m, err := g.Get(t.Context(), "demo/2048", "v2")
	if err != nil || m.Digest != v2.index.Digest || m.MediaType != ociIndex || string(m.Raw) != string(v2.index.Raw) || m.Size != int64(len(m.Raw)) {
		t.Fatalf("%+v, %v; want %s", m, err, v2.index.Digest)
	}
	if err := g.Put(t.Context(), "demo/2048", "prod", m, &v1.index.Digest); err != nil {
		t.Fatal(err)
	}
	head, err := g.Head(t.Context(), "demo/2048", "prod")
	if err != nil || head.Digest != v2.index.Digest || head.Raw != nil {
		t.Errorf("%+v, %v", head, err)
	}
	if got := f.manifests["demo/2048:prod"]; got.MediaType != ociIndex || string(got.Raw) != string(v2.index.Raw) {
		t.Errorf("written as %s %s", got.MediaType, got.Raw)
	}
	if err := g.Put(t.Context(), "demo/2048", "prod", m, nil); err != nil {
		t.Errorf("again: %v", err)
	}
	if n, blobs := f.count("PUT "), f.count("GET /v2/demo/2048/blobs"); n != 1 || blobs != 0 {
		t.Errorf("%d writes and %d blobs read, want 1 and 0", n, blobs)
	}
}

func TestRemotePutExpectation(t *testing.T) {
	f := newFake(t)
	v1, v2 := newHandmade("v1", 10, "amd64"), newHandmade("v2", 10, "amd64")
	f.hold("x", v1, "v1", "prod")
	f.hold("x", v2, "v2")
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	none := Digest("")
	for _, test := range []struct {
		name   string
		tag    string
		expect *Digest
		want   error
	}{
		{"another", "prod", &v2.index.Digest, ErrPrecondition},
		{"none, but there", "prod", &none, ErrPrecondition},
		{"some, but not there", "new", &v1.index.Digest, ErrPrecondition},
		{"none", "new", &none, nil},
		{"any", "newer", nil, nil},
		{"slash", "a/b", nil, ErrInvalidName},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := f.count("PUT ")
			err := g.Put(t.Context(), "x", test.tag, v2.index, test.expect)
			if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if wrote := f.count("PUT ") > before; wrote != (test.want == nil) {
				t.Errorf("wrote: %v", wrote)
			}
		})
	}
}

// Somebody else moves the tag between our write and our look at it.
func TestRemotePutLostRace(t *testing.T) {
	f := newFake(t)
	v1, v2, v3 := newHandmade("v1", 10, "amd64"), newHandmade("v2", 10, "amd64"), newHandmade("v3", 10, "amd64")
	f.hold("x", v1, "prod")
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		f.hold("x", v3, "prod")
		w.WriteHeader(http.StatusCreated)
		return true
	}
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	if err := g.Put(t.Context(), "x", "prod", v2.index, &v1.index.Digest); !errors.Is(err, ErrPrecondition) {
		t.Errorf("got %v", err)
	}
}

func TestRemotePutManifest(t *testing.T) {
	f := newFake(t)
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	v1 := newHandmade("v1", 10, "amd64")
	wrongType, wrongDigest, huge, odd := v1.index, v1.index, v1.index, v1.index
	wrongType.MediaType = ociManifest
	wrongDigest.Digest = v1.manifests[0].Digest
	huge.Raw = []byte(strings.Repeat(" ", MaxManifest+1))
	odd.MediaType = "application/json"
	for name, m := range map[string]Manifest{"wrong type": wrongType, "wrong digest": wrongDigest, "huge": huge, "odd type": odd} {
		if err := g.Put(t.Context(), "x", "prod", m, nil); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(f.asked) != 0 {
		t.Errorf("it was asked %q", f.asked)
	}
}

// answer makes a registry answer every request about a manifest in one way.
func answer(write bool, say http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") || write != (r.Method == http.MethodPut) {
			return false
		}
		say(w, r)
		return true
	}
}

func saying(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { sendFault(w, status, code, message) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestRemoteReadFaults(t *testing.T) {
	t.Parallel()
	v1, v2 := newHandmade("v1", 10, "amd64"), newHandmade("v2", 10, "amd64")
	as := func(m Manifest, mediaType string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Docker-Content-Digest", string(v1.index.Digest))
			w.Write(m.Raw)
		}
	}
	for _, test := range []struct {
		name string
		say  http.HandlerFunc
		want error
	}{
		{"unknown", saying(404, "MANIFEST_UNKNOWN", "manifest unknown"), ErrUnknown},
		{"no repository", saying(404, "NAME_UNKNOWN", "no"), ErrUnknown},
		{"404 of a web server", status(404), ErrUnknown},
		{"401", saying(401, "UNAUTHORIZED", "authentication required"), ErrDenied},
		{"401 of a web server", status(401), ErrDenied},
		{"403", saying(403, "DENIED", "requested access is denied"), ErrDenied},
		{"403 of a web server", status(403), ErrDenied},
		{"500", status(500), ErrUnreachable},
		{"500 in JSON", saying(500, "UNKNOWN", "oops"), ErrUnreachable},
		{"503", status(503), ErrUnreachable},
		{"a teapot", status(418), ErrUnreachable},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrUnreachable},
		{"busy", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "50"); w.WriteHeader(429) }, ErrUnreachable},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable},
		{"lying digest", as(v2.index, ociIndex), ErrManifest},
		{"wrong type", as(v1.index, ociManifest), ErrManifest},
		{"no type", as(v1.index, "text/html"), ErrManifest},
		{"huge", as(Manifest{Raw: make([]byte, MaxManifest+1)}, ociIndex), ErrManifest},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Docker-Content-Digest", string(v1.index.Digest))
			for n := 0; n < 4*MaxManifest && r.Method == http.MethodGet; n += 1 << 16 {
				w.Write(make([]byte, 1<<16))
			}
		}, ErrManifest},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.first = answer(false, test.say)
			r := newRemotes(t, RemoteOptions{}, f.host)
			r.patience = 500 * time.Millisecond
			m, err := registryOf(t, r, f.host).Get(t.Context(), "x", "v1")
			if !errors.Is(err, test.want) {
				t.Fatalf("got %+v, %v; want %v", m.Digest, err, test.want)
			}
			for _, s := range []string{`"v1"`, f.host + "/x", "fetching"} {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

func TestRemoteWriteFaults(t *testing.T) {
	v1 := newHandmade("v1", 10, "amd64")
	for _, test := range []struct {
		name string
		say  http.HandlerFunc
		want error
	}{
		{"Harbor", saying(412, "PRECONDITION", "Failed to process request due to 'x:prod' configured as immutable."), ErrImmutable},
		{"412", status(412), ErrImmutable},
		{"ECR", saying(400, "TAG_INVALID", "The image tag 'prod' already exists in the 'x' repository and cannot be overwritten because the repository is immutable."), ErrImmutable},
		{"Quay", saying(409, "TAG_IMMUTABLE", "tag prod is immutable"), ErrImmutable},
		{"ours", saying(403, "DENIED", "tag prod is immutable (now sha256:0)"), ErrImmutable},
		{"denied", saying(403, "DENIED", "requested access is denied"), ErrDenied},
		{"read only", saying(405, "UNSUPPORTED", "The operation is unsupported."), ErrDenied},
		{"405", status(405), ErrDenied},
		{"type", saying(400, "MANIFEST_INVALID", "manifest invalid"), ErrManifest},
		{"too large", status(413), ErrManifest},
		{"blobs", saying(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown"), ErrUnknown},
		{"502", status(502), ErrUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.first = answer(true, test.say)
			g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
			if err := g.Put(t.Context(), "x", "prod", v1.index, nil); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestRemoteDown(t *testing.T) {
	f := newFake(t)
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	f.Close()
	if _, err := g.Tags(t.Context(), "x"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Head(ctx, "x", "v1"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Errorf("a caller who gave up: %v", err)
	}
}

// A registry that does not name the digest in its answer to HEAD is asked for the bytes.
func TestRemoteWithoutDigestHeader(t *testing.T) {
	f := newFake(t)
	v1 := newHandmade("v1", 10, "amd64")
	f.first = answer(false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ociIndex)
		w.Write(v1.index.Raw)
	})
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	if m, err := g.Head(t.Context(), "x", "v1"); err != nil || m.Digest != v1.index.Digest {
		t.Errorf("%+v, %v", m, err)
	}
}

// Credentials come from the auth file as it is at that moment, and reach no error, even when the
// registry throws them back.
func TestRemoteCredentials(t *testing.T) {
	const password = "prod+secret/9"
	basic := base64.StdEncoding.EncodeToString([]byte("robot:" + password))
	f := newFake(t)
	v1 := newHandmade("v1", 10, "amd64")
	f.hold("x", v1, "v1")
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Basic "+basic {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		sendFault(w, 401, "UNAUTHORIZED", "who is "+r.Header.Get("Authorization")+" aka "+password)
		return true
	}
	auth := writeFile(t, filepath.Join(t.TempDir(), "auth.json"), "{}")
	g := registryOf(t, newRemotes(t, RemoteOptions{AuthFile: auth}, f.host), f.host)
	if _, err := g.Head(t.Context(), "x", "v1"); !errors.Is(err, ErrDenied) {
		t.Errorf("without credentials: %v", err)
	}
	login := func(pair string) { writeFile(t, auth, fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, f.host, pair)) }
	login(basic)
	if _, err := g.Head(t.Context(), "x", "v1"); err != nil {
		t.Errorf("after a login: %v", err)
	}
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		}
		sendFault(w, 401, "UNAUTHORIZED", "who is "+r.Header.Get("Authorization")+" aka "+password)
		return true
	}
	_, err := g.Get(t.Context(), "x", "v1")
	if !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
	for _, secret := range []string{password, basic, "secret"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q in %q", secret, err)
		}
	}
	writeFile(t, auth, `{"auths": "`+basic)
	if _, err := g.Get(t.Context(), "x", "v1"); !errors.Is(err, ErrDenied) || strings.Contains(err.Error(), basic) {
		t.Errorf("a broken auth file: %v", err)
	}
}

// REGISTRY_AUTH_FILE and CONTAINERS_REGISTRIES_CONF count where the options say nothing.
func TestRemoteEnvironment(t *testing.T) {
	f := newFake(t)
	f.hold("x", newHandmade("v1", 10, "amd64"), "v1")
	var seen string
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		seen, _, _ = r.BasicAuth()
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		if r.URL.Path == "/v2/" {
			w.WriteHeader(401)
			return true
		}
		return false
	}
	dir := t.TempDir()
	t.Setenv("REGISTRY_AUTH_FILE", writeFile(t, filepath.Join(dir, "a"), fmt.Sprintf(`{"auths":{%q:{"auth":"dTpw"}}}`, f.host+"/x")))
	t.Setenv("CONTAINERS_REGISTRIES_CONF", writeFile(t, filepath.Join(dir, "r"), fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", f.host)))
	r, err := NewRemotes(RemoteOptions{Allowed: []string{f.host}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := registryOf(t, r, f.host).Head(t.Context(), "x", "v1"); err != nil || seen != "u" {
		t.Errorf("%v; the registry saw user %q", err, seen)
	}
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(dir, "missing"))
	if _, err := registryOf(t, r, f.host).Head(t.Context(), "x", "v1"); !errors.Is(err, ErrDenied) {
		t.Errorf("a missing auth file: %v", err)
	}
}
