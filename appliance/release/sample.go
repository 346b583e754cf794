package release

import (
	"context"
	"errors"
	"fmt"
	"io"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/object"
)

// SampleOrigin is the origin of releases that SeedSamples imported.
const SampleOrigin = "sample"

// SeedSamples imports the sample releases and publishes the first of them. Publishing comes last,
// so an interrupted seeding goes on with the next call; once anything was published, or where there
// is a release that is no sample, it does nothing: what a user changed stays as it is.
func SeedSamples(ctx context.Context, p *Publisher, s *compose.Sample) error {
	have := map[blueprint.Version]Release{}
	if shelf, err := p.shelf(compose.SampleBlueprint); err == nil {
		for _, r := range shelf.sorted() {
			if !r.Sample || r.PublishedAt != nil {
				return nil
			}
			have[r.Version] = r
		}
	}
	ids := s.IDs()
	var parent object.Checksum
	for _, id := range ids {
		r, ok := have[id.Version]
		if !ok {
			var err error
			if r, err = p.importSample(ctx, s, compose.Request{ID: id, Parent: parent}); err != nil {
				return fmt.Errorf("seeding samples: %w", err)
			}
		}
		parent = r.Commit
	}
	if _, err := p.Publish(ctx, ids[0], PublishOptions{}); err != nil {
		return fmt.Errorf("seeding samples: %w", err)
	}
	return nil
}

// importSample imports while the sample is composed. Where composing fails, its error is the one to
// tell of: the import has only seen its archive end.
func (p *Publisher) importSample(ctx context.Context, s *compose.Sample, r compose.Request) (Release, error) {
	archive, w := io.Pipe()
	composed := make(chan error, 1)
	go func() {
		err := s.Compose(ctx, r, w)
		w.CloseWithError(err)
		composed <- err
	}()
	imported, err := p.Import(ctx, r.ID, archive, ImportOptions{Origin: SampleOrigin, Sample: true})
	archive.Close() // an import that failed halfway must not leave the composer writing
	if composing := <-composed; composing != nil && !errors.Is(composing, io.ErrClosedPipe) {
		return Release{}, composing
	}
	return imported, err
}
