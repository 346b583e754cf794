//go:build containers_image_openpgp

package manifest

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/osbuild/images/pkg/distro"
	"github.com/osbuild/images/pkg/distro/generic"
)

// Target is what is composed: a distribution, an architecture and the type of image that is an OSTree
// commit there.
type Target struct {
	Distro string // "rhel-9.6", "centos-9", "fedora-43"
	Arch   string // "x86_64", "aarch64"
	Type   string // "edge-commit", "iot-commit"
	Ref    string // that the distribution gives its commits

	image distro.ImageType
}

// String is "rhel-9.6 edge-commit x86_64".
func (t Target) String() string { return t.Distro + " " + t.Type + " " + t.Arch }

// commitTypes are the types of image that are an archive with a commit.
var commitTypes = []string{"edge-commit", "iot-commit"}

// Find looks a distribution up. The error says what can be done where it has no commits.
func Find(name, arch string) (Target, error) {
	d, err := generic.New(name)
	if err != nil || d == nil {
		return Target{}, fmt.Errorf("looking for %q: %w: it is not known; %s", name, ErrDistribution, suggest(name))
	}
	a, err := d.GetArch(arch)
	if err != nil {
		return Target{}, fmt.Errorf("looking for %q: %w: not for %s; there are %s", name, ErrDistribution, arch, strings.Join(d.ListArches(), ", "))
	}
	for _, kind := range commitTypes {
		if image, err := a.GetImageType(kind); err == nil {
			return Target{Distro: d.Name(), Arch: arch, Type: kind, Ref: image.OSTreeRef(), image: image}, nil
		}
	}
	return Target{}, fmt.Errorf("looking for %q: %w: %s", name, ErrDistribution, refusal(name))
}

// refusal says why a distribution has no commits, and what to do.
func refusal(name string) string {
	if family, version, _ := strings.Cut(name, "-"); strings.HasPrefix(version, "10") {
		return family + " 10 has no RHEL for Edge images any more; compose for release 9 from this host, " +
			"with distro = \"" + elder(family) + "\" in [compose] or --distro " + elder(family) + ", or use image mode (bootc) for release 10"
	}
	return "it has no OSTree commits; what has: rhel-9.x, centos-9, almalinux-9.x, rocky-9.x, fedora-N"
}

// elder is the newest release of a family that can be composed, as far as is known here.
func elder(family string) string {
	if family == "centos" {
		return "centos-9"
	}
	for minor := 9; minor >= 0; minor-- {
		name := family + "-9." + strconv.Itoa(minor)
		if d, err := generic.New(name); err == nil && d != nil {
			return name
		}
	}
	return "centos-9"
}

// suggest is for a name that is nearly right.
func suggest(name string) string {
	family, version, _ := strings.Cut(name, "-")
	switch {
	case family == "centos" && strings.HasPrefix(version, "9"):
		return "write centos-9"
	case version == "9":
		return "write the minor release too, such as " + elder(family)
	}
	return "write one such as rhel-9.6, centos-9 or fedora-43"
}

// Host is the distribution of a host by its os-release file, in the spelling of Find: "rhel-9.6".
// Source: os-release(5).
func Host(osRelease []byte) (string, error) {
	fields := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(osRelease)); lines.Scan(); {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		fields[key] = value
	}
	id, version := fields["ID"], fields["VERSION_ID"]
	if id == "" || version == "" {
		return "", fmt.Errorf("reading os-release: %w: it has no ID and VERSION_ID", ErrDistribution)
	}
	return id + "-" + version, nil
}

// Architecture is what distributions call one of Go's.
func Architecture(goarch string) string {
	switch goarch {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return goarch
}
