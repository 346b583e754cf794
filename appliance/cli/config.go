package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
	"time"

	"edge/appliance/app"
	"edge/appliance/profile"
	"edge/appliance/toml"
)

const defaultConfig = "/etc/appliance/appliance.toml"

// config is what appliance.toml says, checked. Zero values mean that it says nothing.
type config struct {
	listen    string
	url       string
	private   bool
	maxUpload int64 // bytes
	grace     time.Duration
	keep      int
	apps      []app.App
	registry  registryConfig
	device    deviceConfig
	iso       isoConfig
	kick      kickstartConfig
	compose   composeConfig
	blueprint blueprintConfig
	netboot   netbootConfig
}

// loadConfig reads a configuration, and adds what --sample brings. An absent file is an error only when
// it was asked for: file "" means the default place.
func loadConfig(file string, sample bool) (config, error) {
	name := cmp.Or(file, defaultConfig)
	data, err := os.ReadFile(name)
	if err != nil && (file != "" || !errors.Is(err, fs.ErrNotExist)) {
		return config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := parseConfig(data, name, sample)
	if err != nil {
		return config{}, invalidError{fmt.Errorf("reading the configuration: %w", err), ""}
	}
	return c, nil
}

// parseConfig tells every fault at once, but for faults of TOML itself, where reading stops.
func parseConfig(data []byte, name string, sample bool) (config, error) {
	r := toml.Decode(data)
	c := config{
		listen:    toml.Read(r, "server.listen", toml.Checked(checkListen)),
		url:       toml.Read(r, "server.url", toml.Parsed(profile.ParseServer)),
		private:   toml.Read(r, "server.private", toml.Bool),
		maxUpload: toml.Read(r, "server.max_upload", toml.Size(0, math.MaxInt64)),
		grace:     toml.Read(r, "release.grace", toml.Duration(0, math.MaxInt64)),
		keep:      toml.Read(r, "release.keep", toml.Count),
		registry:  readRegistry(r),
		device:    readDevice(r, sample),
		iso:       readISO(r),
		kick:      readKickstart(r),
		compose:   readCompose(r),
		blueprint: readBlueprint(r),
		netboot:   readNetboot(r),
	}
	readApps(r, &c, sample)
	if err := r.Err(name); err != nil {
		return config{}, err
	}
	return c, nil
}

// checkListen wants HOST:PORT, with or without HOST.
func checkListen(s string) error {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || s[i+1:] == "" || strings.Trim(s[i+1:], "0123456789") != "" {
		return fmt.Errorf("%q is no address: want :8080 or 127.0.0.1:8080", s)
	}
	return nil
}
