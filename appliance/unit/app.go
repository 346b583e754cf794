package unit

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edge/appliance/profile"
)

const podman = "/usr/bin/podman"

// app adds what one application consists of.
func (l *list) app(a profile.App) {
	l.environment(a)
	about := "an application that is always up"
	if a.Cold {
		l.cold(a)
		about = "an application that is up while it is used; its proxy starts it"
	}
	if l.Style == Quadlet {
		l.quadlet(a, about)
		return
	}
	wants := "default.target" // multi-user.target is none of a user's manager
	if a.Cold {
		wants = ""
	}
	d := newDocument(a.Name + ": " + about + ".")
	l.appUnit(d, a)
	l.container(d, a)
	l.gate(d, a, "--cidfile=%t/%n.ctr-id")
	d.set("ExecStopPost=" + podman + " rm -f --ignore --cidfile=%t/%n.ctr-id")
	if !a.Cold {
		d.section("Install")
		d.set("WantedBy=default.target")
	}
	l.userUnit(ownerApp(a), service(a), wants, d)
}

// environment adds the files that keep the image out of the unit and the values of the environment out of
// the list of processes. The second is podman's own format: everything behind the first "=" is the value.
func (l *list) environment(a profile.App) {
	if l.Style != Quadlet {
		l.add(Entry{Path: appsDir + a.Unit + ".env", Mode: 0o640, Private: true, Owner: ownerApp(a),
			Text: "# Written by appliance: what " + service(a) + " runs.\nIMAGE=" + a.Image + "\n"})
	}
	if len(a.Env) == 0 {
		return
	}
	lines := "# Written by appliance: the environment inside the container of " + a.Name + ".\n"
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		lines += name + "=" + a.Env[name] + "\n"
	}
	l.add(Entry{Path: environmentFile(a), Mode: 0o640, Private: true, Owner: ownerApp(a), Text: lines})
}

// environmentFile is what podman reads; no unit has a dot in its name, so it is no other app's file.
func environmentFile(a profile.App) string { return appsDir + a.Unit + ".container.env" }

// appUnit writes what says when the service runs. There is no ordering after the network: the user's
// manager has no network-online.target, and retrying is needed anyway.
func (l *list) appUnit(d *document, a profile.App) {
	d.section("Unit")
	d.set(
		"Description="+a.Name+" (container)",
		"ConditionUser="+l.User,
		"StartLimitIntervalSec=0", // nobody is there to reset a unit that was given up
	)
	if a.Cold {
		d.set("StopWhenUnneeded=yes")
	}
}

// container writes how a plain unit runs the container. podman goes, conmon stays as the main process.
func (l *list) container(d *document, a profile.App) {
	d.section("Service")
	d.set(
		"Type=notify",
		"NotifyAccess=all",
		"Environment=PODMAN_SYSTEMD_UNIT=%n",
		"EnvironmentFile="+appsDir+a.Unit+".env",
		"ExecStartPre=/usr/bin/rm -f %t/%n.ctr-id",
	)
	groups := [][]word{
		words(podman, "run", "-d", "--replace", "--rm", "--name", a.Unit),
		words("--cidfile=%t/%n.ctr-id", "--cgroups=no-conmon", "--sdnotify=conmon", "--pull=missing"),
		words("--security-opt=no-new-privileges"),
		words("-p", publish(a)),
	}
	if l.Updates.Engine == profile.EnginePodman {
		groups = append(groups, words("--label", autoUpdateLabel))
	}
	if a.Memory > 0 {
		groups = append(groups, words(memory(a)))
	}
	if len(a.Env) > 0 {
		groups = append(groups, words("--env-file="+environmentFile(a)))
	}
	for _, v := range a.Volumes {
		groups = append(groups, []word{raw("-v"), text(v)})
	}
	d.runLong("ExecStart", append(groups, words("${IMAGE}"))...)
}

const autoUpdateLabel = "io.containers.autoupdate=registry"

func memory(a profile.App) string { return fmt.Sprintf("--memory=%db", a.Memory) }

// publish is which port of the device leads to the container. A cold app's own port is its socket's.
func publish(a profile.App) string {
	port := strconv.Itoa(a.Port) + ":" + strconv.Itoa(a.Target)
	switch {
	case a.Cold:
		return "127.0.0.1:" + strconv.Itoa(a.Inner) + ":" + strconv.Itoa(a.Target)
	case a.Bind == "":
		return port
	case strings.Contains(a.Bind, ":"):
		return "[" + a.Bind + "]:" + port
	}
	return a.Bind + ":" + port
}

// gate writes the part of [Service] that plain units and Quadlet files have in common. The probe makes a
// start fail that ends in an app that does not serve: that is what every update engine rolls back by. container
// is how podman is told of the container.
//
// The app is started again however it ended. "On failure" is not enough where the statuses of a container
// that was told to stop (143, 137, and 2 of Go programs) count as success: 137 is also what the kernel
// leaves of an app that had too little memory.
func (l *list) gate(d *document, a profile.App, container string) {
	probe := []string{l.Binary, "device", "probe", "--app", a.Unit, "--deadline", span(a.Start)}
	if a.Cold { // its socket would wait for this very unit
		probe = append(probe, "--backend")
	}
	d.run("ExecStartPost", words(probe...)...)
	d.run("ExecStop", words(podman, "stop", "-t", strconv.FormatInt(seconds(a.Stop), 10), "--ignore", container)...)
	wait := 15 * time.Second
	if a.Cold {
		wait = 5 * time.Second // a request waits for it
	}
	d.set("Restart=always", "RestartSec="+span(wait))
	if l.Systemd >= 254 {
		d.set("RestartSteps=5", "RestartMaxDelaySec=5min")
	}
	d.set(
		"SuccessExitStatus=2 137 143",
		"TimeoutStartSec="+span(max(15*time.Minute, a.Start+10*time.Minute)), // the first start may have to pull
		"TimeoutStopSec="+span(a.Stop+30*time.Second),
	)
}

// listen is where the socket of a cold app listens: on both IPv4 and IPv6 unless the app is bound.
func listen(a profile.App) string {
	if a.Bind == "" {
		return strconv.Itoa(a.Port)
	}
	ip, err := netip.ParseAddr(a.Bind)
	if err != nil {
		return "" // check has refused it
	}
	return netip.AddrPortFrom(ip, uint16(a.Port)).String()
}
