package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"edge/appliance/app"
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
}

// configFile is appliance.toml as it is written. Every value is any, so that one of a wrong kind
// is a fault among the others and not the end of the reading.
type configFile struct {
	Server struct {
		Listen    any `toml:"listen"`
		URL       any `toml:"url"`
		Private   any `toml:"private"`
		MaxUpload any `toml:"max_upload"`
	} `toml:"server"`
	Release struct {
		Grace any `toml:"grace"`
		Keep  any `toml:"keep"`
	} `toml:"release"`
	App      []appFile    `toml:"app"`
	Registry registryFile `toml:"registry"`
}

// fault is one thing that is wrong in a configuration.
type fault struct {
	position
	text string
}

// loadConfig reads a configuration. An absent file is an error only when it was asked for: file
// "" means the default place.
func loadConfig(file string) (config, error) {
	name := cmp.Or(file, defaultConfig)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && file == "":
		return config{}, nil
	case err != nil:
		return config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	c, faults := parseConfig(data)
	if len(faults) == 0 {
		return c, nil
	}
	slices.SortStableFunc(faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	text := fmt.Sprintf("reading the configuration: %s in %q", plural(len(faults), "fault"), name)
	for _, f := range faults {
		text += fmt.Sprintf("\n  %s:%d:%d: %s", name, f.line, f.column, f.text)
	}
	return config{}, invalidError{errors.New(text), ""}
}

// parseConfig tells every fault at once, but for faults of TOML itself, where reading stops.
func parseConfig(data []byte) (config, []fault) {
	var file configFile
	var faults []fault
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&file)
	var unknown *toml.StrictMissingError
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		for _, e := range unknown.Errors {
			line, column := e.Position()
			faults = append(faults, fault{position{line, column}, fmt.Sprintf("unknown key %q", strings.Join(e.Key(), "."))})
		}
	case errors.As(err, &broken):
		line, column := broken.Position()
		return config{}, []fault{{position{line, column}, strings.TrimPrefix(broken.Error(), "toml: ")}}
	case err != nil:
		return config{}, []fault{{position{1, 1}, err.Error()}}
	}
	r := reader{places: places(data), faults: faults}
	s, l := file.Server, file.Release
	c := config{
		listen:    read(&r, "server.listen", s.Listen, checked(checkListen)),
		url:       read(&r, "server.url", s.URL, checked(checkURL)),
		private:   read(&r, "server.private", s.Private, isBool),
		maxUpload: read(&r, "server.max_upload", s.MaxUpload, inText(parseSize)),
		grace:     read(&r, "release.grace", l.Grace, inText(parseAge)),
		keep:      read(&r, "release.keep", l.Keep, isCount),
		apps:      readApps(&r, file.App),
		registry:  readRegistry(&r, file.Registry),
	}
	return c, r.faults
}

// checkListen wants HOST:PORT, with or without HOST.
func checkListen(s string) error {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || s[i+1:] == "" || strings.Trim(s[i+1:], "0123456789") != "" {
		return fmt.Errorf("%q is no address: want :8080 or 127.0.0.1:8080", s)
	}
	return nil
}

// checkURL wants what devices can be given.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is no URL of a server: want http://HOST:PORT", s)
	}
	return nil
}
