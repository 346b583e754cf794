package profile

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"edge/appliance/toml"
)

// App finds an application by its name or its unit.
func (p Profile) App(name string) (App, bool) {
	i := slices.IndexFunc(p.Apps, func(a App) bool { return a.Name == name || a.Unit == name })
	if i < 0 {
		return App{}, false
	}
	return p.Apps[i], true
}

// For is p for the devices of one blueprint. What p says itself of the repository, the ref or the key
// counts before what the builder knows of them.
func (p Profile) For(blueprint, ref, key string) Profile {
	p.Blueprint = blueprint
	p.OS.URL = cmp.Or(p.OS.URL, p.Builder+"/"+blueprint+"/repo/")
	p.OS.Ref = cmp.Or(p.OS.Ref, ref)
	p.OS.Key = cmp.Or(p.OS.Key, key)
	return p
}

// Container is the name of the app's container.
func (a App) Container() string { return a.Unit }

// Service is the unit that runs the container: container-app1.service.
func (a App) Service() string { return "container-" + a.Unit + ".service" }

// Socket is the unit that listens for a cold app: container-httpd-proxy.socket.
func (a App) Socket() string { return "container-" + a.Unit + proxySuffix + ".socket" }

// ProxyService is the unit that answers for a cold app: container-httpd-proxy.service.
func (a App) ProxyService() string { return "container-" + a.Unit + proxySuffix + ".service" }

// Backend is the port of this device where the container itself answers: of a cold app Inner, on the
// loopback address only, else Port.
func (a App) Backend() int {
	if a.Cold {
		return a.Inner
	}
	return a.Port
}

const proxySuffix = "-proxy"

// MaxApps is how many apps a profile may have.
const MaxApps = 64

// Bounds of an app.
const (
	maxVolumes = 32
	maxEnv     = 100
	minMemory  = 6 << 20 // less podman refuses
	maxMemory  = 1 << 42
)

// ReadApp reads the [[app]] at a key, but for its name and image, which a builder understands in its own
// way. An app without a port is for no device.
func ReadApp(r *toml.Reader, at, name string) App {
	a := App{
		Name:    name,
		Unit:    toml.Read(r, at+".unit", toml.Checked(checkUnit)),
		Port:    toml.Read(r, at+".port", toml.Port),
		Target:  toml.Read(r, at+".target", toml.Port),
		Bind:    toml.Read(r, at+".bind", toml.Parsed(parseAddress)),
		Cold:    toml.Read(r, at+".cold", toml.Bool),
		Proxy:   toml.ReadOr(r, at+".proxy", ProxySystemd, toml.OneOf(ProxySystemd, ProxyAppliance)),
		Idle:    toml.ReadOr(r, at+".idle", 10*time.Second, toml.Duration(time.Second, 24*hour)),
		Memory:  toml.Read(r, at+".memory", toml.Size(minMemory, maxMemory)),
		Stop:    toml.ReadOr(r, at+".stop", 20*time.Second, toml.Duration(time.Second, 10*time.Minute)),
		Start:   toml.ReadOr(r, at+".start", time.Minute, toml.Duration(time.Second, hour)),
		Volumes: some(toml.Read(r, at+".volumes", toml.Texts(checkVolume))),
		Env:     toml.ReadTexts(r, at+".env", checkVariable),
		Probe:   readProbe(r, at+".probe."),
	}
	if a.Target == 0 {
		a.Target = a.Port
	}
	if a.Port > 0 && a.Port < 1024 {
		r.Note(at+".port", fmt.Errorf("port %d is only for root, and apps run as a user: choose one from 1024 on, such as %d", a.Port, 8000+a.Port))
	}
	if a.Unit == "" && !r.Has(at+".unit") && name != "" && a.Port > 0 {
		a.Unit = name
		if err := checkUnit(name); err != nil {
			r.Note(at, fmt.Errorf("unit is missing, and the name cannot be one: %w", err))
		}
	}
	if len(a.Volumes) > maxVolumes {
		r.Note(at+".volumes", fmt.Errorf("%d are too many: at most %d", len(a.Volumes), maxVolumes))
	}
	if len(a.Env) > maxEnv {
		r.Note(at+".env", fmt.Errorf("%d are too many: at most %d", len(a.Env), maxEnv))
	}
	noteTwice(r, at+".volumes", a.Volumes, func(v string) string { return strings.Split(v, ":")[1] })
	return a
}

func readProbe(r *toml.Reader, at string) Probe {
	p := Probe{
		Path:   toml.ReadOr(r, at+"path", "/", toml.Checked(checkProbePath)),
		Status: toml.Read(r, at+"status", toml.Number(100, 599)),
		Body:   toml.Read(r, at+"body", toml.Checked(checkPattern)),
	}
	if p.Path == "" && (p.Status != 0 || p.Body != "") {
		r.Note(at+"path", errors.New("without a path only a connection is tried, which has no status and no body"))
	}
	return p
}

// noteTwice notes what is in a list twice.
func noteTwice(r *toml.Reader, key string, list []string, what func(string) string) {
	seen := map[string]bool{}
	for _, s := range list {
		if w := what(s); seen[w] {
			r.Note(key, fmt.Errorf("%q is there twice", w))
		} else {
			seen[w] = true
		}
	}
}

// parseAddress takes an address of the device and returns it in its usual form.
func parseAddress(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.IsMulticast() {
		return "", fmt.Errorf("%.80q is no address of a device: want one such as 127.0.0.1, or leave it out for all of them", s)
	}
	return a.Unmap().String(), nil
}

var (
	hostPattern = `(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?`
	hostForm    = regexp.MustCompile(`^` + hostPattern + `$`)
	// Sources: OCI Distribution Specification 1.1, "Pulling manifests"; the host as podman reads it.
	imageForm  = regexp.MustCompile(`^` + hostPattern + `(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	volumeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	safePath   = regexp.MustCompile(`^/[A-Za-z0-9._/@+-]*$`)
)

// CheckImage tells what is wrong with an image that is not HOST/REPOSITORY:TAG.
func CheckImage(s string) error {
	host, rest, cut := strings.Cut(s, "/")
	switch {
	case strings.Contains(s, "@"):
		return fmt.Errorf("%.200q has a digest, which no update would ever change: name a tag to follow, such as :prod", s)
	case !cut || !strings.ContainsAny(host, ".:") && host != "localhost":
		return fmt.Errorf("%.200q names no registry: want one such as quay.io/someone/2048:prod", s)
	case !strings.Contains(rest, ":"):
		return fmt.Errorf("%.200q names no tag to follow: add one, such as :prod", s)
	case !imageForm.MatchString(s) || len(s) > 400:
		return fmt.Errorf("%.200q is no image: want one such as quay.io/someone/2048:prod", s)
	}
	return checkHost(host)
}

// checkHost wants HOST or HOST:PORT.
func checkHost(s string) error {
	fault := fmt.Errorf("%.200q is no registry: want HOST or HOST:PORT", s)
	if !hostForm.MatchString(s) || len(s) > 260 {
		return fault
	}
	if strings.HasPrefix(s, "[") {
		inner, _, _ := strings.Cut(s[1:], "]")
		if a, err := netip.ParseAddr(inner); err != nil || !a.Is6() {
			return fault
		}
	}
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		return checkPort(s[i+1:])
	}
	return nil
}

var volumeOptions = []string{"ro", "rw", "z", "Z", "U", "nodev", "noexec", "nosuid"}

// checkVolume wants SOURCE:TARGET[:OPTIONS]. The list of options is short because some of podman's name
// further places on the device.
func checkVolume(s string) error {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 || len(s) > 1000 {
		return fmt.Errorf("%.200q is no volume: want NAME:/TARGET or /SOURCE:/TARGET, and perhaps :OPTIONS", s)
	}
	if !volumeName.MatchString(parts[0]) {
		if err := checkPlace(parts[0]); err != nil {
			return fmt.Errorf("%.200q has no source: want a name of a volume, or an absolute path", s)
		}
	}
	if err := checkPlace(parts[1]); err != nil {
		return fmt.Errorf("%.200q has no target: %w", s, err)
	}
	if len(parts) < 3 {
		return nil
	}
	for option := range strings.SplitSeq(parts[2], ",") {
		if !slices.Contains(volumeOptions, option) {
			return fmt.Errorf("%.200q has an option %.40q: want some of %s", s, option, strings.Join(volumeOptions, ", "))
		}
	}
	return nil
}

// checkPlace wants an absolute path below / that is written plainly.
func checkPlace(s string) error {
	if !safePath.MatchString(s) || path.Clean(s) != s || s == "/" || len(s) > 400 {
		return fmt.Errorf("%.200q is no plain absolute path: want one of letters, digits and ._@+- without . and .. between its slashes", s)
	}
	return nil
}
