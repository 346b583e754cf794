package unit

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"
	"time"

	"edge/appliance/profile"
)

// What may become part of a path, a unit's name or a line where nothing can be quoted. profile.Parse is as
// strict with its own words; here it is what the texts of this room rely on.
var (
	namePattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`)
	unitPattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	userPattern    = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	pathPattern    = regexp.MustCompile(`^(/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$`)
	hostPattern    = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9a-fA-F:.]{2,45}\])(:[0-9]{1,5})?$`)
	pullPattern    = regexp.MustCompile(`^[a-z0-9._-]+(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$`)
	envPattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	urlPattern     = regexp.MustCompile(`^https?://[A-Za-z0-9:/?@!&'()*+,;=._~%\[\]-]{1,1000}$`)
	keyPattern     = regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`)
	journalPattern = regexp.MustCompile(`^[0-9]{1,9}[KMGT]?$`)
	zonePattern    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+/-]{0,63}$`)
)

// check refuses a profile that cannot be written as units.
func check(p profile.Profile, o Options) error {
	c := &checker{}
	c.options(o)
	c.match(userPattern, "user", p.User)
	c.os(p.OS)
	for _, host := range p.Registry.Insecure {
		c.match(hostPattern, "insecure registry", host)
	}
	c.authority(p.Registry.CA)
	if p.Host.Journal != "" {
		c.match(journalPattern, "size of the journal", p.Host.Journal)
	}
	switch p.Updates.Engine {
	case profile.EngineAppliance, profile.EnginePodman:
		c.period("updates", p.Updates.Every, p.Updates.Jitter)
	case profile.EngineOff, "":
	default:
		c.fault("engine", string(p.Updates.Engine), "there is none of this name")
	}
	if p.Report.Enabled {
		c.period("report", p.Report.Every, 0)
	}
	if h := p.Health; h.Deadline <= 0 || h.Deadline > longWhile || h.Settle < 0 || h.Settle > longWhile || h.Attempts < 1 || h.Attempts > 100 {
		c.fault("health", fmt.Sprint(h), "deadline, settle or attempts is out of range")
	}
	for _, a := range p.Apps {
		c.app(a)
	}
	return errors.Join(c.faults...)
}

const longWhile = 30 * 24 * time.Hour // the longest that Parse takes

type checker struct{ faults []error }

func (c *checker) fault(what, value, why string) {
	c.faults = append(c.faults, fmt.Errorf("%w: %s %.200q: %s", profile.ErrInvalid, what, value, why))
}

func (c *checker) match(pattern *regexp.Regexp, what, value string) {
	if !pattern.MatchString(value) {
		c.fault(what, value, "has another shape than "+pattern.String())
	}
}

func (c *checker) period(what string, every, random time.Duration) {
	if every < time.Second || random < 0 || every > longWhile || random > longWhile {
		c.fault(what, every.String(), "an interval is a second to 30 days")
	}
}

// absolute wants a path that is its own shortest form.
func (c *checker) absolute(what, value string) {
	if !pathPattern.MatchString(value) || path.Clean(value) != value {
		c.fault(what, value, "want an absolute path of plain characters")
	}
}

func (c *checker) options(o Options) {
	c.absolute("program", o.Binary)
	if o.Home != "" {
		c.absolute("home", o.Home)
	}
	switch o.Greenboot {
	case greenbootBash, greenbootRS, greenbootNone:
	default:
		c.fault("greenboot", o.Greenboot, `it is "bash", "rs" or "none"`)
	}
	switch o.Style {
	case "", Plain:
		return
	case Quadlet:
	default:
		c.faults = append(c.faults, fmt.Errorf("%w: %q is none", ErrStyle, o.Style))
	}
	switch {
	case !o.Podman.least(4, 4):
		c.faults = append(c.faults, fmt.Errorf("%w: quadlet needs podman 4.4 and this device has %s: take plain units, or say the version when it could not be seen",
			ErrStyle, o.Podman))
	case !o.Podman.least(4, 6) && o.Home == "":
		c.faults = append(c.faults, fmt.Errorf("%w: quadlet with podman %s lies in the user's home, which is not known: take plain units", ErrStyle, o.Podman))
	case o.Podman.least(4, 6) && o.UID == 0:
		c.faults = append(c.faults, fmt.Errorf("%w: quadlet with podman %s needs the number of a user who is not root: take plain units", ErrStyle, o.Podman))
	}
}

func (c *checker) os(o profile.OS) {
	if o.URL != "" {
		c.match(unitPattern, "remote", o.Remote)
		c.match(urlPattern, "url of the operating system", o.URL)
		if o.Key != "" {
			c.match(keyPattern, "key of the operating system", o.Key)
		}
	}
	switch o.Policy {
	case profile.PolicyOff, "":
		return
	case profile.PolicyCheck, profile.PolicyStage, profile.PolicyWindow, profile.PolicyNow:
	default:
		c.fault("policy", string(o.Policy), "there is none of this name")
	}
	c.period("updates of the operating system", o.Every, o.Delay)
	if o.Policy != profile.PolicyWindow {
		return
	}
	w := o.Window
	if w.Begin < 0 || w.End < 0 || w.Begin >= 24*time.Hour || w.End > 24*time.Hour {
		c.fault("window", fmt.Sprint(w.Begin, "-", w.End), "want times of one day")
	}
	for _, d := range w.Days {
		if d < time.Sunday || d > time.Saturday {
			c.fault("window", d.String(), "no day of the week")
		}
	}
	if w.Zone != "" {
		c.match(zonePattern, "time zone", w.Zone)
	}
}

// authority wants nothing but certificates: a file that podman reads may hold no key by accident.
func (c *checker) authority(ca string) {
	for rest := []byte(ca); strings.TrimSpace(string(rest)) != ""; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" || len(ca) > 256<<10 {
			c.fault("certificate of the registry", ca, "want certificates in PEM and nothing else")
			return
		}
	}
}

func (c *checker) app(a profile.App) {
	c.match(namePattern, "name of an app", a.Name)
	c.match(unitPattern, "unit of an app", a.Unit)
	host, pull, _ := strings.Cut(a.Image, "/")
	c.match(hostPattern, "registry of an image", host)
	c.match(pullPattern, "image without its registry", pull)
	ports := []int{a.Port, a.Target}
	if a.Cold {
		ports = append(ports, a.Inner)
		if a.Proxy != profile.ProxySystemd && a.Proxy != profile.ProxyAppliance && a.Proxy != "" {
			c.fault("proxy", string(a.Proxy), "there is none of this name")
		}
		c.period("idle time", a.Idle, 0)
	}
	for _, port := range ports {
		if port < 1 || port > 65535 {
			c.fault("port of app", a.Name, fmt.Sprintf("%d is not 1 to 65535", port))
		}
	}
	if a.Bind != "" {
		if ip, err := netip.ParseAddr(a.Bind); err != nil || ip.Zone() != "" {
			c.fault("address of app "+a.Name, a.Bind, "want an IP address")
		}
	}
	if a.Stop < 0 || a.Stop > longWhile || a.Start <= 0 || a.Start > longWhile || a.Memory < 0 {
		c.fault("app", a.Name, "stop, start or memory is out of range")
	}
	for name, value := range a.Env {
		c.match(envPattern, "variable", name)
		if err := plain(value); err != nil {
			c.faults = append(c.faults, fmt.Errorf("variable %q of app %q: %w", name, a.Name, err))
		}
	}
}
