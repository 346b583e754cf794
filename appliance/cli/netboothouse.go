package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"

	"edge/appliance/iso"
	"edge/appliance/netboot"
)

// openNetboot opens the ports for machines that boot over HTTP, where the configuration wants it.
func (h *house) openNetboot(ctx context.Context, c netbootConfig) error {
	if c.iface == "" {
		return nil
	}
	at := strings.TrimRight(h.url, "/")
	longest := &iso.Image{Blueprint: string(c.blueprint), Name: c.image}
	for _, device := range c.machines {
		if len(device) > len(longest.Device) {
			longest = &iso.Image{Blueprint: string(c.blueprint), Device: device}
		}
	}
	if err := netboot.CheckURL(at + longest.Path()); err != nil {
		return invalidError{fmt.Errorf("serving machines that boot over HTTP: %w", err), "server.url says how they reach this server"}
	}
	var err error
	h.netboot, err = netboot.Listen(ctx, netboot.Options{Interface: c.iface, Events: h.events, Book: machines{c, h.images, at}})
	switch {
	case errors.Is(err, syscall.ENODEV):
		return hinted{err, "netboot.interface names one of those that \"ip link\" shows"}
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return hinted{err, "ports below 1024 need root or CAP_NET_BIND_SERVICE"}
	case errors.Is(err, syscall.EADDRINUSE):
		return hinted{err, "a DHCP server on this host has the port for itself; dnsmasq shares it with --bind-interfaces"}
	case err != nil:
		return err
	}
	h.log.Info("answering machines that boot over HTTP", slog.String("interface", c.iface), slog.Int("machines", len(c.machines)), slog.Bool("anyone", c.anyone))
	return nil
}

// machines are those that may boot over HTTP, and what they boot.
type machines struct {
	netbootConfig
	images *iso.Shelf
	at     string // URL of this server
}

// Knows implements netboot.Book.
func (m machines) Knows(mac netboot.MAC) bool {
	_, named := m.machines[mac]
	return named || m.anyone
}

// URL implements netboot.Book. It looks whether the image can be served and is for this processor: a machine that is
// told nothing goes on to its disk, and one that is told of what is not there may stop.
func (m machines) URL(ctx context.Context, c netboot.Client) (string, error) {
	image := iso.Image{Blueprint: string(m.blueprint), Name: m.image, Device: m.machines[c.MAC]}
	if image.Device != "" {
		image.Name = ""
	}
	_, base, err := m.images.Patches(ctx, image.Blueprint, image.Name, image.Device)
	if err != nil {
		return "", err
	}
	if base.Arch != string(c.Arch) {
		return "", fmt.Errorf("%s installs %s, and the machine is %s", image.Path(), base.Arch, c.Arch)
	}
	return m.at + image.Path(), nil
}
