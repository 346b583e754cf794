package image

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// skopeo needs a program that is not part of this module, so it waits for APPLIANCE_PEERS=1, as
// make test sets it; then the program must be there.
func skopeo(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	program := exec.CommandContext(t.Context(), "skopeo", args...)
	program.Stdout, program.Stderr = &out, &errs
	if err := program.Run(); err != nil {
		t.Fatalf("skopeo %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes()
}

// write puts an image into an OCI layout.
func write(t *testing.T, dir string, i Image) {
	t.Helper()
	blobs := append(i.Blobs, Blob{Digest: i.Index.Digest, Data: i.Index.Raw})
	for _, m := range i.Manifests {
		blobs = append(blobs, Blob{Digest: m.Digest, Data: m.Raw})
	}
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	for _, b := range blobs {
		files[filepath.Join("blobs", strings.Replace(b.Digest, ":", "/", 1))] = b.Data
	}
	type named struct {
		descriptor
		Annotations map[string]string `json:"annotations"`
	}
	entry := describe(typeIndex, Blob{Digest: i.Index.Digest, Data: i.Index.Raw})
	list, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []named{
		{entry, map[string]string{"org.opencontainers.image.ref.name": i.Tag}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	files["index.json"] = list
	for name, data := range files {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// skopeo reads the images, and copies them without changing a byte of the index.
func TestSkopeo(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	images, _ := samples(t)
	for _, i := range images {
		t.Run(i.Repository+":"+i.Tag, func(t *testing.T) {
			dir, copied := t.TempDir(), t.TempDir()
			write(t, dir, i)
			from := "oci:" + dir + ":" + i.Tag
			if raw := skopeo(t, "inspect", "--raw", from); !bytes.Equal(raw, i.Index.Raw) {
				t.Errorf("skopeo reads\n%s\nwant\n%s", raw, i.Index.Raw)
			}
			for _, arch := range architectures {
				var seen struct {
					Architecture string
					Labels       map[string]string
					Layers       []string
				}
				if err := json.Unmarshal(skopeo(t, "--override-arch", arch, "inspect", from), &seen); err != nil {
					t.Fatal(err)
				}
				if seen.Architecture != arch || seen.Labels["org.opencontainers.image.version"] != i.Tag || len(seen.Layers) != 2 {
					t.Errorf("skopeo sees %+v", seen)
				}
			}
			skopeo(t, "--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests", from, "oci:"+copied+":"+i.Tag)
			if raw := skopeo(t, "inspect", "--raw", "oci:"+copied+":"+i.Tag); !bytes.Equal(raw, i.Index.Raw) {
				t.Errorf("skopeo copied\n%s\nwant\n%s", raw, i.Index.Raw)
			}
		})
	}
}
