//go:build containers_image_openpgp

package registry

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopy(t *testing.T) {
	from, to := newFake(t), newFake(t)
	h := newHandmade("v1", 100_000, "amd64", "arm64")
	from.hold("someone/2048", h, "v1")
	r := newRemotes(t, RemoteOptions{}, from.host)
	var said []Copied
	report := func(c Copied) { said = append(said, c) }
	d, copied, err := r.Copy(t.Context(), from.host+"/someone/2048", "v1", to.host+"/2048", "u", "p", report)
	if err != nil || !copied || d != h.index.Digest {
		t.Fatalf("%s, %v, %v; want %s", d, copied, err, h.index.Digest)
	}
	if got := to.manifests["2048:v1"]; string(got.Raw) != string(h.index.Raw) || got.MediaType != ociIndex {
		t.Errorf("arrived as %s %s", got.MediaType, got.Raw)
	}
	for _, m := range h.manifests {
		if got := to.manifests["2048@"+string(m.Digest)]; string(got.Raw) != string(m.Raw) {
			t.Errorf("%s arrived as %q", m.Digest, got.Raw)
		}
	}
	for d := range h.blobs {
		if to.blobs[d] == nil {
			t.Errorf("%s is missing", d)
		}
	}
	whole := false
	for _, c := range said {
		if c.Tag != "v1" || c.Done > c.Total && c.Total != -1 {
			t.Errorf("said %+v", c)
		}
		whole = whole || c.Total > 100_000 && c.Done == c.Total
	}
	if !whole {
		t.Errorf("no layer was said to be done: %+v", said)
	}
	said = nil
	writes := to.count("P")
	d, copied, err = r.Copy(t.Context(), from.host+"/someone/2048", "v1", to.host+"/2048", "u", "p", report)
	if err != nil || copied || d != h.index.Digest || to.count("P") != writes {
		t.Errorf("again: %s, %v, %v", d, copied, err)
	}
	if len(said) != 1 || !said[0].Skipped {
		t.Errorf("again it said %+v", said)
	}
}

// What an interrupted copy brought is not sent again, and before the end there is no tag.
func TestCopyResumes(t *testing.T) {
	from, to := newFake(t), newFake(t)
	h := newHandmade("v1", 1000, "amd64", "arm64")
	from.hold("x", h, "v1")
	r := newRemotes(t, RemoteOptions{}, from.host)
	to.first = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256:") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	copyIt := func() error {
		_, _, err := r.Copy(t.Context(), from.host+"/x", "v1", to.host+"/x", "", "", nil)
		return err
	}
	if err := copyIt(); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if _, ok := to.manifests["x:v1"]; ok {
		t.Error("a tag without its manifests")
	}
	to.first = nil
	before := len(to.blobs)
	if before == 0 {
		t.Fatal("nothing arrived")
	}
	to.asked = nil
	if err := copyIt(); err != nil {
		t.Fatal(err)
	}
	if n := to.count("POST "); n != len(h.blobs)-before {
		t.Errorf("%d uploads, %d of %d blobs were there", n, before, len(h.blobs))
	}
}

func TestCopyFaults(t *testing.T) {
	from, to := newFake(t), newFake(t)
	h := newHandmade("v1", 1000, "amd64")
	from.hold("x", h, "v1")
	r := newRemotes(t, RemoteOptions{}, from.host)
	for _, test := range []struct {
		name, from, tag, destination string
		want                         error
	}{
		{"unknown tag", from.host + "/x", "v9", to.host + "/x", ErrUnknown},
		{"no tag", from.host + "/x", "a/b", to.host + "/x", ErrInvalidName},
		{"source not allowed", to.host + "/x", "v1", to.host + "/y", ErrForbidden},
		{"source without host", "x", "v1", to.host + "/x", ErrInvalidName},
		{"URL", "http://" + from.host + "/x", "v1", to.host + "/x", ErrInvalidName},
		{"destination not allowed", from.host + "/x", "v1", "192.0.2.1:5000/x", ErrForbidden},
		{"destination with a tag", from.host + "/x", "v1", to.host + "/x:v1", ErrInvalidName},
		{"destination down", from.host + "/x", "v1", "127.0.0.1:1/x", ErrUnreachable},
	} {
		_, copied, err := r.Copy(t.Context(), test.from, test.tag, test.destination, "u", "p", nil)
		if !errors.Is(err, test.want) || copied {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	if n := to.count("P"); n != 0 {
		t.Errorf("%d writes", n)
	}
}

// The destination's credentials go to the destination alone, the auth file's to the source alone,
// and none into an error.
func TestCopyCredentials(t *testing.T) {
	from, to := newFake(t), newFake(t)
	from.hold("x", newHandmade("v1", 10, "amd64"), "v1")
	guard := func(user, password string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if u, p, _ := r.BasicAuth(); r.URL.Path != "/v2/" && u == user && p == password {
				return false
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			sendFault(w, 401, "UNAUTHORIZED", "no "+r.Header.Get("Authorization"))
			return true
		}
	}
	from.first, to.first = guard("u", "p"), guard("appliance", "to/ken")
	auth := writeFile(t, filepath.Join(t.TempDir(), "auth.json"), fmt.Sprintf(`{"auths":{%q:{"auth":"dTpw"}}}`, from.host))
	r := newRemotes(t, RemoteOptions{AuthFile: auth}, from.host)
	if _, _, err := r.Copy(t.Context(), from.host+"/x", "v1", to.host+"/x", "appliance", "to/ken", nil); err != nil {
		t.Error(err)
	}
	_, _, err := r.Copy(t.Context(), from.host+"/x", "v1", to.host+"/x", "appliance", "wrong-secret", nil)
	if !errors.Is(err, ErrDenied) || strings.Contains(err.Error(), "wrong-secret") || strings.Contains(err.Error(), "YXBwbGlhbmNl") {
		t.Errorf("got %v", err)
	}
}

// A source cannot use the permission to speak to the destination, which is on this machine.
func TestCopySourceStaysOutside(t *testing.T) {
	from, to := newFake(t), newFake(t)
	h := newHandmade("v1", 10, "amd64")
	from.hold("x", h, "v1")
	from.first = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		http.Redirect(w, r, to.URL+"/secret", http.StatusFound)
		return true
	}
	r := newRemotes(t, RemoteOptions{}, from.host)
	if _, _, err := r.Copy(t.Context(), from.host+"/x", "v1", to.host+"/x", "", "", nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("got %v", err)
	}
	if to.count("GET /secret") != 0 {
		t.Error("the source reached the destination")
	}
}
