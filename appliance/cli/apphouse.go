package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"edge/appliance/app"
	"edge/appliance/event"
	"edge/appliance/image"
	"edge/appliance/registry"
	"edge/embedded"
)

// openApps wires the rooms of the applications: the embedded registry, the way to others, and the
// shelf of apps. endpoint is where this process itself reaches the registry.
func (o *serveOptions) openApps(ctx context.Context, h *house, s config, token, endpoint string) (err error) {
	h.store, err = registry.Open(registry.Options{
		Dir:       filepath.Join(o.data, "registry"),
		Token:     token,
		URL:       s.url,
		Immutable: s.registry.immutable,
		MaxUpload: s.maxUpload,
		Events:    h.events,
		Log:       h.log,
	})
	if err != nil {
		return err
	}
	if o.sample {
		as := event.WithActor(ctx, "serve --sample")
		if err := seedApps(as, h.store); err != nil {
			return err
		}
	}
	if h.remotes, err = registry.NewRemotes(remoteOptions(s.registry)); err != nil {
		return err
	}
	h.apps, err = app.New(app.Options{
		Apps:     s.apps,
		Store:    h.store,
		Remotes:  h.remotes,
		Events:   h.events,
		History:  filepath.Join(o.data, "apps.jsonl"),
		Endpoint: endpoint,
		Token:    token,
	})
	return err
}

func remoteOptions(c registryConfig) registry.RemoteOptions {
	return registry.RemoteOptions{Allowed: c.allow, TokenHosts: c.tokenHosts, AuthFile: c.authFile, CertDir: c.certDir, Private: c.private}
}

func seedApps(ctx context.Context, store *registry.Store) error {
	images, aliases, err := image.Samples(embedded.Apps())
	if err != nil {
		return fmt.Errorf("building the sample images: %w", err)
	}
	return app.SeedSamples(ctx, store, images, aliases)
}

// withEndpoint finds the address under which a mirror pushes into this server's own registry: one of
// this machine, which may be spoken to without TLS. Where the server listens on none it gets one more.
func withEndpoint(sockets []net.Listener) ([]net.Listener, string, error) {
	for _, l := range sockets {
		if at, ok := l.Addr().(*net.TCPAddr); ok && (at.IP.IsUnspecified() || at.IP.IsLoopback() && at.IP.To4() != nil) {
			return sockets, net.JoinHostPort("127.0.0.1", strconv.Itoa(at.Port)), nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return sockets, "", fmt.Errorf("listening for this server's own mirrors: %w", err)
	}
	return append(sockets, l), l.Addr().String(), nil
}

// watchApps keeps the history of tags that clients of the registry push.
func (h *house) watchApps(ctx context.Context) {
	h.apps.Watch(ctx, func(err error) { h.log.Error("writing a push into the history failed", slog.Any("error", err)) })
}

// closeApps ends what openApps began, in the opposite order, and the downloads; some of it may not be
// there.
func (h *house) closeApps() {
	var err error
	if h.apps != nil {
		err = h.apps.Close()
	}
	if h.remotes != nil {
		err = errors.Join(err, h.remotes.Close())
	}
	if h.store != nil {
		err = errors.Join(err, h.store.Close())
	}
	if h.downloads != nil {
		err = errors.Join(err, h.downloads.Close())
	}
	if err != nil {
		h.log.Warn("closing the registry failed", slog.Any("error", err))
	}
}
