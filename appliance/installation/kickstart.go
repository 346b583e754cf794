package installation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"edge/kickstart"
)

// Kickstart makes the kickstart that anybody may read: there is no secret in it but a hash that the
// configuration wants there.
func (b *Book) Kickstart(ctx context.Context, a Asked) ([]byte, error) {
	p, err := b.params(ctx, a, b.known(a))
	if err != nil {
		return nil, err
	}
	if !b.o.OpenHash {
		p.PasswordHash = ""
	}
	return render(p)
}

func render(p kickstart.Params) ([]byte, error) {
	text, err := kickstart.Render(p)
	if err != nil {
		return nil, fmt.Errorf("making the kickstart of %q: %w", p.Blueprint, err)
	}
	return text, nil
}

// known is the device that is asked for: by its name, or by one of its links.
func (b *Book) known(a Asked) Device {
	for _, d := range b.o.Devices {
		if a.Device != "" && d.Name == a.Device || a.Device == "" && slices.ContainsFunc(a.Links, func(link string) bool {
			return strings.Contains(link, ":") && strings.EqualFold(link, d.Network.Interface)
		}) {
			return d
		}
	}
	return Device{Name: a.Device}
}

// params joins what every device has, what the blueprint gives, and what is known of one device.
func (b *Book) params(ctx context.Context, a Asked, d Device) (kickstart.Params, error) {
	p := b.o.Params
	p.Blueprint = a.Blueprint
	if a.Repository != "" {
		p.Source.Kind, p.Source.URL = kickstart.Medium, a.Repository
	}
	system, err := b.o.Systems.System(ctx, a.Blueprint)
	if err != nil {
		return p, err
	}
	image := p.Source.Kind == kickstart.Container || p.Source.Kind == kickstart.Bootc
	if !system.Published && !image {
		return p, fmt.Errorf("making the kickstart of %q: %w: there is nothing to install", a.Blueprint, ErrNothing)
	}
	p.Key, p.Source.Ref = system.Key, system.Ref
	if p.Source.Kind == "" || p.Source.Kind == kickstart.Pull {
		p.Source.URL = p.Builder + "/" + a.Blueprint + "/repo/"
	}
	usual := cmp.Or(p.Target, kickstart.TargetOfRef(system.Ref), kickstart.RHEL9)
	p.Target = cmp.Or(a.Target, kickstart.ForInstaller(a.Product, usual))
	if p.Programs, err = b.o.Programs(); err != nil {
		return p, err
	}
	if a.Machine != "" && !slices.ContainsFunc(p.Programs, func(x kickstart.Program) bool { return x.Machine() == a.Machine }) {
		return p, fmt.Errorf("making the kickstart of %q: %w: %.20q", a.Blueprint, ErrNoProgram, a.Machine)
	}
	p.Device = d.Name
	p.Hostname = cmp.Or(d.Hostname, d.Name, p.Hostname)
	p.Disk = cmp.Or(d.Disk, p.Disk)
	if !isZero(d.Network) {
		p.Network = d.Network
	}
	return p, nil
}

func isZero(n kickstart.Network) bool {
	return n.Interface == "" && !n.Address.IsValid() && !n.Gateway.IsValid() && len(n.DNS) == 0
}
