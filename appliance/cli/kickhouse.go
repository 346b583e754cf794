package cli

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/fleet"
	"edge/appliance/installation"
	"edge/appliance/profile"
	"edge/appliance/release"
	"edge/kickstart"
)

// openInstallations wires the book of installations with what it is told by other rooms.
func (o *serveOptions) openInstallations(h *house, s config, devices *fleet.Fleet) (*installation.Book, error) {
	p, err := s.kickstart()
	if err != nil {
		return nil, err
	}
	p.Builder = strings.TrimRight(h.url, "/")
	p.Source.Plain = isPlain(p)
	return installation.Open(installation.Options{
		Dir:      filepath.Join(o.data, "kickstarts"),
		Events:   h.events,
		Systems:  systems{h.publisher, s.device.profile.OS},
		Tokens:   enrolments{devices},
		Programs: h.downloads.Programs,
		Params:   p,
		Devices:  s.kick.devices,
		OpenHash: s.kick.openHash,
	})
}

// isPlain tells whether the image comes from this builder, and that without TLS.
func isPlain(p kickstart.Params) bool {
	u, err := url.Parse(p.Builder)
	host, _, _ := strings.Cut(p.Source.Image, "/")
	return err == nil && u.Scheme == "http" && host == registryHost(u)
}

// systems finds what a blueprint gives to devices. What the configuration says itself counts first, as in
// device.toml.
type systems struct {
	publisher *release.Publisher
	os        profile.OS
}

func (s systems) System(ctx context.Context, name string) (installation.System, error) {
	n, err := blueprint.ParseName(name)
	if err != nil {
		return installation.System{}, err
	}
	b, err := s.publisher.Blueprint(ctx, n)
	return installation.System{Published: b.Published != "", Ref: cmp.Or(s.os.Ref, string(b.Ref)), Key: cmp.Or(s.os.Key, b.PublicKey)}, err
}

// enrolments makes tokens of the fleet.
type enrolments struct{ fleet *fleet.Fleet }

func (e enrolments) Make(ctx context.Context, name string, valid time.Duration) (id, secret string, err error) {
	t, secret, err := e.fleet.CreateToken(ctx, fleet.TokenRequest{Blueprint: name, Valid: valid, Uses: 1})
	return t.ID, secret, err
}

func (e enrolments) Revoke(ctx context.Context, id string) error { return e.fleet.RevokeToken(ctx, id) }
