package unit

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// host adds what the device needs around the units: folders, registries, lingering, logs and rights.
func (l *list) host() {
	l.file(ownerHost, "/etc/tmpfiles.d/appliance.conf", fmt.Sprintf(
		"# Written by appliance: what it keeps. The apps' part belongs to who runs them.\nd %s 0755 root root -\nd %s/apps 0755 %s - -\n",
		stateDir, stateDir, l.User))
	l.registries()
	// The user's manager starts with the device. This file is all that "loginctl enable-linger" makes, and
	// unlike that it can be made before the device has ever booted.
	l.file(ownerHost, "/var/lib/systemd/linger/"+l.User, "")
	if l.Host.Journal != "" {
		l.file(ownerHost, "/etc/systemd/journald.conf.d/10-appliance.conf",
			"# Written by appliance. Why a boot failed must be readable after it was rolled back.\n"+
				"[Journal]\nStorage=persistent\nSystemMaxUse="+l.Host.Journal+"\n")
	}
	if l.Host.Sudo {
		l.add(Entry{Path: "/etc/sudoers.d/50-appliance", Text: l.sudoers(), Mode: 0o440, Owner: ownerHost})
	}
}

// registries adds how podman speaks to the registries of the apps.
func (l *list) registries() {
	if len(l.Registry.Insecure) > 0 {
		text := "# Written by appliance: registries without TLS.\n"
		for _, host := range l.Registry.Insecure {
			text += fmt.Sprintf("\n[[registry]]\nlocation = %q\ninsecure = true\n", host)
		}
		l.file(ownerHost, "/etc/containers/registries.conf.d/50-appliance.conf", text)
	}
	if strings.TrimSpace(l.Registry.CA) == "" {
		return
	}
	var done []string
	for _, a := range l.Apps {
		host, _, _ := strings.Cut(a.Image, "/")
		if slices.Contains(done, host) || slices.Contains(l.Registry.Insecure, host) {
			continue
		}
		done = append(done, host)
		l.file(ownerHost, "/etc/containers/certs.d/"+host+"/appliance-ca.crt", l.Registry.CA)
	}
}

// sudoers lets the user look, update and restart. Each command is a whole one: sudo allows no argument
// more, and none of them takes a path, a pattern or the name of a program.
func (l *list) sudoers() string {
	commands := []string{
		l.Binary + " device status",
		l.Binary + " device status -o json",
		l.Binary + " device doctor",
		l.Binary + " device update os",
		l.Binary + " device update apps",
		"/usr/bin/systemctl reboot",
	}
	return "# Written by appliance, because the profile says [host] sudo = true.\n" +
		"Cmnd_Alias APPLIANCE_DEVICE = \\\n    " + strings.Join(commands, ", \\\n    ") + "\n" +
		l.User + " ALL = (root) NOPASSWD: NOSETENV: APPLIANCE_DEVICE\n"
}

// presets tells both managers that what was enabled is to be so. There are systems that go back to their
// presets when they boot for the first time, and theirs say "disable *".
func (l *list) presets() {
	for _, manager := range []struct{ units, file string }{
		{userUnits, "/etc/systemd/user-preset/50-appliance.preset"},
		{systemUnits, "/etc/systemd/system-preset/50-appliance.preset"},
	} {
		var lines []string
		for _, e := range l.entries {
			line := "enable " + path.Base(e.Path) + "\n"
			if e.Late && strings.HasPrefix(e.Path, manager.units) && !strings.HasSuffix(e.Path, ".target") && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			l.file(ownerHost, manager.file, "# Written by appliance.\n"+strings.Join(lines, ""))
		}
	}
}
