package unit

import (
	"time"

	"edge/appliance/profile"
)

// Units that belong to all apps together.
const (
	prepull      = "pre-pull-container-image.service"
	appUpdate    = "appliance-app-update"
	podmanUpdate = "podman-auto-update"
)

// updates adds what fetches images: before the first start, and later by the one engine there is.
func (l *list) updates() {
	if len(l.Apps) > 0 {
		l.userUnit(ownerUpdates, prepull, "default.target", l.prepull())
	}
	switch l.Updates.Engine {
	case profile.EngineAppliance:
		l.mask()
		l.userUnit(ownerUpdates, appUpdate+".service", "", l.appUpdate())
		l.userUnit(ownerUpdates, appUpdate+".timer", "timers.target",
			l.timer("Time to update the applications", l.User, l.Updates.Every, "OnStartupSec", l.Updates.Jitter))
	case profile.EnginePodman:
		l.podmanTimer()
	default:
		l.mask()
	}
	// Without this, a user's manager that is up for two minutes calls a boot good that nobody has judged
	// yet, and a device that must roll back reboots for ever.
	l.add(Entry{Path: userUnits + "grub-boot-success.timer", Link: "/dev/null", Owner: ownerHealth})
}

// prepull pulls beside the apps, not before them: one image that cannot be had must not hold up the others.
func (l *list) prepull() *document {
	d := newDocument("Images of the applications are pulled early, and again until they are there.")
	d.section("Unit")
	d.set("Description=Images of the applications", "ConditionUser="+l.User, "StartLimitIntervalSec=0")
	d.section("Service")
	d.set("Type=oneshot", "RemainAfterExit=yes")
	d.run("ExecStart", words(l.Binary, "device", "prepull")...)
	d.set("TimeoutStartSec=2h")
	if l.Systemd == 0 || l.Systemd >= 244 {
		d.set("Restart=on-failure", "RestartSec=30s") // older ones refuse a oneshot that has it
	}
	d.section("Install")
	d.set("WantedBy=default.target")
	return d
}

// appUpdate has none of systemd's sandboxes: podman needs newuidmap, which NoNewPrivileges breaks, and a
// mount namespace of its own would become that of every later container.
func (l *list) appUpdate() *document {
	d := newDocument("A new image is kept when it serves, else the old one is put back.")
	d.section("Unit")
	d.set("Description=Update of the applications", "ConditionUser="+l.User)
	d.section("Service")
	d.set("Type=oneshot")
	d.run("ExecStart", words(l.Binary, "device", "update", "apps")...)
	d.set("TimeoutStartSec=2h")
	return d
}

// timer writes a timer for the service of the same name: soon after the manager's start, then with a pause
// from the end of one run to the beginning of the next. start is the setting that counts from the manager's
// start; user is "" for the system's manager.
func (l *list) timer(about, user string, every time.Duration, start string, random time.Duration) *document {
	d := newDocument()
	d.section("Unit")
	d.set("Description=" + about)
	if user != "" {
		d.set("ConditionUser=" + user)
	}
	d.section("Timer")
	pace(d, every, start, random)
	d.section("Install")
	d.set("WantedBy=timers.target")
	return d
}

// pace writes when a timer elapses. Without an accuracy of its own "every 30 s" would be any time within
// two minutes.
func pace(d *document, every time.Duration, start string, random time.Duration) {
	d.set(start+"="+span(min(every, time.Minute)), "OnUnitInactiveSec="+span(every))
	if random > 0 {
		d.set("RandomizedDelaySec=" + span(random))
	}
	d.set("AccuracySec=1s")
}

// mask turns podman's own engine off, for every user: where two of them run, the one that does not
// remember what it rolled back wins.
func (l *list) mask() {
	for _, name := range []string{podmanUpdate + ".timer", podmanUpdate + ".service"} {
		l.add(Entry{Path: userUnits + name, Link: "/dev/null", Owner: ownerUpdates})
	}
}

// podmanTimer makes podman's own timer ours; its service stays as it was packaged, with what prunes images.
func (l *list) podmanTimer() {
	d := newDocument("podman auto-update as often as the profile says, instead of once a day.")
	d.section("Unit")
	d.set("ConditionUser=" + l.User)
	d.section("Timer")
	d.set("OnCalendar=", "Persistent=no", "RandomizedDelaySec=0")
	pace(d, l.Updates.Every, "OnStartupSec", l.Updates.Jitter)
	l.unit(ownerUpdates, userUnits+podmanUpdate+".timer.d/10-appliance.conf", d)
	l.enable(ownerUpdates, userUnits+"timers.target.wants/"+podmanUpdate+".timer", "/usr/lib/systemd/user/"+podmanUpdate+".timer")
}
