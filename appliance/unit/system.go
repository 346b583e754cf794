package unit

import (
	"fmt"
	"strings"
	"time"

	"edge/appliance/profile"
)

// Units of the system's manager.
const (
	osUpdate   = "appliance-os-update"
	reportUnit = "appliance-report"
)

// osUpdates adds where the operating system comes from and when a new one is looked for.
func (l *list) osUpdates() {
	if l.OS.URL != "" {
		l.remote()
	}
	if l.OS.Policy == profile.PolicyOff || l.OS.Policy == "" {
		return
	}
	d := newDocument("Policy of updates: " + string(l.OS.Policy) + ".")
	d.section("Unit")
	d.set("Description=Update of the operating system", "ConditionPathExists=/run/ostree-booted")
	d.section("Service")
	d.set("Type=oneshot")
	d.run("ExecStart", words(l.Binary, "device", "update", "os")...)
	d.set(
		"TimeoutStartSec=12h", // a slow line; what was fetched is kept
		// RestrictSUIDSGID is not among them: a deployment has programs with these bits.
		"LockPersonality=yes",
		"RestrictRealtime=yes",
		"SystemCallArchitectures=native",
	)
	l.systemUnit(ownerOS, osUpdate+".service", "", d)
	timer := l.timer("Time to look for an operating system", "", l.OS.Every, "OnBootSec", l.delay())
	if l.OS.Policy == profile.PolicyWindow {
		timer = l.windowTimer()
	}
	l.systemUnit(ownerOS, osUpdate+".timer", "timers.target", timer)
}

// windowTimer elapses at the beginning of each window as well, or a short one could pass between two looks.
func (l *list) windowTimer() *document {
	d := newDocument()
	d.section("Unit")
	d.set("Description=Time to look for an operating system")
	d.section("Timer")
	pace(d, l.OS.Every, "OnBootSec", l.delay())
	d.set("OnCalendar=" + calendar(l.OS.Window))
	d.section("Install")
	d.set("WantedBy=timers.target")
	return d
}

// delay is the random one, within the first half of a window.
func (l *list) delay() time.Duration {
	w := l.OS.Window
	if l.OS.Policy != profile.PolicyWindow {
		return l.OS.Delay
	}
	length := w.End - w.Begin
	if length <= 0 {
		length += 24 * time.Hour
	}
	return min(l.OS.Delay, length/2)
}

// calendar writes the beginning of a window as systemd.time(7) does.
func calendar(w profile.Window) string {
	var days []string
	for _, d := range w.Days {
		days = append(days, d.String()[:3])
	}
	at := fmt.Sprintf("%02d:%02d:%02d", int(w.Begin.Hours()), int(w.Begin.Minutes())%60, int(w.Begin.Seconds())%60)
	return strings.TrimSpace(strings.Join(days, ",") + " " + at + " " + w.Zone)
}

// remote adds the OSTree remote. That commits are not verified is told where it is so.
func (l *list) remote() {
	text := "# Written by appliance.\n"
	if l.OS.Key == "" {
		text += "# The profile has no key: whoever can answer for this URL decides what the device boots.\n"
	}
	text += fmt.Sprintf("[remote %q]\nurl=%s\ngpg-verify=false\n", l.OS.Remote, l.OS.URL)
	if l.OS.Key != "" {
		text += "sign-verify=ed25519\nverification-ed25519-key=" + l.OS.Key + "\n"
	}
	l.file(ownerOS, "/etc/ostree/remotes.d/"+l.OS.Remote+".conf", text)
}

// report adds what sends the status document to the builder. It looks at containers as the user, so it
// has no mount namespace of its own and may gain privileges (see appUpdate).
func (l *list) report() {
	if !l.Profile.Report.Enabled {
		return
	}
	d := newDocument("Tells the builder how this device is.")
	d.section("Unit")
	d.set("Description=Report to the builder")
	d.section("Service")
	d.set("Type=oneshot")
	d.run("ExecStart", words(l.Binary, "device", "report")...)
	d.set("TimeoutStartSec=5min", "LockPersonality=yes", "RestrictRealtime=yes", "SystemCallArchitectures=native")
	l.systemUnit(ownerReport, reportUnit+".service", "", d)
	l.systemUnit(ownerReport, reportUnit+".timer", "timers.target",
		l.timer("Time to report to the builder", "", l.Profile.Report.Every, "OnBootSec", l.Profile.Report.Every/10))
}
