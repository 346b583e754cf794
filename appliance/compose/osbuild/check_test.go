//go:build containers_image_openpgp

package osbuild

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/compose/manifest"
)

func TestCheck(t *testing.T) {
	b := &Backend{Root: t.TempDir()}
	host := func(text string) {
		t.Helper()
		etc := filepath.Join(b.Root, "etc")
		if err := errors.Join(os.MkdirAll(etc, 0o755), os.WriteFile(filepath.Join(etc, "os-release"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(distro, text string) error {
		t.Helper()
		d, err := blueprint.Parse([]byte(text), "a.toml")
		if err != nil {
			t.Fatal(err)
		}
		return b.Check(t.Context(), d, distro)
	}
	const good = "name = 'a'\nversion = '0.0.1'\n"
	const bad = good + "[customizations]\ninstallation_device = '/dev/sda'\n"
	host("ID=fedora\nVERSION_ID=43\n")
	if err := check("", good); err != nil {
		t.Error(err)
	}
	for distro, want := range map[string]string{"": "fedora-43 iot-commit", "centos-9": "centos-9 edge-commit"} {
		if err := check(distro, bad); !errors.Is(err, manifest.ErrBlueprint) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", distro, err)
		}
	}
	if err := check("centos-9", "distro = 'rhel-9.6'\n"+bad); err == nil || !strings.Contains(err.Error(), "rhel-9.6 edge-commit") {
		t.Errorf("its own distribution: %v", err)
	}
	host("ID=debian\nVERSION_ID=13\n")
	if err := check("", bad); err != nil {
		t.Errorf("a host that can compose nothing refuses: %v", err)
	}
}
