//go:build containers_image_openpgp

package manifest

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"edge/embedded"
)

func TestCheck(t *testing.T) {
	files, err := fs.Glob(embedded.Blueprints(), "*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, name := range []string{"rhel-9.0", "rhel-9.6", "centos-9", "almalinux-9.6", "rocky-9.6", "fedora-42", "fedora-43"} {
		to := target(t, name)
		for _, file := range files { // the first start pushes them, on every builder
			text, err := fs.ReadFile(embedded.Blueprints(), file)
			if err != nil {
				t.Fatal(err)
			}
			if err := Check(to, text); err != nil {
				t.Errorf("%s: %s: %v", name, file, err)
			}
		}
		for text, want := range map[string]string{
			"name = 'a'\nversion = '0.0.1'\n[[customizations.filesystem]]\nmountpoint = '/data'\nminsize = 1000\n":     "customizations.filesystem",
			"name = 'a'\nversion = '0.0.1'\n[customizations]\ninstallation_device = '/dev/sda'\n":                      "installation_device",
			"name = 'a'\nversion = '0.0.1'\n[[containers]]\nsource = 'registry.example/a:v1'\n":                        "containers",
			"name = 'a'\nversion = '0.0.1'\n[[customizations.files]]\npath = '/etc/x'\nuri = 'file:///etc/hostname'\n": "one of this host's own",
			"name = 'a'\nversion = '0.0.1'\n[customizations.nonsense]\na = 1\n":                                        "unknown key",
		} {
			if err := Check(to, []byte(text)); !errors.Is(err, ErrBlueprint) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), to.String()) {
				t.Errorf("%s: %q: %v, want %q", name, text, err, want)
			}
		}
	}
}
