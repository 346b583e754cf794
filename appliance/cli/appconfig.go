package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"

	"edge/appliance/app"
	"edge/appliance/profile"
	"edge/appliance/registry"
	"edge/appliance/toml"
)

// registryConfig is what [registry] says, checked.
type registryConfig struct {
	allow, tokenHosts []string
	immutable         []string // nil: not said
	private           bool
	authFile, certDir string
}

func readRegistry(r *toml.Reader) registryConfig {
	return registryConfig{
		allow:      toml.Read(r, "registry.allow", toml.Texts(nil)),
		tokenHosts: toml.Read(r, "registry.token_hosts", toml.Texts(nil)),
		immutable:  toml.Read(r, "registry.immutable", toml.Texts(checkGlob)),
		private:    toml.Read(r, "registry.private", toml.Bool),
		authFile:   toml.Read(r, "registry.auth_file", toml.Checked(checkPath)),
		certDir:    toml.Read(r, "registry.cert_dir", toml.Checked(checkPath)),
	}
}

// readApps reads every [[app]], for this builder and for devices. A name left out is the last part of
// the image. An app without a port is for no device.
func readApps(r *toml.Reader, c *config, sample bool) {
	places := []string{}
	for _, at := range r.Tables("app", profile.MaxApps) {
		a := readApp(r, at)
		if slices.ContainsFunc(c.apps, func(b app.App) bool { return a.Name != "" && b.Name == a.Name }) {
			r.Note(at+".name", fmt.Errorf("%q is there twice", a.Name))
			a.Name = ""
		}
		d := profile.ReadApp(r, at, a.Name)
		if r.Has(at + ".unit") {
			a.Unit = d.Unit
		}
		a.Port, a.Cold = d.Port, d.Cold
		c.apps = append(c.apps, a)
		if a.Port == 0 {
			continue
		}
		if err := checkForDevices(a); err != nil {
			r.Note(at+".image", err)
		}
		c.device.profile.Apps = append(c.device.profile.Apps, d)
		places = append(places, at)
	}
	if sample {
		addSampleApps(c)
	}
	profile.Reconcile(r, &c.device.profile, append(places, make([]string, len(c.device.profile.Apps)-len(places))...))
}

func readApp(r *toml.Reader, at string) app.App {
	a := app.App{
		Name:   toml.Read(r, at+".name", toml.Parsed(app.ParseName)),
		Image:  toml.Read(r, at+".image", toml.Checked(checkImage)),
		Source: toml.Read(r, at+".source", toml.Checked(checkSource)),
		Tag:    toml.ReadOr(r, at+".tag", app.DefaultTag, toml.Parsed(registry.ParseTag)),
	}
	if a.Name == "" && !r.Has(at+".name") {
		if a.Image != "" {
			a.Name = path.Base(a.Image)
		} else if !r.Has(at + ".image") {
			r.Note(at, errors.New("an app has a name or an image"))
		}
	}
	a.Image = cmp.Or(a.Image, a.Name)
	return a
}

func checkGlob(s string) error {
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Errorf("%q is no pattern: want one such as v* or v[0-9]*", s)
	}
	return nil
}

func checkPath(s string) error {
	if !path.IsAbs(s) {
		return fmt.Errorf("%q is no absolute path", s)
	}
	return nil
}

func checkImage(s string) error {
	_, repository := app.SplitImage(s)
	if _, err := registry.ParseRepository(repository); err != nil {
		return fmt.Errorf("%q is no image without a tag: want 2048, or quay.io/someone/2048", s)
	}
	return nil
}

func checkSource(s string) error {
	host, repository := app.SplitImage(s)
	if _, err := registry.ParseRepository(repository); err != nil || host == "" {
		return fmt.Errorf("%q is no image of a registry: want one such as quay.io/someone/2048", s)
	}
	return nil
}
