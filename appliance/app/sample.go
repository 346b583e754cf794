package app

import (
	"context"
	"errors"
	"fmt"

	"edge/appliance/image"
	"edge/appliance/registry"
)

// Samples are the apps of the sample images, as the demonstration has them.
func Samples() []App {
	return []App{
		{Name: "2048", Image: "2048", Tag: DefaultTag, Unit: "app1", Port: 8081},
		{Name: "simple-http", Image: "simple-http", Tag: DefaultTag, Unit: "httpd", Port: 8080, Cold: true},
	}
}

// SeedSamples stores sample images and points their aliases at them. A tag that is there stays as
// it is: somebody may have moved it.
func SeedSamples(ctx context.Context, store *registry.Store, images []image.Image, aliases []image.Alias) error {
	return seedAll(ctx, store, images, aliases)
}

// loader is the part of the embedded registry that seeding needs; *registry.Store is one.
type loader interface {
	registry.Registry
	Load(ctx context.Context, repository, tag string, m registry.Manifest, blobs map[registry.Digest][]byte, children []registry.Manifest) (bool, error)
}

func seedAll(ctx context.Context, store loader, images []image.Image, aliases []image.Alias) error {
	for _, i := range images {
		if err := seed(ctx, store, i); err != nil {
			return fmt.Errorf("seeding sample %s:%s: %w", i.Repository, i.Tag, err)
		}
	}
	for _, a := range aliases {
		if err := alias(ctx, store, a); err != nil {
			return fmt.Errorf("seeding sample %s:%s: %w", a.Repository, a.Tag, err)
		}
	}
	return nil
}

func seed(ctx context.Context, store loader, i image.Image) error {
	blobs := map[registry.Digest][]byte{}
	for _, b := range i.Blobs {
		blobs[registry.Digest(b.Digest)] = b.Data
	}
	var children []registry.Manifest
	for _, m := range i.Manifests {
		children = append(children, manifest(m))
	}
	_, err := store.Load(ctx, i.Repository, i.Tag, manifest(i.Index), blobs, children)
	return err
}

func alias(ctx context.Context, store loader, a image.Alias) error {
	if _, err := store.Head(ctx, a.Repository, a.Tag); !errors.Is(err, registry.ErrUnknown) {
		return err // it is there, or cannot be looked for
	}
	m, err := store.Get(ctx, a.Repository, a.At)
	if err != nil {
		return err
	}
	none := registry.Digest("")
	return store.Put(ctx, a.Repository, a.Tag, m, &none)
}

func manifest(d image.Document) registry.Manifest {
	return registry.Manifest{Digest: registry.Digest(d.Digest), MediaType: d.MediaType, Raw: d.Raw, Size: int64(len(d.Raw))}
}
