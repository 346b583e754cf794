package cli

import (
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"edge/appliance/app"
	"edge/appliance/profile"
	"edge/appliance/toml"
	"edge/kickstart"
)

// deviceConfig is what [device], [[check]] and the device's part of [[app]] say, checked.
type deviceConfig struct {
	profile profile.Profile // of every blueprint's devices; its apps have no image yet

	// What a kickstart needs.
	hostname, passwordHash, disk string
	sshKeys                      []string
}

// readDevice reads all but the apps.
func readDevice(r *toml.Reader, sample bool) deviceConfig {
	defaults := profile.Defaults()
	defaults.User = "admin"
	if sample {
		defaults.Updates.Every, defaults.Updates.Jitter = 30*time.Second, 0 // for an audience that waits
	}
	d := deviceConfig{
		profile:      profile.ReadSettings(r, "device.", defaults),
		hostname:     toml.Read(r, "device.hostname", toml.Checked(kickstart.CheckHostname)),
		passwordHash: toml.Read(r, "device.password_hash", toml.Checked(kickstart.CheckHash)),
		disk:         toml.Read(r, "device.disk", toml.Checked(kickstart.CheckDisk)),
		sshKeys:      toml.Read(r, "device.ssh_keys", toml.Texts(kickstart.CheckSSHKey)),
	}
	d.profile.Checks = profile.ReadChecks(r)
	git := profile.Check{Name: "git", Required: true, Kind: profile.KindCommand, Deadline: 30 * time.Second, Command: []string{"git", "--help"}}
	if sample && !slices.ContainsFunc(d.profile.Checks, func(c profile.Check) bool { return c.Name == git.Name }) {
		d.profile.Checks = append(d.profile.Checks, git)
	}
	return d
}

// addSampleApps adds the sample apps that the configuration does not name itself, and to devices those
// that get along with the apps that it names.
func addSampleApps(c *config) {
	for _, s := range app.Samples() {
		if slices.ContainsFunc(c.apps, func(a app.App) bool { return a.Name == s.Name }) {
			continue
		}
		c.apps = append(c.apps, s)
		d := profile.ReadApp(toml.Decode(nil), "app", s.Name) // the defaults
		d.Unit, d.Port, d.Target, d.Cold = s.Unit, s.Port, s.Port, s.Cold
		if !slices.ContainsFunc(c.device.profile.Apps, func(a profile.App) bool {
			return a.Port == d.Port || a.Unit == d.Unit || a.Unit == d.Unit+"-proxy" || a.Name == d.Unit || a.Unit == d.Name
		}) {
			c.device.profile.Apps = append(c.device.profile.Apps, d)
		}
	}
}

// template is what a device of any blueprint is to be, for a builder that devices reach at a URL.
func (c config) template(at string) (profile.Profile, error) {
	p := c.device.profile
	p.Builder = at
	u, err := url.Parse(at)
	if err != nil {
		return p, err
	}
	host := registryHost(u)
	if u.Scheme == "http" && !slices.Contains(p.Registry.Insecure, host) {
		p.Registry.Insecure = append(slices.Clone(p.Registry.Insecure), host)
	}
	p.Apps = slices.Clone(p.Apps)
	for i := range p.Apps {
		for _, a := range c.apps {
			if a.Name == p.Apps[i].Name {
				p.Apps[i].Image = imageFor(a, host)
			}
		}
	}
	// What devices get is what they take, whatever this server was told to be called.
	if _, err := profile.Parse(profile.Encode(p.For("demo", "", "")), "device.toml"); err != nil {
		return p, err
	}
	return p, nil
}

// template is what devices get, or nil where they would not take it.
func (h *house) template(s config) *profile.Profile {
	p, err := s.template(h.url)
	if err != nil {
		h.notes = append(h.notes, "devices get no device.toml; --url may name this server better")
		h.log.Warn("device profile is unusable", slog.Any("error", err))
		return nil
	}
	return &p
}

// registryHost is the registry of a server in the names of images. Without a dot or a port podman would
// take it for a name on another registry; without TLS the port must be said, or it tries that of TLS.
func registryHost(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "http":
		return net.JoinHostPort(u.Hostname(), "80")
	case !strings.Contains(u.Host, "."):
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return u.Host
}

// imageFor is what devices follow of an app.
func imageFor(a app.App, own string) string {
	host, repository := app.SplitImage(a.Image)
	if host == "" {
		host = own
	}
	return host + "/" + repository + ":" + a.Tag
}

// checkForDevices tells what is wrong with an app's image where devices see it.
func checkForDevices(a app.App) error {
	if a.Image == "" {
		return nil // noted already
	}
	return profile.CheckImage(imageFor(a, "builder.example:8080"))
}
