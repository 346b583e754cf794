//go:build containers_image_openpgp

package registry

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containers/image/v5/types"
)

func TestRedact(t *testing.T) {
	token := types.DockerAuthConfig{Username: "robot", Password: "s3cret/+=", IdentityToken: "identity-token"}
	for in, want := range map[string]string{
		"plain words":                                                              "plain words",
		"basic authentication required":                                            "basic authentication required",
		`password "s3cret/+=" refused`:                                             `password "[redacted]" refused`,
		"s3cret%2F%2B%3D or identity-token":                                        "[redacted] or [redacted]",
		"Authorization: Basic cm9ib3Q6czNjcmV0Lys9":                                "Authorization: Basic [redacted]",
		"Bearer eyJhbGciOiJSUzI1NiJ9.e30.abcdefgh":                                 "Bearer [redacted]",
		`Get "https://a.example/token?account=robot&x=y": EOF`:                     `Get "https://a.example/token": EOF`,
		`Get "https://robot:other@a.example/v2/": EOF`:                             `Get "https://a.example/v2/": EOF`,
		`decoding bearer token (last URL "x", body start "{\"token\":\"abc"): bad`: `decoding bearer token (last URL "x"`,
	} {
		if got := redact(in, token); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := redact(strings.Repeat("ä", 1000), token); len(got) > longestText+len("…") {
		t.Errorf("%d bytes", len(got))
	}
	if got := redact("nothing to hide", types.DockerAuthConfig{}); got != "nothing to hide" {
		t.Errorf("without credentials: %q", got)
	}
}

// A mirror that has something else under the tag does not count: the registry itself says what the
// tag is, and takes the write. A mirror that is not allowed is not asked.
func TestRemoteMirror(t *testing.T) {
	primary, mirror, foreign := newFake(t), newFake(t), newFake(t)
	right, wrong := newHandmade("right", 10, "amd64"), newHandmade("wrong", 10, "amd64")
	primary.hold("x", right, "v2")
	mirror.hold("x", wrong, "v2")
	foreign.hold("x", wrong, "v2")
	conf := fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", primary.host)
	for _, host := range []string{foreign.host, mirror.host} {
		conf += fmt.Sprintf("[[registry.mirror]]\nlocation = %q\ninsecure = true\n", host)
	}
	r := newRemotes(t, RemoteOptions{
		Allowed: []string{primary.host, mirror.host},
		Config:  writeFile(t, filepath.Join(t.TempDir(), "registries.conf"), conf),
	})
	g := registryOf(t, r, primary.host)
	m, err := g.Get(t.Context(), "x", "v2")
	if err != nil || m.Digest != right.index.Digest {
		t.Fatalf("%s, %v; want %s", m.Digest, err, right.index.Digest)
	}
	if err := g.Put(t.Context(), "x", "prod", m, nil); err != nil {
		t.Fatal(err)
	}
	if primary.count("PUT ") != 1 || mirror.count("PUT ") != 0 || mirror.count("GET /v2/x/manifests") != 1 {
		t.Errorf("primary %q, mirror %q", primary.asked, mirror.asked)
	}
	if foreign.count("") != 0 {
		t.Errorf("the foreign mirror was asked %q", foreign.asked)
	}
	if _, err := g.Get(t.Context(), "x", "v9"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

// registries.conf may forbid what we allow.
func TestRemoteBlocked(t *testing.T) {
	f := newFake(t)
	conf := writeFile(t, filepath.Join(t.TempDir(), "r"), fmt.Sprintf("[[registry]]\nlocation = %q\nblocked = true\n", f.host))
	g := registryOf(t, newRemotes(t, RemoteOptions{Allowed: []string{f.host}, Config: conf}), f.host)
	if _, err := g.Head(t.Context(), "x", "v1"); !errors.Is(err, ErrForbidden) || f.count("") != 0 {
		t.Errorf("got %v", err)
	}
}
