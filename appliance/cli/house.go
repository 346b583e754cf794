package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"edge/appliance/app"
	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/event"
	"edge/appliance/fleet"
	"edge/appliance/installation"
	"edge/appliance/iso"
	"edge/appliance/netboot"
	"edge/appliance/ostree"
	"edge/appliance/registry"
	"edge/appliance/release"
	"edge/appliance/server"
	"edge/embedded"
)

// house is the rooms of a running server, wired together.
type house struct {
	data, url     string
	keep          int
	notes         []string
	log           *slog.Logger
	events        *event.Log
	publisher     *release.Publisher
	store         *registry.Store
	remotes       *registry.Remotes
	apps          *app.Shelf
	downloads     *server.Downloads
	installations *installation.Book
	images        *iso.Shelf
	stock         isoConfig
	netboot       *netboot.Responder // nil: nobody is answered
	composing     *release.Composing
	texts         *blueprint.Repository
	remote        *blueprint.Remote // nil: none is followed
	face          *server.Handler
}

// open wires the house in a data directory that is locked.
func (o *serveOptions) open(ctx context.Context, log *slog.Logger, s config, url, endpoint string) (*house, error) {
	h := &house{data: o.data, url: url, keep: s.keep, log: log, events: event.NewLog(diary)}
	if err := o.fill(ctx, h, s, endpoint); err != nil {
		h.closeApps()
		return nil, err
	}
	return h, nil
}

// fill opens the rooms of h, from the ground up.
func (o *serveOptions) fill(ctx context.Context, h *house, s config, endpoint string) error {
	token, err := h.token()
	if err != nil {
		return err
	}
	if err := h.events.Audit(filepath.Join(o.data, "audit.jsonl")); err != nil {
		return err
	}
	signer, err := o.signer()
	if err != nil {
		return err
	}
	h.publisher, err = release.Open(ctx, release.Options{Data: o.data, Signer: signer, Events: h.events, Grace: s.grace})
	if err != nil {
		return err
	}
	if o.sample {
		as := event.WithActor(ctx, "serve --sample")
		if err := release.SeedSamples(as, h.publisher, compose.NewSample(embedded.Samples())); err != nil {
			return err
		}
	}
	if err := o.openApps(ctx, h, s, token, endpoint); err != nil {
		return err
	}
	devices, err := fleet.Open(event.WithActor(ctx, "serve"), fleet.Options{Dir: filepath.Join(o.data, "fleet"), Events: h.events})
	if err != nil {
		return err
	}
	if h.downloads, err = server.OpenDownloads(filepath.Join(o.data, "download")); err != nil {
		return err
	}
	if h.installations, err = o.openInstallations(h, s, devices); err != nil {
		return err
	}
	if err := h.openImages(s); err != nil {
		return err
	}
	making := s.compose.filled(o.sample)
	if err := h.openBlueprints(ctx, s.blueprint, making); err != nil {
		return err
	}
	if err := h.openComposing(making); err != nil {
		return err
	}
	if err := h.openNetboot(ctx, s.netboot); err != nil {
		return err
	}
	h.face = server.New(o.faceOptions(h, s, token, devices))
	return nil
}

// faceOptions hands the rooms of h to the server.
func (o *serveOptions) faceOptions(h *house, s config, token string, devices server.Fleet) server.Options {
	return server.Options{
		Releases:      h.publisher,
		Events:        h.events,
		Apps:          h.apps,
		Fleet:         devices,
		Installations: h.installations,
		Images:        h.images,
		Jobs:          h.composing,
		Texts:         h.texts,
		Remote:        h.remoteFace(),
		Documents:     h.publisher,
		Preflight:     h.preflight(s.compose.filled(o.sample)),
		Registry:      h.store,
		Device:        h.template(s),
		Downloads:     h.downloads,
		UI:            embedded.UI(),
		Token:         token,
		Private:       s.private,
		MaxUpload:     s.maxUpload,
		Version:       buildInfo().Version,
		BaseURL:       h.url,
		DataFree:      func() (int64, error) { return freeBytes(o.data) },
		Log:           h.log,
	}
}

// token reads the token, or makes it at the first start.
func (h *house) token() (string, error) {
	file := tokenPath(h.data)
	exposed, err := ensureToken(file)
	if err != nil {
		return "", err
	}
	if exposed {
		h.notes = append(h.notes, "others on this host may read the token; this mends it: chmod 600 "+quoted(file))
		h.log.Warn("token file is readable by others", slog.String("file", file))
	}
	return readToken(file)
}

func (o *serveOptions) signer() (*ostree.Signer, error) {
	if o.noSign {
		return nil, nil
	}
	file := o.signKey
	if file == "" {
		file = filepath.Join(o.data, "ed25519.key")
	} else if _, err := os.Stat(file); err != nil {
		// A key that is made where one was named by mistake would sign what no device accepts.
		return nil, hinted{fmt.Errorf("reading the signing key: %w", err), "without --sign-key the server makes a key of its own"}
	}
	return ostree.LoadSigner(file)
}

// welcome tells a person, the diary and systemd that the server is there.
func (h *house) welcome(ctx context.Context, c console, nearby string) error {
	blueprints, err := h.publisher.Blueprints(ctx)
	if err != nil {
		return err
	}
	releases, err := h.publisher.List(ctx, "")
	if err != nil {
		return err
	}
	welcome{url: h.url, nearby: nearby, data: h.data, notes: h.notes, blueprints: blueprints, releases: releases, apps: h.apps.Apps()}.print(c.out)
	return h.events.Record(event.WithActor(ctx, "serve"), event.Event{
		Kind: "server.started", Subject: h.url, Message: buildInfo().String(),
	})
}

// serve answers requests until ctx ends, then gives those under way a while to end.
func (h *house) serve(ctx context.Context, sockets []net.Listener) error {
	systemd := os.Getenv("NOTIFY_SOCKET")
	_ = os.Unsetenv("NOTIFY_SOCKET") // not for programs that this one starts
	web := h.face.HTTPServer()
	g, ctx := errgroup.WithContext(ctx)
	for _, socket := range sockets {
		g.Go(func() error {
			if err := web.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving on %s: %w", socket.Addr(), err)
			}
			return nil
		})
		h.log.Info("listening", slog.String("address", socket.Addr().String()), slog.String("url", h.url))
	}
	if h.keep > 0 {
		g.Go(func() error { h.retain(ctx); return nil })
	}
	g.Go(func() error { h.watchApps(ctx); return nil })
	if h.remote != nil {
		g.Go(func() error { h.remote.Follow(ctx); return nil })
	}
	g.Go(func() error { return h.composing.Run(ctx) })
	g.Go(func() error { h.addBase(ctx); return nil })
	if h.netboot != nil {
		g.Go(func() error { return h.netboot.Serve(ctx) })
	}
	notify(systemd, "READY=1\nSTATUS=serving "+h.url)
	g.Go(func() error {
		<-ctx.Done()
		notify(systemd, "STOPPING=1")
		h.log.Info("stopping")
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		err := errors.Join(web.Shutdown(grace), h.face.Shutdown(grace))
		if errors.Is(err, context.DeadlineExceeded) {
			h.log.Warn("connections were cut", slog.Duration("after", farewell))
			return web.Close()
		}
		return err
	})
	return g.Wait()
}

// retain prunes a blueprint to the newest releases after each of its publications.
func (h *house) retain(ctx context.Context) {
	ctx = event.WithActor(ctx, "serve, release.keep")
	for e := range h.events.Follow(ctx, h.events.Last()) {
		if e.Kind != "release.published" {
			continue
		}
		id, err := parseID(e.Subject)
		if err != nil {
			continue
		}
		if _, err := h.publisher.Prune(ctx, id.Blueprint, release.PruneOptions{Keep: h.keep}); err != nil && ctx.Err() == nil {
			h.log.Error("pruning failed", slog.String("blueprint", string(id.Blueprint)), slog.Any("error", err))
		}
	}
}

// freeBytes is what is left for an ordinary user on the disk of dir.
func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("measuring the disk of %q: %w", dir, err)
	}
	return int64(fs.Bavail) * fs.Bsize, nil
}
