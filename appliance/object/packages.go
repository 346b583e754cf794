package object

import (
	"cmp"
	"slices"

	"edge/appliance/gvariant"
	"edge/appliance/rpm"
)

// rpm-ostree writes the packages of a tree into its commit, so that clients can
// compare two commits without their trees.
const (
	keyPackages  = "rpmostree.rpmdb.pkglist"
	packageType  = "(sssss)"
	packagesType = "a" + packageType
)

// Packages is rpmostree.rpmdb.pkglist, a(sssss) = name, epoch, version, release, arch.
// listed is false where the commit has none.
func (c Commit) Packages() (packages []rpm.Package, listed bool, err error) {
	v, ok := dictionary(c.Metadata).Lookup(keyPackages)
	if !ok {
		return nil, false, nil
	}
	if v.Type() != packagesType {
		return nil, false, malformed("commit", "%s is of type %q, not %q", keyPackages, clip(v.Type()), packagesType)
	}
	packages = make([]rpm.Package, v.Len())
	for i := range packages {
		p := v.At(i)
		packages[i] = rpm.Package{
			Name: p.At(0).Str(), Epoch: p.At(1).Str(), Version: p.At(2).Str(),
			Release: p.At(3).Str(), Arch: p.At(4).Str(),
		}
	}
	return packages, true, nil
}

// WithPackages returns c with the package list that Packages reads.
func (c Commit) WithPackages(packages []rpm.Package) Commit {
	c.Metadata = dictionary(c.Metadata).Set(keyPackages, PackageList(packages))
	return c
}

// PackageList is the value to store under rpmostree.rpmdb.pkglist, sorted by name.
func PackageList(packages []rpm.Package) gvariant.Value {
	sorted := slices.SortedStableFunc(slices.Values(packages), func(a, b rpm.Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), rpm.Compare(a, b), cmp.Compare(a.Arch, b.Arch))
	})
	rows := make([]gvariant.Value, len(sorted))
	for i, p := range sorted {
		rows[i] = gvariant.Tuple(gvariant.Str(p.Name), gvariant.Str(cmp.Or(p.Epoch, "0")),
			gvariant.Str(p.Version), gvariant.Str(p.Release), gvariant.Str(p.Arch))
	}
	return gvariant.Array(packageType, rows...)
}
