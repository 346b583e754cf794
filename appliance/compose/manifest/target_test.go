//go:build containers_image_openpgp

package manifest

import (
	"errors"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for name, want := range map[string]Target{
		"rhel-9.4":      {Distro: "rhel-9.4", Type: "edge-commit", Ref: "rhel/9/x86_64/edge"},
		"rhel-9.6":      {Distro: "rhel-9.6", Type: "edge-commit", Ref: "rhel/9/x86_64/edge"},
		"centos-9":      {Distro: "centos-9", Type: "edge-commit", Ref: "centos/9/x86_64/edge"},
		"almalinux-9.6": {Distro: "almalinux-9.6", Type: "edge-commit", Ref: "almalinux/9/x86_64/edge"},
		"rocky-9.6":     {Distro: "rocky-9.6", Type: "edge-commit", Ref: "rocky/9/x86_64/edge"},
		"fedora-43":     {Distro: "fedora-43", Type: "iot-commit", Ref: "fedora/43/x86_64/iot"},
	} {
		got, err := Find(name, "x86_64")
		if err != nil || got.Distro != want.Distro || got.Type != want.Type || got.Ref != want.Ref {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, cure := range map[string]string{
		"rhel-10.0":   "--distro rhel-9.",
		"centos-10":   "--distro centos-9",
		"rhel-8.10":   "",
		"rhel-9":      "minor release",
		"fedora43":    "write one such as",
		"debian-12":   "write one such as",
		"centos-9-st": "write centos-9",
		"":            "write one such as",
	} {
		_, err := Find(name, "x86_64")
		if name == "rhel-8.10" { // has commits too
			continue
		}
		if !errors.Is(err, ErrDistribution) || !strings.Contains(err.Error(), cure) {
			t.Errorf("%s: %v, want %q", name, err, cure)
		}
	}
	if _, err := Find("centos-9", "riscv64"); !errors.Is(err, ErrDistribution) {
		t.Error(err)
	}
}

func TestHost(t *testing.T) {
	for text, want := range map[string]string{
		"NAME=\"Red Hat Enterprise Linux\"\nVERSION_ID=\"9.6\"\nID=\"rhel\"\n": "rhel-9.6",
		"ID=fedora\nVERSION_ID=43\n":         "fedora-43",
		"# c\nID='centos'\nVERSION_ID='9'\n": "centos-9",
		"ID=debian\n":                        "",
		"":                                   "",
	} {
		if got, err := Host([]byte(text)); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if Architecture("arm64") != "aarch64" || Architecture("amd64") != "x86_64" || Architecture("s390x") != "s390x" {
		t.Error("architectures")
	}
}
