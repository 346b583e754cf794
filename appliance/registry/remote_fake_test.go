//go:build containers_image_openpgp

package registry

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Types of the images that the tests make.
const (
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
)

// handmade is an image for several platforms: every byte of it written here.
type handmade struct {
	index     Manifest
	manifests []Manifest
	blobs     map[Digest][]byte
}

func sum(data []byte) Digest { return Digest(fmt.Sprintf("sha256:%x", sha256.Sum256(data))) }

// newHandmade makes an image that word tells from others. layer is the size of each layer in bytes.
// The entries of the index carry a field that old tools drop.
func newHandmade(word string, layer int, platforms ...string) handmade {
	return makeByHand(word, layer, `"artifactType":"application/x-test",`, platforms)
}

// makeByHand writes fields into each entry of the index.
func makeByHand(word string, layer int, fields string, platforms []string) handmade {
	h := handmade{blobs: map[Digest][]byte{}}
	add := func(data []byte) string {
		h.blobs[sum(data)] = data
		return fmt.Sprintf(`"digest":%q,"size":%d`, sum(data), len(data))
	}
	var entries []string
	for _, p := range platforms {
		tar := []byte(strings.Repeat(word+p+"\n", layer/(len(word+p)+1)+1))
		content := add(tar)
		config := add(fmt.Appendf(nil, `{"architecture":%q,"os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%q]}}`, p, sum(tar)))
		raw := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},`+
			`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}`, ociManifest, config, content)
		h.manifests = append(h.manifests, Manifest{Digest: sum(raw), MediaType: ociManifest, Raw: raw, Size: int64(len(raw))})
		entries = append(entries, fmt.Sprintf(`{"mediaType":%q,%s"digest":%q,"size":%d,"platform":{"architecture":%q,"os":"linux"}}`,
			ociManifest, fields, sum(raw), len(raw), p))
	}
	raw := fmt.Appendf(nil, "{\n  \"schemaVersion\":2,\"mediaType\":%q,\"manifests\":[%s]}", ociIndex, strings.Join(entries, ","))
	h.index = Manifest{Digest: sum(raw), MediaType: ociIndex, Raw: raw, Size: int64(len(raw))}
	return h
}

// fakeRegistry is a small registry on a loopback port that can be told to misbehave.
type fakeRegistry struct {
	*httptest.Server
	host string

	mu        sync.Mutex
	manifests map[string]Manifest // REPOSITORY:TAG and REPOSITORY@DIGEST
	blobs     map[Digest][]byte
	asked     []string                                          // METHOD PATH
	first     func(w http.ResponseWriter, r *http.Request) bool // answers, or does not
}

func newFake(t testing.TB) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{manifests: map[string]Manifest{}, blobs: map[Digest][]byte{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.host = strings.TrimPrefix(f.URL, "http://")
	return f
}

// hold stores h under repository and tags.
func (f *fakeRegistry) hold(repository string, h handmade, tags ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range append(h.manifests, h.index) {
		f.manifests[repository+"@"+string(m.Digest)] = m
	}
	for _, tag := range tags {
		f.manifests[repository+":"+tag] = h.index
	}
	for d, data := range h.blobs {
		f.blobs[d] = data
	}
}

// count is how many requests began with prefix.
func (f *fakeRegistry) count(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, a := range f.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	first := f.first
	f.mu.Unlock()
	if first != nil && first(w, r) {
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	switch {
	case path == "":
		w.WriteHeader(http.StatusOK)
	case strings.HasSuffix(path, "/tags/list"):
		f.serveTags(w, strings.TrimSuffix(path, "/tags/list"))
	case strings.Contains(path, "/manifests/"):
		repository, reference, _ := strings.Cut(path, "/manifests/")
		f.serveManifest(w, r, repository, reference)
	case strings.Contains(path, "/blobs/"):
		repository, rest, _ := strings.Cut(path, "/blobs/")
		f.serveBlob(w, r, repository, rest)
	default:
		refusal404(w, "NAME_UNKNOWN")
	}
}

func refusal404(w http.ResponseWriter, code string) {
	sendFault(w, http.StatusNotFound, code, "not here")
}

func sendFault(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

func (f *fakeRegistry) serveTags(w http.ResponseWriter, repository string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	tags := []string{}
	for name := range f.manifests {
		if tag, ok := strings.CutPrefix(name, repository+":"); ok {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		refusal404(w, "NAME_UNKNOWN")
		return
	}
	slices.Sort(tags)
	slices.Reverse(tags)
	json.NewEncoder(w).Encode(map[string]any{"name": repository, "tags": tags})
}

func (f *fakeRegistry) serveManifest(w http.ResponseWriter, r *http.Request, repository, reference string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	separator := ":"
	if strings.Contains(reference, ":") {
		separator = "@"
	}
	if r.Method == http.MethodPut {
		raw, _ := io.ReadAll(r.Body)
		m := Manifest{Digest: sum(raw), MediaType: r.Header.Get("Content-Type"), Raw: raw}
		f.manifests[repository+separator+reference] = m
		f.manifests[repository+"@"+string(m.Digest)] = m
		w.WriteHeader(http.StatusCreated)
		return
	}
	m, ok := f.manifests[repository+separator+reference]
	if !ok {
		refusal404(w, "MANIFEST_UNKNOWN")
		return
	}
	w.Header().Set("Content-Type", m.MediaType)
	w.Header().Set("Docker-Content-Digest", string(m.Digest))
	w.Write(m.Raw)
}

func (f *fakeRegistry) serveBlob(w http.ResponseWriter, r *http.Request, repository, rest string) {
	switch r.Method {
	case http.MethodPost:
		w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/1")
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPatch, http.MethodPut:
		data, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Method == http.MethodPatch {
			f.blobs[sum(data)] = data
			w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/1")
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(http.StatusCreated)
	default:
		f.mu.Lock()
		data, ok := f.blobs[Digest(rest)]
		f.mu.Unlock()
		if !ok {
			refusal404(w, "BLOB_UNKNOWN")
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data)
	}
}

// newRemotes reaches the hosts in plain, and others that o allows with TLS. No file of whoever runs
// the tests takes part.
func newRemotes(t testing.TB, o RemoteOptions, plain ...string) *Remotes {
	t.Helper()
	dir := t.TempDir()
	var conf strings.Builder
	for _, host := range plain {
		fmt.Fprintf(&conf, "[[registry]]\nlocation = %q\ninsecure = true\n", host)
	}
	o.Allowed = append(o.Allowed, plain...)
	if o.Config == "" {
		o.Config = writeFile(t, filepath.Join(dir, "registries.conf"), conf.String())
	}
	if o.AuthFile == "" {
		o.AuthFile = writeFile(t, filepath.Join(dir, "auth.json"), "{}")
	}
	r, err := NewRemotes(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// registryOf is the registry of host.
func registryOf(t testing.TB, r *Remotes, host string) Registry {
	t.Helper()
	g, err := r.Registry(host)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
