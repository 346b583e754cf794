package rpm

import (
	"cmp"
	"slices"
)

// Change is one package at two versions.
type Change struct {
	From Package `json:"from"`
	To   Package `json:"to"`
}

// Diff is what tells two package lists apart, each group sorted by name.
type Diff struct {
	Removed    []Package `json:"removed"`
	Added      []Package `json:"added"`
	Upgraded   []Change  `json:"upgraded"`
	Downgraded []Change  `json:"downgraded"`
}

// Compute matches by name and architecture; a package installed at several versions at once
// (kernels) is matched as a set: equal ones cancel out, and the rest is paired in order when
// as many left as came. A package that is there once on either side and only changed its
// architecture is matched by name. The slices of the result are never nil.
func Compute(from, to []Package) Diff {
	d := Diff{Removed: []Package{}, Added: []Package{}, Upgraded: []Change{}, Downgraded: []Change{}}
	olds, news := group(from, Package.name), group(to, Package.name)
	for name, old := range olds {
		d.match(old, news[name])
	}
	for name, fresh := range news {
		if _, known := olds[name]; !known {
			d.Added = append(d.Added, fresh...)
		}
	}
	slices.SortFunc(d.Removed, order)
	slices.SortFunc(d.Added, order)
	slices.SortFunc(d.Upgraded, Change.order)
	slices.SortFunc(d.Downgraded, Change.order)
	return d
}

func (p Package) name() string { return p.Name }
func (p Package) arch() string { return p.Arch }

// group sorts packages into lists by key.
func group(packages []Package, key func(Package) string) map[string][]Package {
	groups := make(map[string][]Package, len(packages))
	for _, p := range packages {
		groups[key(p)] = append(groups[key(p)], p)
	}
	return groups
}

// order is by name, then version, then architecture.
func order(a, b Package) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), Compare(a, b), cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.EVR(), b.EVR()))
}

func (c Change) order(other Change) int {
	return cmp.Or(order(c.From, other.From), order(c.To, other.To))
}

// match enters the packages of one name.
func (d *Diff) match(olds, news []Package) {
	if len(olds) == 1 && len(news) == 1 {
		d.pair(olds[0], news[0])
		return
	}
	left, came := cancel(olds, news)
	leftOf, cameOf := group(left, Package.arch), group(came, Package.arch)
	for arch, left := range leftOf {
		came := cameOf[arch]
		delete(cameOf, arch)
		if len(left) != len(came) {
			d.Removed = append(d.Removed, left...)
			d.Added = append(d.Added, came...)
			continue
		}
		slices.SortFunc(left, order)
		slices.SortFunc(came, order)
		for i := range left {
			d.pair(left[i], came[i])
		}
	}
	for _, came := range cameOf {
		d.Added = append(d.Added, came...)
	}
}

// pair enters one package that became another. What rpm does not order, such as
// the same version for another architecture, is removed and added.
func (d *Diff) pair(from, to Package) {
	switch c := Compare(from, to); {
	case from.normal() == to.normal():
	case c < 0:
		d.Upgraded = append(d.Upgraded, Change{From: from, To: to})
	case c > 0:
		d.Downgraded = append(d.Downgraded, Change{From: from, To: to})
	default:
		d.Removed = append(d.Removed, from)
		d.Added = append(d.Added, to)
	}
}

// cancel takes away what is on both sides, as often as it is on both.
func cancel(olds, news []Package) (left, came []Package) {
	shared := make(map[Package]int, len(news))
	for _, p := range news {
		shared[p.normal()]++
	}
	for _, p := range olds {
		if shared[p.normal()] > 0 {
			shared[p.normal()]--
		} else {
			left = append(left, p)
		}
	}
	for _, p := range news {
		if shared[p.normal()] > 0 {
			shared[p.normal()]--
			came = append(came, p)
		}
	}
	return left, came
}
