package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/event"
	"edge/appliance/installation"
	"edge/appliance/iso"
	"edge/appliance/release"
	"edge/kickstart"
)

// openImages opens the boot ISOs.
func (h *house) openImages(s config) error {
	var ca []byte
	if s.iso.ca != "" {
		var err error
		if ca, err = os.ReadFile(s.iso.ca); err != nil {
			return fmt.Errorf("reading the certificate for installers: %w", err)
		}
	}
	var err error
	h.images, err = iso.OpenShelf(iso.ShelfOptions{
		Dir: filepath.Join(h.data, "images"), Events: h.events, Kickstart: h.kickstartOnMedium, Export: h.exportPublished,
		URL: func(name, device string) string {
			at := h.url + "/" + name + "/kickstart.ks"
			if device != "" {
				at += "?device=" + url.QueryEscape(device)
			}
			return at
		},
		Mode: s.iso.mode, Defaults: s.iso.options, CA: ca,
	})
	h.stock = s.iso
	return err
}

// kickstartOnMedium is the one that anybody may read: so may they the image.
func (h *house) kickstartOnMedium(ctx context.Context, w iso.Wanted) ([]byte, error) {
	a := installation.Asked{Blueprint: w.Blueprint, Device: w.Device, Product: w.Product, Machine: w.Arch}
	if w.Medium {
		a.Repository = kickstart.MediumRepository
	}
	return h.installations.Kickstart(ctx, a)
}

// exportPublished writes the published release of a blueprint.
func (h *house) exportPublished(ctx context.Context, name string, w io.Writer) (string, error) {
	all, err := h.publisher.List(ctx, blueprint.Name(name))
	if err != nil {
		return "", err
	}
	for _, r := range all {
		if r.State == release.Published {
			return string(r.Commit), h.publisher.Export(ctx, r.ID(), w)
		}
	}
	return "", fmt.Errorf("%w: no release of %q is published", iso.ErrNotReady, name)
}

// addBase adds the base that the configuration names, unless it is there. It takes seconds, or as long as a download,
// and what goes wrong is no reason not to serve.
func (h *house) addBase(ctx context.Context) {
	c := h.stock
	if c.base == "" {
		return
	}
	for _, b := range h.images.Bases() {
		if b.File == c.base || strings.TrimSuffix(filepath.Base(c.base), ".iso") == b.Name {
			return
		}
	}
	ctx = event.WithActor(ctx, "serve, iso.base")
	if _, err := h.images.Add(ctx, iso.Adding{From: c.base, SHA256: c.sha256}); err != nil && !errors.Is(err, context.Canceled) {
		h.log.Error("base ISO was not added", slog.String("base", c.base), slog.Any("error", err))
	}
}
