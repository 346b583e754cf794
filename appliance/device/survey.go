package device

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"edge/appliance/command"
	"edge/appliance/rootfs"
	"edge/appliance/unit"
)

// Where the program is on a device: in the image, or else copied to where an administrator's programs are.
const (
	binaryInImage = "/usr/bin/appliance"
	binaryCopied  = "/usr/local/bin/appliance"
)

// Facts are what Install finds out of a device before it plans.
type Facts struct {
	Root string
	Here bool // the root is this process's own "/", so that its programs may be run
	Live bool // and it is a running system, not the chroot of an installer

	User  Account
	Known bool // the profile's user is there
	Home  bool // and so is its home

	Binary   string // path of the program, for units and checks
	Copy     bool   // it is to be copied there
	ReadOnly bool   // and cannot be

	Greenboot string // "bash", "rs", "none"
	RPMOSTree bool   // rpm-ostree may be updating the system by itself
	Firewall  string // "live", "offline", "none"; "unreachable" where the root has one and its tools cannot be run
	SELinux   bool   // files need labels
	Podman    unit.Version
	Systemd   int
	Style     unit.Style

	manifest *Manifest // nil: nothing was installed
}

// Survey looks at the device below root.
func Survey(ctx context.Context, root *rootfs.Root, o Options) (Facts, error) {
	if o.Run == nil {
		o.Run = command.Programs{}
	}
	f := Facts{Root: root.Path(), Here: root.Path() == "/", Style: o.Style, Podman: o.Podman, Binary: binaryCopied}
	f.Live = f.Here && running()
	var err error
	if f.manifest, err = readManifest(root); err != nil {
		return f, err
	}
	f.User, err = findAccount(root, o.Profile.User)
	f.Known = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.Home = f.Known && path.IsAbs(f.User.Home) && root.Exists(path.Clean(f.User.Home))
	f.Copy = !root.Exists(binaryInImage)
	if !f.Copy {
		f.Binary = binaryInImage
	}
	f.ReadOnly = f.Copy && root.ReadOnly(path.Dir(binaryCopied))
	f.Greenboot = greenboot(root)
	f.RPMOSTree = root.Exists("/usr/bin/rpm-ostree")
	f.SELinux = selinux(root)
	f.Firewall = firewall(ctx, root, f, o.Run)
	f.versions(ctx, o.Run)
	return f, nil
}

// running reports whether this process lives in a system that systemd runs, and not in a chroot of it. An
// installer says so with SYSTEMD_OFFLINE where it shares its /run with the chroot.
func running() bool {
	if offline := os.Getenv("SYSTEMD_OFFLINE"); offline != "" && offline != "0" {
		return false
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return false
	}
	first, err := os.Stat("/proc/1/root/.")
	if errors.Is(err, fs.ErrPermission) {
		return true // only root may look; others cannot be in a chroot that root did not lead them into
	}
	own, err2 := os.Stat("/")
	return err == nil && err2 == nil && os.SameFile(own, first)
}

// greenboot tells by their files which implementation is there: distributions changed from one to the other
// within a release, and both are called greenboot.
func greenboot(root *rootfs.Root) string {
	const units = "/usr/lib/systemd/system/"
	switch {
	case root.Exists(units + "greenboot-set-rollback-trigger.service"):
		return "rs"
	case root.Exists(units + "redboot-auto-reboot.service"):
		return "bash"
	default:
		return "none"
	}
}

var selinuxMode = regexp.MustCompile(`(?m)^\s*SELINUX\s*=\s*(enforcing|permissive)\b`)

func selinux(root *rootfs.Root) bool {
	config, err := root.Read("/etc/selinux/config", largestTable)
	return err == nil && selinuxMode.Match(config)
}

// firewall tells how ports can be opened.
func firewall(ctx context.Context, root *rootfs.Root, f Facts, run Runner) string {
	switch {
	case !root.Exists("/usr/bin/firewall-cmd") && !root.Exists("/usr/bin/firewall-offline-cmd"):
		return "none"
	case !f.Here:
		return "unreachable"
	case !f.Live:
		return "offline"
	}
	// A firewall that is installed and not running is configured for when it is.
	if _, err := run.Run(ctx, command.Spec{Argv: []string{"systemctl", "is-active", "--quiet", "firewalld.service"}}); err != nil {
		return "offline"
	}
	return "live"
}

// versions asks the programs that the text of the units depends on. A program that cannot be asked is of
// unknown version, for which the units are written cautiously.
func (f *Facts) versions(ctx context.Context, run Runner) {
	if !f.Here {
		return
	}
	if out, err := run.Run(ctx, command.Spec{Argv: []string{"systemctl", "--version"}}); err == nil {
		f.Systemd = systemdVersion(string(out))
	}
	// Plain units are the same for every podman; asking it takes longer than all the rest.
	if f.Podman == (unit.Version{}) && f.Style == unit.Quadlet {
		if out, err := run.Run(ctx, command.Spec{Argv: []string{"podman", "--version"}}); err == nil {
			if v, err := unit.ParseVersion(string(out)); err == nil {
				f.Podman = v
			}
		}
	}
}

// systemdVersion reads "systemd 252 (252.39-1~deb12u1)"; 0 is unknown.
func systemdVersion(text string) int {
	words := strings.Fields(text)
	if len(words) < 2 || words[0] != "systemd" {
		return 0
	}
	n, err := strconv.Atoi(words[1])
	if err != nil || n < 0 {
		return 0
	}
	return n
}
