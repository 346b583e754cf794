package unit

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"edge/appliance/profile"
)

// quadlet adds the container as a file for podman's generator, which makes a unit of the same name of it.
// Root owns the file where podman allows it; before 4.6 podman looks in the user's home only.
func (l *list) quadlet(a profile.App, about string) {
	name := strings.TrimSuffix(service(a), ".service") + ".container"
	dir := "/etc/containers/systemd/users/" + strconv.FormatUint(uint64(l.UID), 10)
	if !l.Podman.least(4, 6) {
		dir = l.Home + "/.config/containers/systemd"
	}
	d := newDocument(a.Name + ": " + about + ".")
	l.appUnit(d, a)
	l.keys(d, a)
	d.section("Service")
	l.gate(d, a, a.Unit) // by its name: where its ID is kept differs between podman 4.4 and 5.8
	if !a.Cold {
		d.section("Install")
		d.set("WantedBy=default.target")
	}
	l.unit(ownerApp(a), path.Join(dir, name), d)
}

// keys writes [Container]. What a key cannot say in every version goes through PodmanArgs.
func (l *list) keys(d *document, a profile.App) {
	d.section("Container")
	d.set("ContainerName="+a.Unit, "Image="+a.Image)
	if l.Podman.least(4, 6) {
		d.set("Pull=missing")
	}
	if l.Updates.Engine == profile.EnginePodman {
		if l.Podman.least(4, 6) {
			d.set("AutoUpdate=registry")
		} else {
			d.set("Label=" + autoUpdateLabel)
		}
	}
	d.set("PublishPort="+publish(a), "NoNewPrivileges=true")
	if len(a.Env) > 0 {
		d.set("EnvironmentFile=" + environmentFile(a))
	}
	for _, v := range a.Volumes {
		// Quadlet cuts a volume at its colons and quotes the pieces by rules that changed from one version
		// to the next; a name that ends in .volume is another Quadlet file to it.
		source, _, _ := strings.Cut(v, ":")
		if v == "" || strings.Trim(v, harmless) != "" || strings.HasSuffix(source, ".volume") || strings.HasPrefix(v, "-") || strings.HasPrefix(v, ".") {
			d.faults = append(d.faults, fmt.Errorf("%w: quadlet cannot be told of volume %.200q of app %q: rename it, or take plain units", ErrStyle, v, a.Name))
		}
		d.set("Volume=" + v)
	}
	if a.Memory > 0 {
		d.set("PodmanArgs=" + memory(a))
	}
}
