// Package rpm compares RPM packages as rpm does, and package lists as
// rpm-ostree shows them. It reads no database and runs no program.
//
// Source of the ordering: rpm's rpmvercmp and its manual page rpm-version(7).
package rpm

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// ErrMalformed is the cause of every refusal by Parse.
var ErrMalformed = errors.New("malformed package name")

// Package is one installed package. Epoch "0" and "" mean the same.
type Package struct {
	Name    string `json:"name"`
	Epoch   string `json:"epoch"`
	Version string `json:"version"`
	Release string `json:"release"`
	Arch    string `json:"arch"`
}

// Parse reads name-[epoch:]version-release.arch.
func Parse(nevra string) (Package, error) {
	var p Package
	rest, arch, dotted := cutLast(nevra, ".")
	rest, release, released := cutLast(rest, "-")
	name, version, versioned := cutLast(rest, "-")
	p.Name, p.Version, p.Release, p.Arch = name, version, release, arch
	epoch, version, epochs := strings.Cut(version, ":")
	if epochs {
		p.Epoch, p.Version = epoch, version
	}
	whole := dotted && released && versioned && p.Name != "" && p.Version != "" && p.Release != "" && p.Arch != ""
	if !whole || epochs && !isNumber(epoch) || strings.Contains(arch, "-") || strings.ContainsAny(nevra, " \t\r\n/\x00") {
		return Package{}, fmt.Errorf("parsing package %q: %w: name-[epoch:]version-release.arch is needed, "+
			"such as git-2.43.5-1.el9.x86_64", nevra, ErrMalformed)
	}
	return p, nil
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is name-[epoch:]version-release.arch, the epoch hidden when it is 0.
func (p Package) String() string { return p.Name + "-" + p.EVR() + "." + p.Arch }

// EVR is [epoch:]version-release, the epoch hidden when it is 0.
func (p Package) EVR() string {
	evr := p.Version + "-" + p.Release
	if e := p.epoch(); e != "0" {
		return e + ":" + evr
	}
	return evr
}

// epoch is the epoch as rpm compares it: absent means 0.
func (p Package) epoch() string { return cmp.Or(strings.TrimLeft(p.Epoch, "0"), "0") }

// normal is p with the one spelling of its epoch, to be compared with ==.
func (p Package) normal() Package {
	p.Epoch = p.epoch()
	return p
}
