package device

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

// Exactly nothing is left, and nothing foreign is touched: not even its time.
func TestUninstallLeavesNothing(t *testing.T) {
	for name, tr := range map[string]tree{"debian": debianTree(), "ostree": ostreeTree()} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, tr)
			before := listing(t, root)
			o := offline(t, root, parse(t))
			install(t, o)
			o.DryRun = true
			told := uninstall(t, o)
			o.DryRun = false
			did := uninstall(t, o)
			if !did.Changed() || fmt.Sprint(actions(told, Remove, Restore)) != fmt.Sprint(actions(did, Remove, Restore)) {
				t.Errorf("told %s, did %s", brief(told), brief(did))
			}
			differ(t, "tree", listing(t, root), before)
			again := uninstall(t, o)
			if again.Changed() || len(again.Notes) != 1 {
				t.Errorf("once more: %s", brief(again))
			}
			differ(t, "tree", listing(t, root), before)
		})
	}
}

func TestUninstallKeepsWhatWasEdited(t *testing.T) {
	root := plant(t, ostreeTree())
	o := offline(t, root, parse(t))
	install(t, o)
	const unit, wants = "/etc/appliance/units/container-app1.service", "/etc/systemd/user/default.target.wants/mine.service"
	write(t, root, unit, "# mine\n")
	write(t, root, wants, "-> /etc/systemd/user/mine.service")
	write(t, root, "/etc/greenboot/greenboot.conf", "GREENBOOT_MAX_BOOT_ATTEMPTS=9\n")
	install(t, o) // writes beside the unit
	out := uninstall(t, o)
	if got := actions(out, Keep); !slices.Equal(got, []string{unit, "/etc/greenboot/greenboot.conf"}) {
		t.Errorf("kept %q", got)
	}
	for name, want := range map[string]string{unit: "# mine\n", "/etc/greenboot/greenboot.conf": "GREENBOOT_MAX_BOOT_ATTEMPTS=9\n"} {
		if got := read(t, root, name); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
	if _, err := os.Lstat(root + wants); err != nil {
		t.Errorf("a foreign link is gone: %v", err)
	}
	if _, err := os.Lstat(root + unit + suffixNew); err == nil {
		t.Error("what was written beside the unit is left")
	}
}

// What was there just so before us stays: lingering, for one.
func TestUninstallKeepsWhatWasFound(t *testing.T) {
	tr := debianTree()
	tr.files["/var/lib/systemd/linger/admin"] = ""
	tr.files["/etc/systemd/user/grub-boot-success.timer"] = "-> /dev/null"
	root := plant(t, tr)
	before := listing(t, root)
	o := offline(t, root, parse(t))
	install(t, o)
	install(t, o)
	uninstall(t, o)
	differ(t, "tree", listing(t, root), before)
}

func TestPurge(t *testing.T) {
	root := plant(t, debianTree())
	before := listing(t, root)
	o := offline(t, root, parse(t))
	install(t, o)
	write(t, root, "/var/lib/appliance/health/boot.json", "{}")
	write(t, root, "/var/lib/appliance/apps/evil", "-> /etc")
	out := uninstall(t, o)
	if !strings.Contains(strings.Join(out.Notes, "\n"), "/var/lib/appliance stays") {
		t.Errorf("notes = %q", out.Notes)
	}
	if read(t, root, "/var/lib/appliance/health/boot.json") != "{}" {
		t.Error("state is gone without purge")
	}
	o.Purge = true
	uninstall(t, o)
	differ(t, "tree", listing(t, root), before)
}

// Whatever a person changes between an installation and its removal, only what is ours goes.
func TestUninstallTouchesNothingForeign(t *testing.T) {
	places := []string{
		"/etc/systemd/user/x.service", "/etc/systemd/user/container-app1.service.d/10-mine.conf", "/etc/greenboot/check/required.d/10_mine.sh",
		"/etc/appliance/gate.d/mine", "/etc/appliance/apps/mine.env", "/etc/containers/registries.conf.d/mine.conf", "/var/lib/appliance/apps/app1.json",
		"/usr/local/bin/mine", "/home/admin/.config/systemd/user/mine.service", "/var/lib/systemd/linger/other", "/etc/systemd/system/timers.target.wants/mine.timer",
	}
	property := func(choice uint16, early bool) bool {
		root := plant(t, debianTree())
		o := offline(t, root, parse(t))
		if !early {
			install(t, o)
		}
		foreign := map[string]bool{}
		for i, name := range places {
			if choice&(1<<i) != 0 {
				write(t, root, name, "mine\n")
				foreign[root+name] = true
			}
		}
		before := stamps(t, root)
		if early {
			install(t, o)
		}
		uninstall(t, o)
		after := stamps(t, root)
		maps.DeleteFunc(before, func(name, _ string) bool { return !foreign[name] })
		for name, stamp := range before {
			if after[name] != stamp {
				t.Logf("%s was touched", name)
				return false
			}
		}
		for name := range after {
			if strings.Contains(name, "appliance-") || strings.HasSuffix(name, "/container-app1.service") {
				t.Logf("%s is left", name)
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 12}); err != nil {
		t.Error(err)
	}
}
