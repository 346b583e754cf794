//go:build containers_image_openpgp

package osbuild

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/command"
	"edge/appliance/compose"
	"edge/appliance/compose/manifest"
)

// Preflight tells what a host has and lacks for composing, and the command that mends it. It changes nothing.
func (b *Backend) Preflight(ctx context.Context, distro, data string) compose.Fitness {
	f := compose.Fitness{Backend: "osbuild"}
	f.Host, _ = b.Host()
	b.checkUser(&f)
	target, err := b.Target(distro)
	if err != nil {
		f.Add("distribution", compose.Bad, err.Error(), "name another: compose.distro in the configuration, or --distro")
	} else {
		f.Target = target.String()
		f.Add("distribution", compose.Good, "composes "+f.Target, "")
	}
	b.checkPrograms(ctx, &f)
	b.checkSELinux(&f)
	if err == nil {
		b.checkRepositories(&f, target)
	}
	b.checkRoom(&f, b.Store, data)
	f.Judge()
	return f
}

func (b *Backend) checkUser(f *compose.Fitness) {
	if os.Geteuid() != 0 && !b.Anybody {
		f.Add("root", compose.Bad, "osbuild mounts file systems, which only root can", "sudo appliance serve; contrib/systemd runs it as an ordinary user, who composes with the backend weldr")
		return
	}
	f.Add("root", compose.Good, "runs as root", "")
}

func (b *Backend) checkPrograms(ctx context.Context, f *compose.Fitness) {
	version, err := b.Version(ctx)
	switch {
	case err != nil:
		cure := installing
		if version > 0 {
			cure = "dnf upgrade -y osbuild"
		}
		f.Add("osbuild", compose.Bad, err.Error(), cure)
	default:
		f.Add("osbuild", compose.Good, fmt.Sprintf("version %d", version), "")
	}
	if program := manifest.FindSolver(); program == "" {
		f.Add("depsolver", compose.Bad, "osbuild-depsolve-dnf is missing", "dnf install -y osbuild-depsolve-dnf")
	} else {
		f.Add("depsolver", compose.Good, program, "")
	}
	for _, p := range []struct{ program, pack, why string }{
		{"rpm", "rpm", "fills the build root"}, // in which there is all else, such as rpm-ostree
		{"setfiles", "policycoreutils", "labels the build root"},
		{"ostree", "ostree", "reads the parent"},
		{"bwrap", "bubblewrap", "separates the build from the host"},
	} {
		if command.Have(p.program) {
			f.Add(p.program, compose.Good, p.why, "")
		} else {
			f.Add(p.program, compose.Bad, "is missing: it "+p.why, "dnf install -y "+p.pack)
		}
	}
}

// checkSELinux: where it is enforced, osbuild needs its own policy to label trees of another release.
func (b *Backend) checkSELinux(f *compose.Fitness) {
	root := cmp.Or(b.Root, "/")
	mode, err := os.ReadFile(filepath.Join(root, "sys/fs/selinux/enforce"))
	if err != nil {
		f.Add("selinux", compose.Good, "is off", "")
		return
	}
	for _, dir := range []string{"var/lib/selinux/targeted/active/modules/200/osbuild", "usr/share/selinux/packages/targeted/osbuild.pp.bz2", "usr/share/selinux/packages/osbuild.pp.bz2"} {
		if _, err := os.Stat(filepath.Join(root, dir)); err == nil {
			f.Add("selinux", compose.Good, "osbuild has its policy", "")
			return
		}
	}
	verdict := compose.Warn
	if strings.TrimSpace(string(mode)) == "1" {
		verdict = compose.Bad
	}
	f.Add("selinux", verdict, "is on, and osbuild's policy is missing", "dnf install -y osbuild-selinux")
}

// checkRepositories wants repositories, and a subscription where they need one.
func (b *Backend) checkRepositories(f *compose.Fitness, target manifest.Target) {
	all, err := manifest.Repositories(target, b.Repositories, b.Packed)
	if err != nil {
		f.Add("repositories", compose.Bad, err.Error(), "")
		return
	}
	var names []string
	subscribed := false
	for _, r := range all {
		names = append(names, r.Name)
		subscribed = subscribed || r.RHSM
	}
	f.Add("repositories", compose.Good, strings.Join(names, ", "), "")
	if !subscribed {
		return
	}
	keys, _ := filepath.Glob(filepath.Join(cmp.Or(b.Root, "/"), "etc/pki/entitlement/*-key.pem"))
	if len(keys) == 0 {
		f.Add("subscription", compose.Bad, "the repositories of "+target.Distro+" need one, and this host has none", "subscription-manager register")
		return
	}
	f.Add("subscription", compose.Good, fmt.Sprintf("%d entitlements", len(keys)), "")
}

func (b *Backend) checkRoom(f *compose.Fitness, dirs ...string) {
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		free, err := b.free(dir)
		detail := fmt.Sprintf("%s has %d GiB left", dir, free>>30)
		switch {
		case err != nil:
			f.Add("disk", compose.Warn, err.Error(), "")
		case free < needFree:
			f.Add("disk", compose.Bad, fmt.Sprintf("%s; a build needs %d GiB or more", detail, needFree>>30), "free some, or set compose.store to a larger disk")
		case free < wantFree:
			f.Add("disk", compose.Warn, fmt.Sprintf("%s; a build may need %d GiB", detail, wantFree>>30), "free some, or set compose.store to a larger disk")
		default:
			f.Add("disk", compose.Good, detail, "")
		}
	}
}
