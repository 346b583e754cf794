package device

import (
	"errors"
	"os"
	"strings"
	"testing"

	"edge/appliance/rootfs"
)

// Links below the root lead where they lead for a program that lives there, and never out of it.
func TestHostileLinksInTheRoot(t *testing.T) {
	outside := folder(t)
	must(t, os.WriteFile(outside+"/file", []byte("precious\n"), 0o600))
	before := stamps(t, outside)
	for name, link := range map[string]string{
		"absolute":     outside,
		"through root": "../../../../../../../../../../../../../../../.." + outside,
	} {
		for _, place := range []string{"/etc/greenboot", "/etc/systemd/user", "/var/lib/appliance", "/usr/local", "/etc/appliance"} {
			t.Run(name+place, func(t *testing.T) {
				tr := debianTree()
				root := plant(t, tr)
				must(t, os.RemoveAll(root+place))
				write(t, root, place, "-> "+link)
				_, err := Install(t.Context(), offline(t, root, parse(t)))
				if place == "/etc/appliance" && !errors.Is(err, rootfs.ErrKind) && err != nil {
					t.Errorf("error = %v", err)
				}
				if i, err := os.Lstat(root + outside); err == nil && !i.IsDir() {
					t.Errorf("%s within the root is %v", outside, i.Mode())
				}
				if got := stamps(t, outside); len(got) != len(before) || got[outside] != before[outside] {
					t.Errorf("%s outside the root was touched", outside)
				}
			})
		}
	}
}

// A file of the user's that is a link is never written through.
func TestLinkInThePlaceOfAFile(t *testing.T) {
	root := plant(t, debianTree())
	write(t, root, "/etc/precious", "precious\n")
	write(t, root, "/etc/appliance/units/container-app1.service", "-> /etc/precious")
	o := offline(t, root, parse(t))
	install(t, o)
	o.Force = true
	install(t, o)
	if got := read(t, root, "/etc/precious"); got != "precious\n" {
		t.Errorf("written through a link: %q", got)
	}
	if target, err := os.Readlink(root + "/etc/appliance/units/container-app1.service" + suffixSave); err != nil || target != "/etc/precious" {
		t.Errorf("the link was not saved: %q, %v", target, err)
	}
}

// The user of the home can put anything there, and cannot keep the device from being installed.
func TestHostileHome(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, root string){
		"link to etc": func(t *testing.T, root string) { write(t, root, "/home/admin/.config", "-> /etc") },
		"link deeper": func(t *testing.T, root string) {
			write(t, root, "/home/admin/.config/systemd", "-> ../../../etc/systemd")
		},
		"file": func(t *testing.T, root string) { write(t, root, "/home/admin/.config", "a file") },
		"foreign folder": func(t *testing.T, root string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give folders away")
			}
			must(t, os.MkdirAll(root+"/home/admin/.config", 0o755))
			must(t, os.Chown(root+"/home/admin/.config", 4711, 4711))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, debianTree())
			spoil(t, root)
			o := offline(t, root, parse(t))
			out := install(t, o)
			if len(actions(out, Skip)) == 0 {
				t.Errorf("nothing was left out: %s", brief(out))
			}
			if i, err := os.Lstat(root + "/etc/appliance/units/container-app1.service"); err != nil || !i.Mode().IsRegular() {
				t.Errorf("the unit is %v, %v", i, err)
			}
			if again := install(t, o); again.Changed() {
				t.Errorf("a second run changed %s", brief(again))
			}
			for _, n := range out.Notes {
				if strings.Contains(n, "panic") {
					t.Error(n)
				}
			}
			uninstall(t, o)
			if _, err := os.Lstat(root + "/etc/appliance/units/container-app1.service"); err == nil {
				t.Error("the unit is left")
			}
		})
	}
}
