package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

// appPoints are about the containers.
func appPoints() []point {
	return []point{
		{"images", true, images},
		{"units", true, units},
		{"ports", true, ports},
		{"firewall", true, firewall},
		{"registry", true, registries},
		{"network-online", false, networkOnline},
	}
}

func images(ctx context.Context, p *Patient) []Finding {
	if p.User == nil {
		return nil
	}
	var findings []Finding
	for _, a := range p.Profile.Apps {
		f := Finding{Point: "image of " + a.Name, Grade: Well, What: a.Image + " is here"}
		_, err := p.askUser(ctx, "podman", "image", "exists", a.Image)
		if ended := (*command.Error)(nil); err != nil && !errors.As(err, &ended) {
			return append(findings, unlooked(err)...)
		} else if err != nil {
			f.Grade, f.What, f.Cure = Fault, a.Image+" is not on the device", "appliance device prepull; does the device reach the registry?"
		}
		findings = append(findings, f)
	}
	return findings
}

func units(ctx context.Context, p *Patient) []Finding {
	if p.User == nil {
		return nil
	}
	var findings []Finding
	for _, a := range p.Profile.Apps {
		unit := a.Service()
		if a.Cold {
			unit = a.Socket()
		}
		state, err := active(p.askUser(ctx, "systemctl", "--user", "is-active", unit))
		if err != nil {
			return append(findings, unlooked(err)...)
		}
		f := Finding{Point: "unit of " + a.Name, Grade: Well, What: unit + " is " + state}
		if state != "active" {
			f.Grade, f.Cure = Fault, fmt.Sprintf("as %s: systemctl --user status %s; journalctl --user -u %s", p.User.Name, unit, unit)
		}
		findings = append(findings, f)
	}
	return findings
}

// ports looks whether somebody listens where each app is to be. One that sleeps is let sleep: its socket is
// looked at with the units.
func ports(ctx context.Context, p *Patient) []Finding {
	var findings []Finding
	for _, a := range p.Profile.Apps {
		if a.Cold {
			continue
		}
		host := a.Bind
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		at := net.JoinHostPort(host, strconv.Itoa(a.Port))
		f := Finding{Point: "port of " + a.Name, Grade: Well, What: at + " listens"}
		d := net.Dialer{Timeout: 2 * time.Second}
		if c, err := d.DialContext(ctx, "tcp", at); err != nil {
			f.Grade, f.What, f.Cure = Fault, "nobody listens at "+at, "look at the app's unit; ss -tlnp tells who has the port"
		} else {
			_ = c.Close()
		}
		findings = append(findings, f)
	}
	return findings
}

func firewall(ctx context.Context, p *Patient) []Finding {
	state, err := active(p.ask(ctx, "systemctl", "is-active", "firewalld.service"))
	if err != nil {
		return unlooked(err)
	}
	if state != "active" {
		return well("firewalld does not run")
	}
	if !p.Profile.Host.Firewall {
		return found(Note, "is left alone, as the profile says", "")
	}
	var shut []string
	for _, a := range p.Profile.Apps {
		port := strconv.Itoa(a.Port) + "/tcp"
		if _, err := p.ask(ctx, "firewall-cmd", "--query-port="+port); err != nil {
			shut = append(shut, port)
		}
	}
	if len(shut) > 0 {
		return found(Fault, "does not let "+strings.Join(shut, ", ")+" in", "appliance device install opens them: run it again")
	}
	return well("lets the apps' ports in")
}

// registries are only worth a note: a device without a network is a device that works.
func registries(ctx context.Context, p *Patient) []Finding {
	seen := map[string]bool{}
	var findings []Finding
	for _, a := range p.Profile.Apps {
		host, _, _ := strings.Cut(a.Image, "/")
		if seen[host] {
			continue
		}
		seen[host] = true
		at := host
		if _, _, err := net.SplitHostPort(host); err != nil {
			at = net.JoinHostPort(host, "443")
		}
		f := Finding{Point: "registry " + host, Grade: Well, What: "is reached"}
		d := net.Dialer{Timeout: 3 * time.Second}
		if c, err := d.DialContext(ctx, "tcp", at); err != nil {
			f.Grade, f.What, f.Cure = Note, "is not reached now; the apps go on, their updates wait", "look at the network, or at the builder"
		} else {
			_ = c.Close()
		}
		findings = append(findings, f)
	}
	return findings
}

// networkOnline: the manager of a user has no network-online.target and no multi-user.target; what
// wants them there waits for nothing, or never starts.
func networkOnline(_ context.Context, p *Patient) []Finding {
	dirs := []string{"/etc/systemd/user"}
	if p.User != nil {
		dirs = append(dirs, path.Join(p.User.Home, ".config/systemd/user"))
	}
	var bad []string
	for _, dir := range dirs {
		names, _ := p.Files.Names(dir)
		for _, name := range names {
			if name == "multi-user.target.wants" {
				bad = append(bad, path.Join(dir, name))
				continue
			}
			text, _ := p.read(path.Join(dir, name))
			if strings.Contains(text, "network-online.target") || strings.Contains(text, "WantedBy=multi-user.target") {
				bad = append(bad, path.Join(dir, name))
			}
		}
	}
	if len(bad) == 0 {
		return well("no user unit waits for a target that its manager does not have")
	}
	return found(Warning, "there is no network-online.target or multi-user.target in a user's manager, but these name one: "+strings.Join(bad, ", "),
		"use default.target, and let the unit try again instead of waiting for the network")
}

// coldApps are those that sleep.
func coldApps(p profile.Profile) []profile.App {
	var cold []profile.App
	for _, a := range p.Apps {
		if a.Cold {
			cold = append(cold, a)
		}
	}
	return cold
}
