//go:build containers_image_openpgp

package registry

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// remotePeers wants programs that stand on the other side.
func remotePeers(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatal(err)
		}
	}
}

// dockerRegistry starts Debian's docker-registry on a loopback port, where it answers before this returns.
func dockerRegistry(t *testing.T) (host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host = l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := writeFile(t, filepath.Join(dir, "config.yml"), fmt.Sprintf(
		"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: %s\n", dir, host))
	c := exec.Command("docker-registry", "serve", config)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for range 100 {
		if resp, err := http.Get("http://" + host + "/v2/"); err == nil {
			resp.Body.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("docker-registry does not answer")
	return ""
}

// recorded stands in front of host and notes what is asked.
func recorded(t *testing.T, host string) *fakeRegistry {
	t.Helper()
	f := newFake(t)
	p := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: host})
		r.Out.Host = r.In.Host
	}}
	f.first = func(w http.ResponseWriter, r *http.Request) bool {
		p.ServeHTTP(w, r)
		return true
	}
	return f
}

func runPeer(t *testing.T, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "REGISTRY_AUTH_FILE="+writeFile(t, filepath.Join(t.TempDir(), "auth.json"), "{}"))
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, stderr.String())
	}
	return string(out)
}

// fill pushes h with skopeo.
func fill(t *testing.T, h handmade, host, repository string, tags ...string) {
	t.Helper()
	dir := t.TempDir()
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(d Digest, data []byte) {
		writeFile(t, filepath.Join(blobs, strings.TrimPrefix(string(d), "sha256:")), string(data))
	}
	for d, data := range h.blobs {
		put(d, data)
	}
	for _, m := range append(h.manifests, h.index) {
		put(m.Digest, m.Raw)
	}
	writeFile(t, filepath.Join(dir, "oci-layout"), `{"imageLayoutVersion":"1.0.0"}`)
	writeFile(t, filepath.Join(dir, "index.json"), fmt.Sprintf(
		`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"annotations":{"org.opencontainers.image.ref.name":"x"}}]}`,
		ociIndex, h.index.Digest, h.index.Size))
	for _, tag := range tags {
		runPeer(t, "skopeo", "--insecure-policy", "copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false",
			"oci:"+dir+":x", "docker://"+host+"/"+repository+":"+tag)
	}
}

// peerDigest is the digest of a tag as skopeo sees it.
func peerDigest(t *testing.T, host, repository, tag string) Digest {
	t.Helper()
	return sum([]byte(runPeer(t, "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://"+host+"/"+repository+":"+tag)))
}

// A retag on docker-registry: one PUT, no blob, both platforms, the same digest; nothing the second time.
func TestPeerRetag(t *testing.T) {
	remotePeers(t, "docker-registry", "skopeo")
	host := dockerRegistry(t)
	v1, v2 := makeByHand("v1", 1000, "", []string{"amd64", "arm64"}), makeByHand("v2", 1000, "", []string{"amd64", "arm64"})
	fill(t, v1, host, "demo/2048", "v1", "prod")
	fill(t, v2, host, "demo/2048", "v2")
	f := recorded(t, host)
	g := registryOf(t, newRemotes(t, RemoteOptions{}, f.host), f.host)
	for range 2 {
		m, err := g.Get(t.Context(), "demo/2048", "v2")
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Put(t.Context(), "demo/2048", "prod", m, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := peerDigest(t, host, "demo/2048", "prod"); got != v2.index.Digest {
		t.Errorf("prod is %s, want %s", got, v2.index.Digest)
	}
	puts := f.count("PUT ")
	blobs := f.count("GET /v2/demo/2048/blobs") + f.count("HEAD /v2/demo/2048/blobs") + f.count("POST ")
	if puts != 1 || blobs != 0 {
		t.Errorf("%d PUT and %d requests for blobs, want 1 and 0: %q", puts, blobs, f.asked)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		out := runPeer(t, "skopeo", "--override-arch", arch, "inspect", "--tls-verify=false", "--format", "{{.Architecture}}", "docker://"+host+"/demo/2048:prod")
		if strings.TrimSpace(out) != arch {
			t.Errorf("for %s there is %q", arch, out)
		}
	}
	tags, err := g.Tags(t.Context(), "demo/2048")
	if err != nil || strings.Join(tags, " ") != "prod v1 v2" {
		t.Errorf("%q, %v", tags, err)
	}
}

// A copy between two docker-registries keeps the digest, also of an index with fields of today.
func TestPeerCopy(t *testing.T) {
	remotePeers(t, "docker-registry", "skopeo")
	from, to := dockerRegistry(t), dockerRegistry(t)
	h := makeByHand("v1", 3_000_000, "", []string{"amd64", "arm64"})
	fill(t, h, from, "someone/2048", "v1")
	odd := newHandmade("v1", 3_000_000, "amd64", "arm64") // over the same manifests
	putRaw(t, "http://"+from+"/v2/someone/2048/manifests/v2", odd.index)
	f := recorded(t, to)
	r := newRemotes(t, RemoteOptions{}, from)
	for tag, want := range map[string]Digest{"v1": h.index.Digest, "v2": odd.index.Digest} {
		d, copied, err := r.Copy(t.Context(), from+"/someone/2048", tag, f.host+"/2048", "", "", nil)
		if err != nil || !copied || d != want {
			t.Fatalf("%s: %s, %v, %v; want %s", tag, d, copied, err, want)
		}
		if got := peerDigest(t, to, "2048", tag); got != want {
			t.Errorf("%s arrived as %s, want %s", tag, got, want)
		}
	}
	if n := f.count("POST "); n != len(h.blobs) {
		t.Errorf("%d uploads for %d blobs", n, len(h.blobs))
	}
	before := f.count("P")
	if _, copied, err := r.Copy(t.Context(), from+"/someone/2048", "v1", f.host+"/2048", "", "", nil); err != nil || copied || f.count("P") != before {
		t.Errorf("again: %v, %v", copied, err)
	}
}

func putRaw(t *testing.T, address string, m Manifest) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(string(m.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.MediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("PUT %s: %s", address, resp.Status)
	}
}

// BenchmarkRemoteRetag moves a tag back and forth: Get and Put.
func BenchmarkRemoteRetag(b *testing.B) {
	f := newFake(b)
	v := []handmade{newHandmade("v1", 10, "amd64", "arm64"), newHandmade("v2", 10, "amd64", "arm64")}
	f.hold("x", v[0], "v0")
	f.hold("x", v[1], "v1")
	g := registryOf(b, newRemotes(b, RemoteOptions{}, f.host), f.host)
	for i := 0; b.Loop(); i++ {
		m, err := g.Get(b.Context(), "x", fmt.Sprint("v", i%2))
		if err == nil {
			err = g.Put(b.Context(), "x", "prod", m, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
