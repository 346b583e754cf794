package profile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"edge/appliance/toml"
)

// Encode writes a profile as a device.toml. All that counts is in it, also what a default says, so that
// the file of a device keeps its meaning whatever a later program's defaults are. Parse makes the same
// profile of it, if the profile came from Parse.
func Encode(p Profile) []byte {
	var w writer
	w.comment("What this device is to be; see: appliance device install --help")
	w.text("blueprint", p.Blueprint)
	w.text("builder", p.Builder)
	w.text("user", p.User)

	w.table("[os]")
	w.text("remote", p.OS.Remote)
	w.text("url", p.OS.URL)
	w.text("ref", p.OS.Ref)
	w.text("key", p.OS.Key)
	w.text("updates", string(p.OS.Policy))
	w.duration("every", p.OS.Every)
	w.duration("delay", p.OS.Delay)
	w.text("window", p.OS.Window.String())
	w.duration("grace", p.OS.Grace)
	w.value("keep", strconv.FormatBool(p.OS.Keep))

	w.table("[updates]")
	w.text("engine", string(p.Updates.Engine))
	w.duration("every", p.Updates.Every)
	w.duration("jitter", p.Updates.Jitter)
	w.duration("settle", p.Updates.Settle)

	w.table("[health]")
	w.number("attempts", p.Health.Attempts)
	w.value("always", strconv.FormatBool(p.Health.Always))
	w.duration("deadline", p.Health.Deadline)
	w.duration("settle", p.Health.Settle)

	w.table("[registry]")
	w.texts("insecure", p.Registry.Insecure)
	if p.Registry.CA != "" {
		w.value("ca", "\"\"\"\n"+p.Registry.CA+"\"\"\"") // nothing in PEM needs an escape
	}

	w.table("[report]")
	w.value("enabled", strconv.FormatBool(p.Report.Enabled))
	w.duration("every", p.Report.Every)

	w.table("[host]")
	w.value("firewall", strconv.FormatBool(p.Host.Firewall))
	w.value("sudo", strconv.FormatBool(p.Host.Sudo))
	w.value("journal", toml.Quote(p.Host.Journal)) // "" is not the default

	for _, a := range p.Apps {
		w.app(a)
	}
	for _, c := range p.Checks {
		w.check(c)
	}
	return w.out
}

// writer writes keys and leaves out those that say nothing.
type writer struct{ out []byte }

func (w *writer) comment(s string) { w.out = append(w.out, "# "+s+"\n"...) }
func (w *writer) table(head string) {
	w.out = append(w.out, "\n"+head+"\n"...)
}

func (w *writer) value(key, value string) { w.out = fmt.Appendf(w.out, "%s = %s\n", key, value) }

func (w *writer) text(key, s string) {
	if s != "" {
		w.value(key, toml.Quote(s))
	}
}

func (w *writer) texts(key string, list []string) {
	if len(list) == 0 {
		return
	}
	var quoted []string
	for _, s := range list {
		quoted = append(quoted, toml.Quote(s))
	}
	w.value(key, "["+strings.Join(quoted, ", ")+"]")
}

func (w *writer) number(key string, n int) {
	if n != 0 {
		w.value(key, strconv.Itoa(n))
	}
}

func (w *writer) size(key string, n int64) {
	if n != 0 {
		w.value(key, toml.Quote(toml.FormatSize(n)))
	}
}

func (w *writer) duration(key string, d time.Duration) {
	w.value(key, toml.Quote(toml.FormatDuration(d)))
}

func (w *writer) app(a App) {
	w.table("[[app]]")
	w.text("name", a.Name)
	w.text("unit", a.Unit)
	w.text("image", a.Image)
	w.number("port", a.Port)
	w.number("target", a.Target)
	w.text("bind", a.Bind)
	w.value("cold", strconv.FormatBool(a.Cold))
	w.text("proxy", string(a.Proxy))
	w.duration("idle", a.Idle)
	w.size("memory", a.Memory)
	w.duration("stop", a.Stop)
	w.duration("start", a.Start)
	w.texts("volumes", a.Volumes)

	w.table("[app.probe]")
	w.value("path", toml.Quote(a.Probe.Path)) // "" is not the default
	w.number("status", a.Probe.Status)
	w.text("body", a.Probe.Body)

	if len(a.Env) > 0 {
		w.table("[app.env]")
		for _, name := range slices.Sorted(maps.Keys(a.Env)) {
			w.value(name, toml.Quote(a.Env[name]))
		}
	}
}

func (w *writer) check(c Check) {
	w.table("[[check]]")
	w.text("name", c.Name)
	w.value("required", strconv.FormatBool(c.Required))
	w.text("kind", string(c.Kind))
	w.duration("deadline", c.Deadline)
	w.texts("command", c.Command)
	if c.User {
		w.value("user", "true")
	}
	w.text("target", c.Target)
	w.text("url", c.URL)
	w.number("status", c.Status)
	w.text("body", c.Body)
	w.size("free", c.Free)
	w.text("since", c.Since)
}
