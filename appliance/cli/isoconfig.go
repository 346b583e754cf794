package cli

import (
	"fmt"
	"net/url"
	"path/filepath"

	"edge/appliance/iso"
	"edge/appliance/toml"
)

// isoConfig is what [iso] says, checked.
type isoConfig struct {
	base, sha256, ca string
	mode             iso.Mode
	options          iso.Options
}

func readISO(r *toml.Reader) isoConfig {
	c := isoConfig{
		base:   toml.Read(r, "iso.base", toml.Checked(checkBase)),
		sha256: toml.Read(r, "iso.sha256", toml.Text),
		ca:     toml.Read(r, "iso.ca", toml.Checked(checkPath)),
		mode:   toml.Read(r, "iso.mode", toml.OneOf(iso.ModeKickstart, iso.ModeKargs, iso.ModeOffline)),
		options: iso.Options{
			Console: toml.Read(r, "iso.console", toml.Text),
			FIPS:    toml.Read(r, "iso.fips", toml.Bool),
			Text:    toml.Read(r, "iso.text", toml.Bool),
			Add:     toml.Read(r, "iso.kargs", toml.Texts(nil)),
			Remove:  toml.Read(r, "iso.no_kargs", toml.Texts(nil)),
		},
	}
	if err := c.options.Check(); err != nil {
		r.Note("iso", err)
	}
	return c
}

func checkBase(s string) error {
	if u, err := url.Parse(s); filepath.IsAbs(s) || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return nil
	}
	return fmt.Errorf("%q is neither an absolute path nor a URL", s)
}
