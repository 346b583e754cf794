package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/event"
	"edge/appliance/release"
	"edge/appliance/server"
	"edge/embedded"
)

// How often the remote is looked at.
const (
	defaultPoll = 5 * time.Minute
	longestPoll = 30 * 24 * time.Hour
)

// openBlueprints opens the repository of blueprints, with the embedded ones in it at the first start.
func (h *house) openBlueprints(ctx context.Context, c blueprintConfig, making composeConfig) (err error) {
	h.texts, err = blueprint.Open(ctx, blueprint.Options{Dir: filepath.Join(h.data, "blueprints.git"), Events: h.events, Check: making.check()})
	if err != nil {
		return err
	}
	if err := h.texts.Seed(event.WithActor(ctx, "serve"), embedded.Blueprints()); err != nil {
		return err
	}
	if c.remote.URL != "" {
		h.remote, err = blueprint.NewRemote(h.texts, c.remote)
	}
	return err
}

// check refuses a blueprint that the backend cannot make a release of; nil where only the backend knows.
func (c composeConfig) check() func(context.Context, blueprint.Document) error {
	if c.backend != "osbuild" {
		return nil
	}
	backend := c.osbuild()
	return func(ctx context.Context, d blueprint.Document) error { return backend.Check(ctx, d, c.distro) }
}

// remoteFace is nil, and not a nil of a type, where no remote is followed.
func (h *house) remoteFace() server.Remote {
	if h.remote == nil {
		return nil
	}
	return h.remote
}

// textSources are the blueprints that releases are composed from.
type textSources struct{ texts *blueprint.Repository }

// Source is the text of one version.
func (s textSources) Source(ctx context.Context, id blueprint.ID) ([]byte, error) {
	b, err := s.texts.Show(ctx, id.Blueprint, id.Version)
	if errors.Is(err, blueprint.ErrUnknown) {
		return nil, fmt.Errorf("%w: %w", release.ErrNoSource, err)
	}
	return []byte(b.Text), err
}

// Latest is the newest version of a name.
func (s textSources) Latest(ctx context.Context, name blueprint.Name) (blueprint.Version, error) {
	b, err := s.texts.Show(ctx, name, "")
	if errors.Is(err, blueprint.ErrUnknown) {
		return "", fmt.Errorf("%w: %w", release.ErrNoSource, err)
	}
	return b.Version, err
}
