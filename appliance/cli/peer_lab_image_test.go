package cli_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dying serves for three seconds, which is enough for any probe, and then ends with status 1.
const dying = `package main

import (
	"net/http"
	"os"
	"time"
)

func main() {
	time.AfterFunc(3*time.Second, func() { os.Exit(1) })
	http.ListenAndServe(":8081", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("v5\n")) }))
}
`

// pushDying gives 2048 a version that dies after three seconds: podman's own updates take it for good.
func (l *lab) pushDying(t *testing.T, tag string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("src/main.go", []byte(dying))
	write("src/go.mod", []byte("module dying\n"))
	build := exec.Command("go", "build", "-o", "dying", ".")
	build.Dir, build.Env = filepath.Join(dir, "src"), append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	program, err := os.ReadFile(filepath.Join(dir, "src/dying"))
	if err != nil {
		t.Fatal(err)
	}
	layout := filepath.Join(dir, "oci")
	blob := func(data []byte) string {
		sum := sha256.Sum256(data)
		write("oci/blobs/sha256/"+hex.EncodeToString(sum[:]), data)
		return fmt.Sprintf(`"digest":"sha256:%x","size":%d`, sum, len(data))
	}
	plain, packed := layerOf(t, "dying", program)
	config := blob(fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/dying"]},"rootfs":{"type":"layers","diff_ids":["sha256:%x"]}}`, sha256.Sum256(plain)))
	const kind = `"mediaType":"application/vnd.oci.image.`
	manifest := blob(fmt.Appendf(nil, `{"schemaVersion":2,%smanifest.v1+json","config":{%sconfig.v1+json",%s},"layers":[{%slayer.v1.tar+gzip",%s}]}`, kind, kind, config, kind, blob(packed)))
	write("oci/index.json", fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[{%smanifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"x"}}]}`, kind, manifest))
	write("oci/oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	l.push("oci:"+layout+":x", "2048:"+tag, dir)
}

// layerOf is a layer of one program, as it is and packed.
func layerOf(t *testing.T, name string, program []byte) (plain, packed []byte) {
	t.Helper()
	var tarred, zipped bytes.Buffer
	w := tar.NewWriter(&tarred)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(program)), ModTime: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(tarred.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return tarred.Bytes(), zipped.Bytes()
}

// push copies an image into the builder's registry with the token.
func (l *lab) push(from, to, dir string) {
	l.t.Helper()
	token, err := os.ReadFile(filepath.Join(l.house.data, "token"))
	if err != nil {
		l.t.Fatal(err)
	}
	registry, auth := strings.TrimPrefix(l.house.url, "http://"), filepath.Join(dir, "auth.json")
	run(l.t, "bash", "-c", `printf %s "$1" | skopeo login --tls-verify=false --authfile "$2" -u appliance --password-stdin "$3"`, "login",
		strings.TrimSpace(string(token)), auth, registry)
	run(l.t, "skopeo", "copy", "-q", "--dest-tls-verify=false", "--authfile", auth, from, "docker://"+registry+"/"+to)
}
