package profile

import (
	"fmt"

	"edge/appliance/toml"
)

// Reconcile notes what apps and checks have to settle with each other: names, units and ports that are
// there twice, checks of apps that are not. It chooses the inner ports of cold apps. places are the
// keys of p.Apps, in their order; "" for an app that the file does not name.
func Reconcile(r *toml.Reader, p *Profile, places []string) {
	for i, a := range p.Apps {
		for _, b := range p.Apps[:i] {
			noteClash(r, places[i], a, b)
		}
	}
	allot(p.Apps)
	for i, c := range p.Checks {
		at := fmt.Sprintf("check[%d]", i)
		if !r.Has(at) {
			at = "check" // the only one may be written [check]
		}
		for _, other := range p.Checks[:i] {
			if c.Name != "" && c.Name == other.Name {
				r.Note(at+".name", fmt.Errorf("%q is there twice", c.Name))
			}
		}
		p.Checks[i].Target = subject(r, p, at, c)
	}
}

// noteClash notes what a, at its key, must not share with b.
func noteClash(r *toml.Reader, at string, a, b App) {
	switch {
	case a.Name == "" || b.Name == "":
		return // noted already
	case a.Name == b.Name:
		r.Note(at+".name", fmt.Errorf("%q is there twice", a.Name))
	case a.Unit != "" && a.Unit == b.Unit:
		r.Note(at+".unit", fmt.Errorf("%q is the unit of app %q already", a.Unit, b.Name))
	case a.Unit == b.Name || b.Unit == a.Name:
		r.Note(at, fmt.Errorf("app %q has the name of a unit of app %q, or the other way round: commands take either, so choose another one", a.Name, b.Name))
	case a.Cold && b.Unit == a.Unit+proxySuffix || b.Cold && a.Unit == b.Unit+proxySuffix:
		r.Note(at+".unit", fmt.Errorf("%q and %q cannot stand together: %q is what the proxy of a cold app is called", a.Unit, b.Unit, proxySuffix))
	}
	if a.Port != 0 && a.Port == b.Port {
		r.Note(at+".port", fmt.Errorf("port %d of the device belongs to app %q already", a.Port, b.Name))
	}
}

// subject is the target of a check, and where that is an app called by its name, its unit. It notes what
// is the matter with that app.
func subject(r *toml.Reader, p *Profile, at string, c Check) string {
	if c.Kind != KindContainer && c.Kind != KindSocket || c.Target == "" {
		return c.Target
	}
	a, known := p.App(c.Target)
	switch {
	case !known:
		r.Note(at+".target", fmt.Errorf("no app is called %q, and no unit of one", c.Target))
		return c.Target
	case c.Kind == KindSocket && !a.Cold:
		r.Note(at+".target", fmt.Errorf("app %q is not cold and so has no socket: kind %q looks at its container", a.Name, KindContainer))
	}
	return a.Unit
}

// Inner ports lie below those that Linux gives to outgoing connections, 32768 and up.
const (
	innerFirst = 10_000
	innerCount = 20_000
)

// allot gives each cold app an inner port: its own port plus 10000 where that is free.
func allot(apps []App) {
	taken := map[int]bool{}
	for _, a := range apps {
		taken[a.Port] = true
	}
	for i := range apps {
		apps[i].Inner = 0
		if !apps[i].Cold || apps[i].Port == 0 {
			continue
		}
		offset := apps[i].Port % innerCount
		for taken[innerFirst+offset] {
			offset = (offset + 1) % innerCount
		}
		apps[i].Inner = innerFirst + offset
		taken[apps[i].Inner] = true
	}
}
