package doctor

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// bootPoints are about judging a boot.
func bootPoints() []point {
	return []point{
		{"boot health service", false, bootService},
		{"greenboot enabled", true, greenbootEnabled},
		{"greenboot.conf", false, greenbootConf},
		{"health checks disabled", false, disabledChecks},
		{"grub-boot-success", false, bootSuccess},
		{"boot counter", true, bootCounter},
		{"/boot", true, bootMount},
		{"journal", false, journal},
		{"rollback deployment", false, rollbackDeployment},
		{"deployments", false, deployments},
	}
}

func bootService(_ context.Context, p *Patient) []Finding {
	switch p.Greenboot {
	case "bash":
		return well("greenboot (bash)")
	case "rs":
		return well("greenboot-rs")
	}
	const unit = "/etc/systemd/system/appliance-health.service"
	if p.there(unit) {
		return well("appliance-health.service, for there is no greenboot")
	}
	return found(Fault, "neither greenboot nor appliance-health.service is there: nothing judges a boot, nothing rolls back",
		"install greenboot with the next image, or run appliance device install again")
}

// judges are the units that judge a boot. Presets of distributions name some of them wrongly, so none
// may be taken for enabled.
var judges = map[string][]string{
	"bash": {"greenboot-healthcheck.service", "greenboot-grub2-set-counter.service", "greenboot-grub2-set-success.service",
		"greenboot-rpm-ostree-grub2-check-fallback.service", "redboot-auto-reboot.service", "redboot-task-runner.service"},
	"rs":   {"greenboot-healthcheck.service", "greenboot-set-rollback-trigger.service"},
	"none": {"appliance-health.service", "appliance-health-arm.service"},
}

func greenbootEnabled(ctx context.Context, p *Patient) []Finding {
	var off []string
	for _, unit := range judges[p.Greenboot] {
		state, err := p.ask(ctx, "systemctl", "is-enabled", unit)
		state, err = active(state, err)
		if err != nil {
			return unlooked(err)
		}
		if !slices.Contains([]string{"enabled", "enabled-runtime", "static", "linked", "indirect"}, state) {
			off = append(off, unit)
		}
	}
	if len(off) == 0 {
		return well("what judges a boot is enabled")
	}
	return found(Fault, "not enabled: "+strings.Join(off, ", "), "systemctl enable "+strings.Join(off, " "))
}

// greenbootConf looks for what one of the two greenboots would not understand: the older one sources
// the file in bash, the newer one reads lines KEY=VALUE and takes its defaults where it cannot.
func greenbootConf(_ context.Context, p *Patient) []Finding {
	const file = "/etc/greenboot/greenboot.conf"
	text, err := p.read(file)
	if err != nil {
		return unlooked(err)
	}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		key, value, pair := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !pair || strings.ContainsAny(key, " \t"):
			return found(Warning, fmt.Sprintf("%s line %d is no KEY=VALUE: greenboot-rs would ignore the whole file", file, n+1),
				"write one KEY=VALUE on each line, lists too: DISABLED_HEALTHCHECKS=(\"a.sh\" \"b.sh\")")
		case strings.HasPrefix(value, "(") && !strings.Contains(value, ")"):
			return found(Warning, fmt.Sprintf("%s line %d begins a list that goes on: greenboot-rs understands lists on one line only", file, n+1),
				"write the list on one line")
		}
	}
	return well("is read alike by both greenboots")
}

func disabledChecks(_ context.Context, p *Patient) []Finding {
	const ours = "50_appliance_"
	text, err := p.read("/etc/greenboot/greenboot.conf")
	if err != nil {
		return unlooked(err)
	}
	var findings []Finding
	for line := range strings.Lines(text) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key == "DISABLED_HEALTHCHECKS" && strings.Contains(value, ours) {
			findings = append(findings, Finding{Grade: Fault, What: "greenboot.conf disables the checks of this program",
				Cure: "take the names that begin with " + ours + " out of DISABLED_HEALTHCHECKS in /etc/greenboot/greenboot.conf"})
		}
	}
	if p.there("/usr/libexec/flightctl-configure-greenboot.sh") || p.there("/usr/bin/flightctl-agent") {
		findings = append(findings, Finding{Grade: Warning, What: "the flightctl agent is there: at every boot it disables all checks that are not its own",
			Cure: "let one of the two manage this device"})
	}
	if len(findings) == 0 {
		return well("none of this program's")
	}
	return findings
}

// bootSuccess: the timer declares a boot a success two minutes after a user's manager starts, and a
// lingering user's starts at every boot; then no counter is ever counted down.
func bootSuccess(_ context.Context, p *Patient) []Finding {
	const timer = "grub-boot-success.timer"
	if p.masked("/etc/systemd/user/" + timer) {
		return well(timer + " is masked for users")
	}
	grade := Note
	if p.there("/usr/lib/systemd/user/" + timer) {
		grade = Fault
	}
	return found(grade, timer+" is not masked for users: two minutes into a bad boot it calls it good", "systemctl --global mask "+timer)
}

func bootCounter(ctx context.Context, p *Patient) []Finding {
	text, err := p.ask(ctx, first(p, "grub2-editenv", "grub-editenv"), "-", "list")
	if err != nil {
		return unlooked(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[key] = value
	}
	switch counter := env["boot_counter"]; {
	case counter == "":
		return well("no new deployment is on trial")
	case counter == "0" && env["boot_success"] != "1":
		return found(Fault, "boot_counter is 0 and this boot no success: the next boot takes the older deployment",
			"if this one is good: "+first(p, "grub2-editenv", "grub-editenv")+" - unset boot_counter")
	default:
		return found(Note, "boot_counter is "+counter+": a new deployment is on trial", "")
	}
}

// first is the first of two programs that is installed, or the second.
func first(p *Patient, a, b string) string {
	if p.there("/usr/bin/"+a) || p.there("/usr/sbin/"+a) {
		return a
	}
	return b
}

// bootMount: greenboot-rs before 0.16.5 remounts /boot and fails a boot that was green where /boot is
// no mount of its own.
func bootMount(_ context.Context, p *Patient) []Finding {
	if p.Greenboot != "rs" {
		return nil
	}
	text, err := p.read("/proc/self/mountinfo")
	if err != nil {
		return unlooked(err)
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == "/boot" {
			return well("is a mount of its own")
		}
	}
	return found(Warning, "/boot is no mount of its own: greenboot-rs calls every boot red then", "use the bash greenboot (0.15), or an image with a separate /boot")
}

func journal(_ context.Context, p *Patient) []Finding {
	if p.there("/var/log/journal") {
		return well("is kept across boots")
	}
	for _, dir := range []string{"/etc/systemd/journald.conf.d", "/usr/lib/systemd/journald.conf.d"} {
		names, _ := p.Files.Names(dir)
		for _, name := range names {
			if text, _ := p.read(path.Join(dir, name)); strings.Contains(text, "Storage=persistent") {
				return well("is kept across boots")
			}
		}
	}
	return found(Warning, "the journal ends with the boot: after a rollback nobody can read what happened", "set journal = \"200M\" under [host] in the profile and install again")
}

// rollbackDeployment: /etc belongs to a deployment, so that one deployed before this program was
// installed has none of its units and checks.
func rollbackDeployment(_ context.Context, p *Patient) []Finding {
	for _, d := range p.OS {
		if d.Booted || d.Staged {
			continue
		}
		etc, err := p.deployed(d.Commit)
		if err != nil || etc == "" {
			continue
		}
		if !p.there(etc + "/etc/appliance/device-manifest.json") {
			return found(Warning, "the deployment that a rollback would boot knows nothing of this program: its apps and checks would be missing",
				"update once more, or install again after a rollback")
		}
		return well("has the apps and checks as well")
	}
	return found(Note, "there is none: a bad update of this system could not be undone yet", "")
}

// deployed finds the folder of a deployment that is not booted.
func (p *Patient) deployed(commit string) (string, error) {
	const roots = "/sysroot/ostree/deploy"
	systems, err := p.Files.Names(roots)
	if err != nil {
		return "", err
	}
	for _, system := range systems {
		dir := path.Join(roots, system, "deploy")
		names, _ := p.Files.Names(dir)
		for _, name := range names {
			if commit != "" && strings.HasPrefix(name, commit+".") && !strings.HasSuffix(name, ".origin") {
				return path.Join(dir, name), nil
			}
		}
	}
	return "", nil
}

func deployments(_ context.Context, p *Patient) []Finding {
	for _, d := range p.OS {
		if d.Staged {
			return found(Note, "version "+orCommit(d.Version, d.Commit)+" is staged: the next boot takes it", "")
		}
	}
	if len(p.OS) == 0 {
		return found(Note, "this is no OSTree system: its operating system cannot be updated and rolled back as a whole", "")
	}
	return well("none is waiting for a reboot")
}

func orCommit(version, commit string) string {
	if version != "" {
		return version
	}
	return commit[:min(12, len(commit))]
}
