package unit

import (
	"fmt"
	"slices"
	"time"

	"edge/appliance/profile"
)

// health adds what judges a boot: the checks where greenboot looks for them, and for devices without
// greenboot the service that does its work.
func (l *list) health() {
	l.check("required", "")
	if slices.ContainsFunc(l.Checks, func(c profile.Check) bool { return !c.Required }) {
		l.check("wanted", " --wanted")
	}
	for _, colour := range []string{"green", "red"} {
		l.add(Entry{Path: "/etc/greenboot/" + colour + ".d/50_appliance_record.sh", Mode: 0o755, Owner: ownerHealth,
			Text: shim("Remembers that this boot was called "+colour+".", time.Minute, l.Binary+" device health record "+colour)})
	}
	if l.Greenboot == greenbootNone {
		l.fallback()
	} else {
		l.greenboot()
	}
}

func (l *list) check(kind, flag string) {
	l.add(Entry{Path: "/etc/greenboot/check/" + kind + ".d/50_appliance_health.sh", Mode: 0o755, Late: true, Owner: ownerHealth,
		Text: shim("Judges this boot by the "+kind+" checks of /etc/appliance/device.toml.", l.patience(), l.Binary+" device check --greenboot"+flag)})
}

// patience is when a check is ended that does not end by itself. Deadlines grow with the attempt, and
// greenboot-rs makes one more of them than it is told to.
func (l *list) patience() time.Duration {
	h := l.Health
	return time.Duration(h.Attempts+1)*h.Deadline + h.Settle + time.Minute
}

// shim writes a check or a hook. It is run as "bash FILE" by one greenboot and as "bash -C FILE" by the
// other, so it redirects nothing and leaves everything to this program; neither ends what hangs.
func shim(about string, patience time.Duration, command string) string {
	return fmt.Sprintf("#!/bin/bash\n# Written by appliance. %s\nexec timeout --preserve-status -k 10 %d %s\n", about, seconds(patience), command)
}

// Units of the system's manager on a device without greenboot.
const (
	judgeUnit = "appliance-health.service"
	armUnit   = "appliance-health-arm.service"
)

// fallback adds the judge and what arms the counting of boots.
func (l *list) fallback() {
	l.systemUnit(ownerHealth, judgeUnit, "multi-user.target", l.judge())
	l.unit(ownerHealth, systemUnits+armUnit, l.arm())
	l.enable(ownerHealth, systemUnits+"boot-complete.target.requires/"+judgeUnit, systemUnits+judgeUnit)
	l.enable(ownerHealth, systemUnits+"multi-user.target.wants/boot-complete.target", "/usr/lib/systemd/system/boot-complete.target")
	l.enable(ownerHealth, systemUnits+"ostree-finalize-staged.service.wants/"+armUnit, systemUnits+armUnit)
}

// greenbootProgram is where both greenboots are. With an update of the operating system one may come,
// and then this device must not be judged twice.
const greenbootProgram = "/usr/libexec/greenboot/greenboot"

// judge has no limit of time: systemd would end it without a verdict. It limits what it runs. It is not
// confined either, because checks run podman as the user (see appUpdate).
func (l *list) judge() *document {
	d := newDocument("Runs the checks of greenboot's directories on a device that has no greenboot.")
	d.section("Unit")
	d.set(
		"Description=Judgement of this boot",
		"ConditionPathExists=/run/ostree-booted",
		"ConditionPathExists=!"+greenbootProgram,
		"Before=boot-complete.target",
		"RequiresMountsFor=/boot "+stateDir,
	)
	d.section("Service")
	d.set("Type=oneshot", "RemainAfterExit=yes")
	d.run("ExecStart", words(l.Binary, "device", "health", "judge")...)
	d.set("TimeoutStartSec=infinity")
	d.section("Install")
	d.set("RequiredBy=boot-complete.target", "WantedBy=multi-user.target")
	return d
}

// arm runs as soon as a deployment is staged, whoever did it: ostree itself then starts the service that
// finalizes it at shutdown, which wants this one. It must not be ordered before that service: a reboot that
// follows a staging at once would cancel the start of a service that still waits, and the update were lost.
// So it comes after it, and when such a reboot is faster than it is, it runs again while the system goes
// down, before the deployment is finalized.
func (l *list) arm() *document {
	d := newDocument("Begins to count boots when a deployment is staged.")
	d.section("Unit")
	d.set(
		"Description=Counting of boots for a staged deployment",
		"DefaultDependencies=no",
		"ConditionPathExists=/run/ostree-booted",
		"ConditionPathExists=!"+greenbootProgram,
		"PartOf=ostree-finalize-staged.service",
		"After=ostree-finalize-staged.service",
		"Conflicts=final.target",
		"Before=final.target",
		"RequiresMountsFor=/boot "+stateDir,
	)
	d.section("Service")
	d.set("Type=oneshot", "RemainAfterExit=yes")
	d.run("ExecStart", words(l.Binary, "device", "health", "arm")...)
	d.run("ExecStopPost", words(l.Binary, "device", "health", "arm")...)
	d.set("TimeoutStartSec=1min", "TimeoutStopSec=1min")
	d.section("Install")
	d.set("WantedBy=ostree-finalize-staged.service")
	return d
}

// greenboot adds the links that enable the greenboot of the device: presets of several distributions
// name none of its units, or one that does not exist.
func (l *list) greenboot() {
	links := [][2]string{
		{"multi-user.target.wants", "greenboot-healthcheck.service"},
		{"boot-complete.target.requires", "greenboot-healthcheck.service"},
	}
	if l.Greenboot == greenbootRS {
		// The trigger is a service of the boot up to 0.16.3 and one of the shutdown since: it has to be up
		// by then, and does nothing where nothing is staged.
		links = append(links,
			[2]string{"multi-user.target.wants", "greenboot-success.target"},
			[2]string{"greenboot-healthcheck.service.wants", "greenboot-set-rollback-trigger.service"})
	} else {
		links = append(links,
			[2]string{"multi-user.target.wants", "greenboot-task-runner.service"},
			[2]string{"multi-user.target.wants", "greenboot-status.service"},
			[2]string{"multi-user.target.wants", "greenboot-loading-message.service"},
			[2]string{"multi-user.target.wants", "greenboot-grub2-set-success.service"},
			[2]string{"ostree-finalize-staged.service.requires", "greenboot-grub2-set-counter.service"},
			[2]string{"greenboot-healthcheck.service.requires", "greenboot-rpm-ostree-grub2-check-fallback.service"},
			[2]string{"redboot.target.wants", "redboot-auto-reboot.service"},
			[2]string{"redboot.target.requires", "redboot-task-runner.service"})
	}
	for _, link := range links {
		l.enable(ownerHealth, systemUnits+link[0]+"/"+link[1], "/usr/lib/systemd/system/"+link[1])
	}
}
