package app

import (
	"context"
	"testing"

	"edge/appliance/image"
	"edge/appliance/registry"
)

// Load is what the embedded registry does, in memory.
func (f *fake) Load(ctx context.Context, repository, tag string, m registry.Manifest, blobs map[registry.Digest][]byte, children []registry.Manifest) (bool, error) {
	if f.at(repository, tag) != "" {
		return false, nil
	}
	for d, data := range blobs {
		f.blobs[d] = data
	}
	for _, c := range children {
		f.manifests[repository+"@"+string(c.Digest)] = c
	}
	return true, f.put(ctx, repository, tag, m, nil)
}

func TestSeeding(t *testing.T) {
	raw := func(s string) image.Document {
		return image.Document{Digest: string(digest([]byte(s))), MediaType: "application/vnd.oci.image.index.v1+json", Raw: []byte(s)}
	}
	images := []image.Image{
		{Repository: "2048", Tag: "v1", Index: raw("one"), Manifests: []image.Document{raw("child")}, Blobs: []image.Blob{{Digest: string(digest([]byte("layer"))), Data: []byte("layer")}}},
		{Repository: "2048", Tag: "v2", Index: raw("two")},
	}
	aliases := []image.Alias{{Repository: "2048", Tag: "prod", At: "v1"}}
	f := newFake()
	for range 2 {
		if err := seedAll(t.Context(), f, images, aliases); err != nil {
			t.Fatal(err)
		}
		if len(f.puts) != 3 || f.at("2048", "prod") != digest([]byte("one")) || f.blobs[digest([]byte("layer"))] == nil || f.manifests["2048@"+string(digest([]byte("child")))].Raw == nil {
			t.Errorf("seeded %v, %v", f.puts, f.tags)
		}
	}
	two, _ := f.Get(t.Context(), "2048", "v2")
	if err := f.put(t.Context(), "2048", "prod", two, nil); err != nil {
		t.Fatal(err)
	}
	if err := seedAll(t.Context(), f, images, aliases); err != nil || f.at("2048", "prod") != two.Digest {
		t.Errorf("seeding moved a tag that somebody had moved: %v", err)
	}
	if err := seedAll(t.Context(), f, nil, []image.Alias{{Repository: "2048", Tag: "beta", At: "v9"}}); err == nil {
		t.Error("an alias of nothing")
	}
}
