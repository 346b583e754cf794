package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/report"
	"edge/appliance/rootfs"
)

// said plays the programs of a device: a line of argv, and what it prints. "exit 1" stands for a failure; what is
// not there is not installed.
type said map[string]string

func (s said) Run(_ context.Context, spec command.Spec) ([]byte, error) {
	line := strings.Join(spec.Argv, " ")
	out, known := s[line]
	if !known {
		return nil, errors.Join(errors.New("running "+line), command.ErrNotFound)
	}
	if text, failed := strings.CutPrefix(out, "exit 1 "); failed {
		return []byte(text), &command.Error{Argv: spec.Argv, Exit: 1}
	}
	return []byte(out), nil
}

// device makes a root with these files; a content that begins with "-> " is a link.
func device(t *testing.T, files map[string]string) *rootfs.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(to, at)
		} else {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.Open(dir, rootfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func patient(t *testing.T, files map[string]string) Patient {
	return Patient{
		Files: device(t, files), Run: said{}, Greenboot: "none", Podman: [2]int{5, 4},
		User:    &command.User{Name: "admin", UID: 1000, Home: "/var/home/admin"},
		Profile: profile.Profile{User: "admin", Updates: profile.Updates{Engine: profile.EngineAppliance}, Apps: []profile.App{{Name: "2048", Unit: "app1", Image: "b:8080/2048:prod", Port: 8081}}},
	}
}

// at are the findings of one point.
func at(t *testing.T, p Patient, point string) Finding {
	t.Helper()
	for _, f := range Examine(t.Context(), p) {
		if f.Point == point {
			return f
		}
	}
	t.Fatalf("nothing was found about %q", point)
	return Finding{}
}

var healthy = map[string]string{
	"/etc/systemd/user/grub-boot-success.timer":      "-> /dev/null",
	"/usr/lib/systemd/user/grub-boot-success.timer":  "[Timer]\n",
	"/etc/systemd/system/appliance-health.service":   "[Service]\n",
	"/etc/systemd/journald.conf.d/10-appliance.conf": "[Journal]\nStorage=persistent\n",
	"/etc/subuid":                              "admin:100000:65536\n",
	"/etc/subgid":                              "1000:100000:65536\n",
	"/var/lib/systemd/linger/admin":            "",
	"/etc/appliance/device-manifest.json":      "{}",
	"/etc/systemd/user/container-app1.service": "[Unit]\n",
}

func TestAHealthyDeviceHasNoFault(t *testing.T) {
	for _, f := range Examine(t.Context(), patient(t, healthy)) {
		if f.Grade == Fault || f.Grade == Warning {
			t.Errorf("%s: %s %s", f.Point, f.Grade, f.What)
		}
		if f.Grade == Well && f.Cure != "" {
			t.Errorf("%s is well and has the cure %q", f.Point, f.Cure)
		}
	}
}

// Each row spoils one thing; the finding must be there, and tell its cure.
func TestFaultsOfFiles(t *testing.T) {
	for _, tt := range []struct {
		point      string
		file, text string // text "" takes the file away
		greenboot  string
		grade      Grade
		what, cure string
	}{
		{"grub-boot-success", "/etc/systemd/user/grub-boot-success.timer", "", "", Fault, "calls it good", "--global mask"},
		{"boot health service", "/etc/systemd/system/appliance-health.service", "", "", Fault, "nothing judges", "install"},
		{"subordinate IDs", "/etc/subuid", "admin:100000:1000\n", "", Fault, "/etc/subuid", "usermod --add-subuids"},
		{"subordinate IDs", "/etc/subgid", "sysadmin:100000:65536\n", "", Fault, "/etc/subgid", "usermod"},
		{"lingering", "/var/lib/systemd/linger/admin", "", "", Fault, "linger", "enable-linger admin"},
		{"journal", "/etc/systemd/journald.conf.d/10-appliance.conf", "[Journal]\nStorage=volatile\n", "", Warning, "ends with the boot", "journal"},
		{"installed files", "/etc/appliance/device-manifest.json", "", "", Fault, "nothing of appliance", "device install"},
		{"network-online", "/etc/systemd/user/other.service", "[Unit]\nAfter=network-online.target\n", "", Warning, "other.service", "default.target"},
		{"network-online", "/var/home/admin/.config/systemd/user/multi-user.target.wants/x.service", "x", "", Warning, "multi-user.target.wants", ""},
		{"greenboot.conf", "/etc/greenboot/greenboot.conf", "DISABLED_HEALTHCHECKS=(\n\"a.sh\"\n)\n", "", Warning, "line 1", "one line"},
		{"greenboot.conf", "/etc/greenboot/greenboot.conf", "# ok\nif true; then X=1; fi\n", "", Warning, "line 2", "KEY=VALUE"},
		{"health checks disabled", "/etc/greenboot/greenboot.conf", "DISABLED_HEALTHCHECKS=(\"50_appliance_health.sh\")\n", "", Fault, "disables", "take the names"},
		{"health checks disabled", "/usr/bin/flightctl-agent", "x", "", Warning, "flightctl", "one of the two"},
	} {
		t.Run(tt.point+" "+tt.file, func(t *testing.T) {
			files := map[string]string{}
			for k, v := range healthy {
				files[k] = v
			}
			files[tt.file] = tt.text
			if tt.text == "" {
				delete(files, tt.file)
			}
			f := at(t, patient(t, files), tt.point)
			if f.Grade != tt.grade || !strings.Contains(f.What, tt.what) || !strings.Contains(f.Cure, tt.cure) {
				t.Errorf("finding = %+v, want %s with %q and the cure %q", f, tt.grade, tt.what, tt.cure)
			}
		})
	}
}

func TestFaultsOfALiveDevice(t *testing.T) {
	running := said{
		"systemctl is-enabled appliance-health.service": "enabled", "systemctl is-enabled appliance-health-arm.service": "enabled",
		"grub-editenv - list": "boot_success=1\n", "systemctl is-active user@1000.service": "active",
		"timedatectl show -p NTPSynchronized --value": "yes", "podman image exists b:8080/2048:prod": "",
		"systemctl --user is-active container-app1.service": "active", "systemctl --user is-active appliance-app-update.timer": "active",
		"systemctl --user is-active podman-auto-update.timer": "exit 1 inactive", "systemctl is-active zincati.service": "exit 1 inactive",
		"systemctl is-active flightctl-agent.service": "exit 1 inactive", "systemctl is-active bootc-fetch-apply-updates.timer": "exit 1 inactive",
		"systemctl is-active rpm-ostreed-automatic.timer": "exit 1 inactive", "systemctl is-active firewalld.service": "active",
		"firewall-cmd --query-port=8081/tcp": "yes", "systemctl is-active appliance-os-update.timer": "active",
	}
	for _, tt := range []struct {
		point, line, out string
		grade            Grade
		what             string
	}{
		{"boot counter", "grub-editenv - list", "boot_counter=0\nboot_success=0\n", Fault, "older deployment"},
		{"boot counter", "grub-editenv - list", "boot_counter=2\nboot_success=0\n", Note, "on trial"},
		{"greenboot enabled", "systemctl is-enabled appliance-health.service", "exit 1 disabled", Fault, "not enabled: appliance-health.service"},
		{"user manager", "systemctl is-active user@1000.service", "exit 1 failed", Fault, "is failed"},
		{"clock", "timedatectl show -p NTPSynchronized --value", "no", Warning, "not synchronized"},
		{"image of 2048", "podman image exists b:8080/2048:prod", "exit 1 ", Fault, "is not on the device"},
		{"unit of 2048", "systemctl --user is-active container-app1.service", "exit 1 failed", Fault, "is failed"},
		{"app updates", "systemctl --user is-active podman-auto-update.timer", "active", Fault, "two engines"},
		{"app updates", "systemctl --user is-active appliance-app-update.timer", "exit 1 inactive", Fault, "no app is updated"},
		{"OS updates", "systemctl is-active zincati.service", "active", Fault, "so does zincati.service"},
		{"firewall", "firewall-cmd --query-port=8081/tcp", "exit 1 no", Fault, "8081/tcp"},
	} {
		t.Run(tt.point, func(t *testing.T) {
			p := patient(t, healthy)
			p.Live, p.Profile.Host.Firewall, p.Profile.OS.Policy = true, true, profile.PolicyStage
			programs := said{}
			for k, v := range running {
				programs[k] = v
			}
			programs[tt.line] = tt.out
			p.Run = programs
			if f := at(t, p, tt.point); f.Grade != tt.grade || !strings.Contains(f.What, tt.what) {
				t.Errorf("finding = %+v, want %s with %q", f, tt.grade, tt.what)
			}
			p.Run = running
			if f := at(t, p, tt.point); f.Grade != Well {
				t.Errorf("on a device that is well: %+v", f)
			}
		})
	}
}

func TestKnowledgeOfOthersIsTold(t *testing.T) {
	p := patient(t, healthy)
	p.Built = time.Now().Add(time.Hour)
	p.Live = true
	if f := at(t, p, "clock"); f.Grade != Fault {
		t.Errorf("a clock before this program was made: %+v", f)
	}
	p.Live = false
	p.Bad = []report.Bad{{Kind: "app", What: "sha256:0123456789abcdef", Name: "2048", Reason: "never listened"}}
	if f := at(t, p, "quarantine"); !strings.Contains(f.What, "0123456789ab") || !strings.Contains(f.Cure, "clear 0123456789ab") {
		t.Errorf("quarantine: %+v", f)
	}
	p.OS = []report.Deployment{{Commit: "abc", Version: "0.0.2", Staged: true}, {Commit: "def", Booted: true}}
	if f := at(t, p, "deployments"); !strings.Contains(f.What, "0.0.2") {
		t.Errorf("deployments: %+v", f)
	}
	p.Quadlet, p.Podman = true, [2]int{4, 3}
	if f := at(t, p, "podman"); f.Grade != Fault {
		t.Errorf("quadlets on podman 4.3: %+v", f)
	}
	p.Kept = []string{"/etc/a", "/etc/b", "/etc/c", "/etc/d", "/etc/e"}
	if f := at(t, p, "new files beside edited ones"); !strings.Contains(f.What, "and 1 more") {
		t.Errorf("kept: %+v", f)
	}
	p.User = nil
	if f := at(t, p, "user"); f.Grade != Fault || Worst([]Finding{{Grade: Note}, f, {Grade: Well}}) != Fault {
		t.Errorf("no user: %+v", f)
	}
}

func TestTheOtherDeploymentMustKnowThisProgram(t *testing.T) {
	files := map[string]string{"/sysroot/ostree/deploy/edge/deploy/def.0/etc/hostname": "x", "/sysroot/ostree/deploy/edge/deploy/abc.0/etc/hostname": "x"}
	p := patient(t, files)
	p.OS = []report.Deployment{{Commit: "abc", Booted: true}, {Commit: "def", Rollback: true}}
	if f := at(t, p, "rollback deployment"); f.Grade != Warning {
		t.Errorf("finding = %+v, want a warning", f)
	}
	files["/sysroot/ostree/deploy/edge/deploy/def.0/etc/appliance/device-manifest.json"] = "{}"
	p.Files = device(t, files)
	if f := at(t, p, "rollback deployment"); f.Grade != Well {
		t.Errorf("finding = %+v, want well", f)
	}
}
