package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"edge/appliance/compose"
	"edge/appliance/object"
	"edge/appliance/toml"
)

// composeConfig is what [compose] says, checked.
type composeConfig struct {
	backend      string
	distro       string
	ref          object.Ref
	repositories []string // folders with DISTRO.json, looked through in this order; our own come last
	store        string   // of osbuild
	cache        int64    // bytes that the store may have
	timeout      time.Duration
	weldr        string // socket
}

// Defaults of [compose].
const (
	defaultStore   = "/var/cache/appliance/osbuild"
	defaultCache   = 20 << 30 // what osbuild's own tools take: two builds and their packages
	defaultTimeout = 3 * time.Hour
	defaultWeldr   = "/run/weldr/api.socket"
)

func readCompose(r *toml.Reader) composeConfig {
	return composeConfig{
		backend:      toml.Read(r, "compose.backend", toml.OneOf("osbuild", "weldr", "sample")),
		distro:       toml.Read(r, "compose.distro", toml.Checked(compose.CheckDistribution)),
		ref:          toml.Read(r, "compose.ref", toml.Parsed(object.ParseRef)),
		repositories: toml.Read(r, "compose.repositories", toml.Texts(checkAbsolute)),
		store:        toml.Read(r, "compose.store", toml.Checked(checkAbsolute)),
		cache:        toml.Read(r, "compose.cache", toml.Size(1<<30, 1<<50)),
		timeout:      toml.Read(r, "compose.timeout", toml.Duration(time.Minute, 7*24*time.Hour)),
		weldr:        toml.Read(r, "compose.weldr", toml.Checked(checkAbsolute)),
	}
}

// filled is c with the defaults; those of --sample make releases in a moment.
func (c composeConfig) filled(sample bool) composeConfig {
	backend := "osbuild"
	if sample {
		backend = "sample"
	}
	c.backend = cmp.Or(c.backend, backend)
	if c.repositories == nil {
		c.repositories = []string{"/etc/appliance/repositories", "/etc/osbuild-composer/repositories", "/usr/share/osbuild-composer/repositories"}
	}
	c.store = cmp.Or(c.store, defaultStore)
	c.cache = cmp.Or(c.cache, defaultCache)
	c.timeout = cmp.Or(c.timeout, defaultTimeout)
	c.weldr = cmp.Or(c.weldr, defaultWeldr)
	return c
}

func checkAbsolute(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%.80q is no absolute path", s)
	}
	return nil
}
