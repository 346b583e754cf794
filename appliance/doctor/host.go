package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hostPoints are about what the apps stand on.
func hostPoints() []point {
	return []point{
		{"user", false, user},
		{"subordinate IDs", false, subordinate},
		{"lingering", false, lingering},
		{"user manager", true, userManager},
		{"podman", false, podmanVersion},
		{"cgroups", true, cgroups},
		{"clock", true, clock},
		{"disk", true, disk},
		{"sudoers", true, sudoers},
		{"SELinux labels", true, labels},
	}
}

func user(_ context.Context, p *Patient) []Finding {
	if p.User == nil {
		return found(Fault, fmt.Sprintf("there is no user %q to run the apps", p.Profile.User), "add it to the blueprint, or: useradd -m "+p.Profile.User)
	}
	return well(fmt.Sprintf("%s (%d)", p.User.Name, p.User.UID))
}

func subordinate(_ context.Context, p *Patient) []Finding {
	if p.User == nil {
		return nil
	}
	var missing []string
	for _, file := range []string{"/etc/subuid", "/etc/subgid"} {
		text, err := p.read(file)
		if err != nil {
			return unlooked(err)
		}
		if !hasRange(text, p.User.Name, p.User.UID) {
			missing = append(missing, file)
		}
	}
	if len(missing) == 0 {
		return well("there are ranges for the user")
	}
	return found(Fault, "no range for the user in "+strings.Join(missing, " and ")+": rootless containers cannot start",
		fmt.Sprintf("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", p.User.Name))
}

// hasRange looks for a line of at least 65536 IDs, which is what images use.
func hasRange(text, name string, uid uint32) bool {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) == 3 && (f[0] == name || f[0] == strconv.FormatUint(uint64(uid), 10)) {
			if n, err := strconv.ParseInt(f[2], 10, 64); err == nil && n >= 65536 {
				return true
			}
		}
	}
	return false
}

func lingering(_ context.Context, p *Patient) []Finding {
	if p.User == nil || p.there("/var/lib/systemd/linger/"+p.User.Name) {
		return well("the user's units start with the system")
	}
	return found(Fault, "the user does not linger: the apps start at its login and end with it", "loginctl enable-linger "+p.User.Name)
}

func userManager(ctx context.Context, p *Patient) []Finding {
	if p.User == nil {
		return nil
	}
	unit := fmt.Sprintf("user@%d.service", p.User.UID)
	state, err := active(p.ask(ctx, "systemctl", "is-active", unit))
	if err != nil {
		return unlooked(err)
	}
	if state != "active" {
		return found(Fault, unit+" is "+state, "systemctl start "+unit)
	}
	return well("runs")
}

func podmanVersion(_ context.Context, p *Patient) []Finding {
	v := p.Podman
	switch {
	case v == [2]int{}:
		return found(Note, "its version is not known", "")
	case v[0] < 4:
		return found(Fault, fmt.Sprintf("podman %d.%d is too old", v[0], v[1]), "podman 4.0 or newer is needed")
	case p.Quadlet && slices.Compare(v[:], []int{4, 4}) < 0:
		return found(Fault, fmt.Sprintf("podman %d.%d knows no quadlets", v[0], v[1]), "install again with --unit-style plain")
	}
	return well(fmt.Sprintf("%d.%d", v[0], v[1]))
}

func cgroups(_ context.Context, p *Patient) []Finding {
	if p.there("/sys/fs/cgroup/cgroup.controllers") {
		return well("version 2")
	}
	return found(Warning, "this system runs with cgroups version 1: limits of rootless containers have no effect", "boot with systemd.unified_cgroup_hierarchy=1")
}

func clock(ctx context.Context, p *Patient) []Finding {
	if now := time.Now(); now.Before(p.Built) {
		return found(Fault, "the clock says "+now.UTC().Format(time.DateOnly)+", before this program was made: certificates and updates will be refused",
			"set the clock: timedatectl set-ntp true, or date --set")
	}
	out, err := p.ask(ctx, "timedatectl", "show", "-p", "NTPSynchronized", "--value")
	if err != nil {
		return unlooked(err)
	}
	if out != "yes" {
		return found(Warning, "the clock is not synchronized", "timedatectl set-ntp true; does the device reach a time server?")
	}
	return well("is synchronized")
}

// disk looks at the free space below which libostree refuses to write (min-free-space-percent, 3).
func disk(_ context.Context, p *Patient) []Finding {
	var findings []Finding
	for _, dir := range []string{"/sysroot", "/var"} {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil || s.Blocks == 0 {
			continue
		}
		percent := s.Bavail * 100 / s.Blocks
		free := fmt.Sprintf("%s has %d %% (%d MB) left", dir, percent, s.Bavail*uint64(s.Bsize)/1e6)
		switch {
		case percent < 3:
			findings = append(findings, Finding{Grade: Fault, What: free + ": updates are refused", Cure: "podman image prune, journalctl --vacuum-size=50M, ostree admin cleanup"})
		case percent < 10:
			findings = append(findings, Finding{Grade: Warning, What: free, Cure: "podman image prune, journalctl --vacuum-size=50M"})
		default:
			findings = append(findings, Finding{Grade: Well, What: free})
		}
	}
	return findings
}

func sudoers(ctx context.Context, p *Patient) []Finding {
	const file = "/etc/sudoers.d/50-appliance"
	if !p.there(file) {
		return nil
	}
	if _, err := p.ask(ctx, "visudo", "-cqf", file); err != nil {
		return unlooked(err)
	}
	info, err := p.Files.Stat(file)
	if err != nil {
		return unlooked(err)
	}
	if info.Mode.Perm() != 0o440 {
		return found(Warning, fmt.Sprintf("%s has mode %04o", file, info.Mode.Perm()), "chmod 0440 "+file)
	}
	return well("valid")
}

func labels(ctx context.Context, p *Patient) []Finding {
	if !p.there("/sys/fs/selinux/enforce") {
		return nil
	}
	paths := []string{"/etc/systemd/user", "/etc/systemd/system", "/etc/greenboot/check", "/etc/appliance"}
	if p.there("/usr/local/bin/appliance") {
		paths = append(paths, "/usr/local/bin/appliance")
	}
	out, err := p.ask(ctx, append([]string{"restorecon", "-Rnv"}, paths...)...)
	if err != nil {
		return unlooked(err)
	}
	if out == "" {
		return well("are as the policy wants them")
	}
	n := len(strings.Split(out, "\n"))
	return found(Warning, fmt.Sprintf("%d files are labelled otherwise than the policy wants", n), "restorecon -Rv "+strings.Join(paths, " "))
}
