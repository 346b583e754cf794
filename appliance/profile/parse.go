package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"edge/appliance/toml"
)

// Parse reads a device.toml; name is what faults call it. Its errors are ErrInvalid and hold every
// fault with its line and column. The Profile is complete: see there.
//
// The file has these keys; testdata/full.toml shows all of them with their defaults:
//
//	blueprint, builder, user
//	[os]       remote, url, ref, key, updates, every, delay, window, grace, keep
//	[updates]  engine, every, jitter, settle
//	[health]   attempts, always, deadline, settle
//	[registry] insecure, ca
//	[report]   enabled, every
//	[host]     firewall, sudo, journal
//	[[app]]    name, unit, image, port, target, bind, cold, proxy, idle, memory, stop, start, volumes,
//	           probe (path, status, body), env
//	[[check]]  name, required, kind, deadline, command, user, target, url, status, body, free, since
func Parse(data []byte, name string) (Profile, error) {
	r := toml.Decode(data)
	p := ReadSettings(r, "", Defaults())
	p.Blueprint = toml.Read(r, "blueprint", toml.Checked(checkBlueprint))
	p.Builder = toml.Read(r, "builder", toml.Parsed(ParseServer))
	places := r.Tables("app", MaxApps)
	for _, at := range places {
		a := ReadApp(r, at, toml.Read(r, at+".name", toml.Checked(checkName)))
		a.Image = toml.Read(r, at+".image", toml.Checked(CheckImage))
		noteMissing(r, at, "name", "image", "port")
		p.Apps = append(p.Apps, a)
	}
	p.Checks = ReadChecks(r)
	Reconcile(r, &p, places)
	if p.User == "" && !r.Has("user") {
		r.Note("", errors.New(`user is missing: say who runs the applications, such as user = "admin"`))
	}
	if p.Report.Enabled && p.Builder == "" && !r.Has("builder") {
		r.Note("report.enabled", errors.New("there is nobody to report to: builder names the server"))
	}
	if p.OS.Key != "" && p.OS.URL == "" && !r.Has("os.url") {
		r.Note("os.key", errors.New("the key belongs to a remote: url says where that is"))
	}
	if err := r.Err(name); err != nil {
		return Profile{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p, nil
}

// noteMissing notes which of these keys a table has to have and has not.
func noteMissing(r *toml.Reader, at string, keys ...string) {
	missing := slices.DeleteFunc(keys, func(key string) bool { return r.Has(at + "." + key) })
	if len(missing) > 0 {
		r.Note(at, fmt.Errorf("this is missing: %s", strings.Join(missing, ", ")))
	}
}

// Defaults is what holds where a file says nothing.
func Defaults() Profile {
	return Profile{
		OS:      OS{Remote: "edge", Policy: PolicyOff, Every: time.Hour, Delay: 10 * time.Minute},
		Updates: Updates{Engine: EngineAppliance, Every: 15 * time.Minute, Jitter: 3 * time.Minute, Settle: 10 * time.Second},
		Health:  Health{Attempts: 3, Deadline: 5 * time.Minute, Settle: 10 * time.Second},
		Report:  Report{Every: 5 * time.Minute},
		Host:    Host{Firewall: true, Journal: "200M"},
	}
}

// Bounds of times. The shortest keep a device from wearing out its disk, or a registry.
const (
	often   = 10 * time.Second
	hour    = time.Hour
	longest = 30 * 24 * time.Hour
)

// ReadSettings reads all that is not about single apps and checks, over what holds by default. The keys
// are those of a device.toml below a prefix: "" there, "device." in a builder's own file, which knows
// blueprint and builder by itself.
func ReadSettings(r *toml.Reader, under string, p Profile) Profile {
	p.User = toml.ReadOr(r, under+"user", p.User, toml.Checked(checkUser))
	p.OS = readOS(r, under+"os.", p.OS)

	u := under + "updates."
	p.Updates.Engine = toml.ReadOr(r, u+"engine", p.Updates.Engine, toml.OneOf(EngineAppliance, EnginePodman, EngineOff))
	p.Updates.Every = toml.ReadOr(r, u+"every", p.Updates.Every, toml.Duration(often, longest))
	p.Updates.Jitter = toml.ReadOr(r, u+"jitter", p.Updates.Jitter, toml.Duration(0, 24*hour))
	p.Updates.Settle = toml.ReadOr(r, u+"settle", p.Updates.Settle, toml.Duration(0, hour))

	h := under + "health."
	p.Health.Attempts = toml.ReadOr(r, h+"attempts", p.Health.Attempts, toml.Number(1, 10))
	p.Health.Always = toml.ReadOr(r, h+"always", p.Health.Always, toml.Bool)
	p.Health.Deadline = toml.ReadOr(r, h+"deadline", p.Health.Deadline, toml.Duration(often, hour))
	p.Health.Settle = toml.ReadOr(r, h+"settle", p.Health.Settle, toml.Duration(0, 10*time.Minute))

	p.Registry.Insecure = some(toml.ReadOr(r, under+"registry.insecure", p.Registry.Insecure, toml.Texts(checkHost)))
	p.Registry.CA = toml.ReadOr(r, under+"registry.ca", p.Registry.CA, toml.Parsed(parseCertificates))

	p.Report.Enabled = toml.ReadOr(r, under+"report.enabled", p.Report.Enabled, toml.Bool)
	p.Report.Every = toml.ReadOr(r, under+"report.every", p.Report.Every, toml.Duration(often, longest))

	p.Host.Firewall = toml.ReadOr(r, under+"host.firewall", p.Host.Firewall, toml.Bool)
	p.Host.Sudo = toml.ReadOr(r, under+"host.sudo", p.Host.Sudo, toml.Bool)
	p.Host.Journal = toml.ReadOr(r, under+"host.journal", p.Host.Journal, toml.Checked(checkJournal))
	return p
}

func readOS(r *toml.Reader, at string, o OS) OS {
	o.Remote = toml.ReadOr(r, at+"remote", o.Remote, toml.Checked(checkRemote))
	o.URL = toml.ReadOr(r, at+"url", o.URL, toml.Checked(checkRepository))
	o.Ref = toml.ReadOr(r, at+"ref", o.Ref, toml.Checked(checkRef))
	o.Key = toml.ReadOr(r, at+"key", o.Key, toml.Checked(checkKey))
	o.Policy = toml.ReadOr(r, at+"updates", o.Policy, toml.OneOf(PolicyOff, PolicyCheck, PolicyStage, PolicyWindow, PolicyNow))
	o.Every = toml.ReadOr(r, at+"every", o.Every, toml.Duration(often, longest))
	o.Delay = toml.ReadOr(r, at+"delay", o.Delay, toml.Duration(0, 24*hour))
	misspelt := false
	o.Window = toml.ReadOr(r, at+"window", o.Window, toml.Parsed(func(s string) (Window, error) {
		w, err := ParseWindow(s)
		misspelt = err != nil
		return w, err
	}))
	o.Grace = toml.ReadOr(r, at+"grace", o.Grace, toml.Duration(0, 24*hour))
	o.Keep = toml.ReadOr(r, at+"keep", o.Keep, toml.Bool)
	if o.Policy == PolicyWindow && o.Window.never() && !misspelt {
		r.Note(strings.TrimSuffix(at, ".")+".updates", errors.New(`the window is missing: say one, such as window = "Sun 02:00-04:00"`))
	}
	return o
}

// some makes an empty list no list, so that the same profile has one form.
func some[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
