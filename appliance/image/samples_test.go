package image

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"edge/embedded"
)

func samples(t *testing.T) ([]Image, []Alias) {
	t.Helper()
	images, aliases, err := Samples(embedded.Apps())
	if err != nil {
		t.Fatal(err)
	}
	return images, aliases
}

func find(t *testing.T, name string) Image {
	t.Helper()
	images, _ := samples(t)
	for _, i := range images {
		if i.Repository+":"+i.Tag == name {
			return i
		}
	}
	t.Fatalf("there is no sample %s", name)
	return Image{}
}

// parts are the manifest of i for arch, the configuration and the layers.
func parts(t *testing.T, i Image, arch string) (m manifest, c configuration, layers [][]byte) {
	t.Helper()
	blobs := map[string][]byte{}
	for _, b := range i.Blobs {
		blobs[b.Digest] = b.Data
	}
	at := slices.Index(architectures[:], arch)
	if at < 0 {
		t.Fatalf("there is no image for %s", arch)
	}
	if err := json.Unmarshal(i.Manifests[at].Raw, &m); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(blobs[m.Config.Digest], &c); err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Layers {
		layers = append(layers, blobs[l.Digest])
	}
	return m, c, layers
}

// golden compares got with a file of testdata, which UPDATE=1 rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// Devices compare digests, so those of the samples may change on purpose only.
func TestDigests(t *testing.T) {
	images, aliases := samples(t)
	var b strings.Builder
	for _, i := range images {
		fmt.Fprintf(&b, "%s:%s\n  index  %s %d\n", i.Repository, i.Tag, i.Index.Digest, len(i.Index.Raw))
		for n, m := range i.Manifests {
			fmt.Fprintf(&b, "  %s  %s %d\n", architectures[n], m.Digest, len(m.Raw))
		}
		for _, l := range i.Blobs {
			fmt.Fprintf(&b, "  blob   %s %d\n", l.Digest, len(l.Data))
		}
	}
	for _, a := range aliases {
		fmt.Fprintf(&b, "%s:%s -> %s\n", a.Repository, a.Tag, a.At)
	}
	golden(t, "digests.golden", b.String())
}

// What the documents say, to be read by people: the digests above hold them to the byte.
func TestDocuments(t *testing.T) {
	i := find(t, "2048:v3")
	m, _, _ := parts(t, i, "amd64")
	var b bytes.Buffer
	for _, raw := range [][]byte{i.Index.Raw, i.Manifests[0].Raw, config(t, i, m)} {
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	golden(t, "2048-v3.golden", b.String())
}

func config(t *testing.T, i Image, m manifest) []byte {
	t.Helper()
	for _, b := range i.Blobs {
		if b.Digest == m.Config.Digest {
			return b.Data
		}
	}
	t.Fatalf("%s is not among the blobs", m.Config.Digest)
	return nil
}

// Every digest and size is that of the bytes, everything referred to is there, and nothing else is.
func TestReferences(t *testing.T) {
	images, aliases := samples(t)
	names := map[Alias]bool{}
	for _, i := range images {
		names[Alias{Repository: i.Repository, Tag: i.Tag}] = true
		blobs, used := map[string]int{}, map[string]bool{}
		for _, b := range i.Blobs {
			if blobs[b.Digest] = len(b.Data); b.Digest != digest(b.Data) {
				t.Errorf("%s:%s: a blob is not %s", i.Repository, i.Tag, b.Digest)
			}
		}
		if len(blobs) != len(i.Blobs) {
			t.Errorf("%s:%s has a blob twice", i.Repository, i.Tag)
		}
		var x index
		if err := json.Unmarshal(i.Index.Raw, &x); err != nil || len(x.Manifests) != len(i.Manifests) || len(x.Manifests) != 2 {
			t.Fatalf("%s:%s: %v, %d manifests", i.Repository, i.Tag, err, len(x.Manifests))
		}
		for n, arch := range architectures {
			entry, d := x.Manifests[n], i.Manifests[n]
			if entry.Digest != d.Digest || entry.Size != len(d.Raw) || entry.MediaType != d.MediaType || *entry.Platform != (platform{arch, "linux"}) {
				t.Errorf("%s:%s: the index says %+v, the manifest is %s", i.Repository, i.Tag, entry, d.Digest)
			}
			m, c, _ := parts(t, i, arch)
			for _, part := range append(m.Layers, m.Config) {
				if used[part.Digest] = true; blobs[part.Digest] != part.Size {
					t.Errorf("%s:%s: %s has %d bytes, %s says %d", i.Repository, i.Tag, part.Digest, blobs[part.Digest], arch, part.Size)
				}
			}
			if c.Architecture != arch || len(c.RootFS.DiffIDs) != len(m.Layers) || len(c.History) != len(m.Layers) {
				t.Errorf("%s:%s: the configuration for %s is %+v", i.Repository, i.Tag, arch, c)
			}
		}
		if len(used) != len(blobs) {
			t.Errorf("%s:%s: %d blobs, %d in use", i.Repository, i.Tag, len(blobs), len(used))
		}
	}
	for _, a := range aliases {
		if !names[Alias{Repository: a.Repository, Tag: a.At}] || names[Alias{Repository: a.Repository, Tag: a.Tag}] {
			t.Errorf("%+v leads nowhere or hides an image", a)
		}
	}
}

// Building twice gives the same bytes; the server's layer and the pages are shared as far as they can be.
func TestSharing(t *testing.T) {
	first, _ := samples(t)
	second, _ := samples(t)
	if !reflect.DeepEqual(first, second) {
		t.Error("two builds differ")
	}
	servers, sites := map[string]bool{}, map[string]bool{}
	for _, i := range first {
		amd, _, _ := parts(t, i, "amd64")
		arm, _, _ := parts(t, i, "arm64")
		if amd.Layers[1].Digest != arm.Layers[1].Digest {
			t.Errorf("%s:%s has pages of its own for arm64", i.Repository, i.Tag)
		}
		servers[amd.Layers[0].Digest], servers[arm.Layers[0].Digest] = true, true
		sites[amd.Layers[1].Digest] = true
	}
	if len(servers) != 2 || len(sites) != len(first) {
		t.Errorf("%d servers' layers and %d of pages, want 2 and %d", len(servers), len(sites), len(first))
	}
}

func TestSamplesRefusesMissingFiles(t *testing.T) {
	whole := fstest.MapFS{}
	for _, name := range []string{"server-amd64.gz", "server-arm64.gz", "2048/index.html", "simple-http/index.html"} {
		data := []byte(name)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write(data)
			z.Close()
			data = b.Bytes()
		}
		whole[name] = &fstest.MapFile{Data: data}
	}
	if _, _, err := Samples(whole); err != nil {
		t.Fatalf("everything is there: %v", err)
	}
	for name := range whole {
		rest := fstest.MapFS{}
		for other, f := range whole {
			if other != name {
				rest[other] = f
			}
		}
		quoted := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(name, "/index.html"), "server-"), ".gz")
		_, _, err := Samples(rest)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), fmt.Sprintf("%q", quoted)) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestLayerRefusesLongNames(t *testing.T) {
	name := strings.Repeat("a", 300)
	if _, err := layer([]file{{name: name}}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
		t.Errorf("a name that USTAR cannot hold: %v", err)
	}
}
