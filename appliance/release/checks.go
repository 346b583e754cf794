package release

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"edge/appliance/object"
	"edge/appliance/ostree"
)

// Finding is one check that failed before a publication.
type Finding struct {
	Check   string `json:"check"` // "closure", "packages", "time", "ref-binding", "ref", "users"
	Message string `json:"message"`
}

// ChecksError carries every finding; errors.Is(err, ErrChecks).
type ChecksError struct{ Findings []Finding }

func (e *ChecksError) Error() string {
	var b strings.Builder
	b.WriteString(ErrChecks.Error())
	for i, f := range e.Findings {
		if i > 0 {
			b.WriteByte(';')
		} else {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, " %s: %s", f.Check, f.Message)
	}
	return b.String()
}

func (e *ChecksError) Is(target error) bool { return target == ErrChecks }

// ahead is how far a commit's time may lie in the future: clocks of builders differ a little.
const ahead = 5 * time.Minute

// candidate is what the checks look at.
type candidate struct {
	ref       object.Ref
	published []object.Ref  // all that are
	commit    object.Commit // as it would be published
	tip       *object.Commit
	now       time.Time
	closure   error                // why the tree cannot be read, if so
	accounts  map[string][2][]byte // "usr/lib/passwd" -> published and new content; nil where missing
}

// findings is every check that fails.
func (c candidate) findings() []Finding {
	var all []Finding
	for _, check := range []struct {
		name string
		run  func() string
	}{
		{"closure", c.checkClosure},
		{"packages", c.checkPackages},
		{"time", c.checkTime},
		{"ref-binding", c.checkBinding},
		{"ref", c.checkRef},
		{"users", c.checkUsers},
	} {
		if message := check.run(); message != "" {
			all = append(all, Finding{check.name, message})
		}
	}
	return all
}

func (c candidate) checkClosure() string {
	if c.closure == nil {
		return ""
	}
	return fmt.Sprintf("the commit is not whole: %v; verify the blueprint, then import the release again", c.closure)
}

// checkPackages wants the list without which "rpm-ostree upgrade --check" crashes on every device.
func (c candidate) checkPackages() string {
	packages, listed, err := c.commit.Packages()
	switch {
	case err != nil:
		return fmt.Sprintf("the package list (rpmostree.rpmdb.pkglist) cannot be read: %v", err)
	case !listed:
		return "the commit has no package list (rpmostree.rpmdb.pkglist), and rpm-ostree upgrade --check fails on devices without it; import the commit that osbuild made, not a copy of its tree"
	case len(packages) == 0:
		return "the commit's package list is empty, and rpm-ostree upgrade --check fails on devices with an empty one; compose it again"
	}
	return ""
}

// checkTime keeps clients from being sent back in time, which they refuse.
func (c candidate) checkTime() string {
	const shape = time.RFC3339
	switch at := c.commit.Time; {
	case c.tip != nil && at.Before(c.tip.Time):
		return fmt.Sprintf("the commit of %s is older than the published one of %s, and devices refuse to go back; stamp it to give it a new time",
			at.Format(shape), c.tip.Time.Format(shape))
	case at.After(c.now.Add(ahead)):
		return fmt.Sprintf("the commit's time %s lies in the future, and devices would refuse every release until then; set the clock of the machine that composed it, and compose it again",
			at.Format(shape))
	}
	return ""
}

func (c candidate) checkBinding() string {
	bound, ok := c.commit.RefBindings()
	if !ok || slices.Contains(bound, string(c.ref)) {
		return ""
	}
	return fmt.Sprintf("the commit is bound to %q, and clients refuse it under %q; publish it under the ref it was composed for", bound, c.ref)
}

// checkRef finds the ref under which no device looks.
func (c candidate) checkRef() string {
	if len(c.published) == 0 || slices.Contains(c.published, c.ref) {
		return ""
	}
	return fmt.Sprintf("devices follow %q, not %q; publish under that, or force it to offer both", c.published, c.ref)
}

func (c candidate) checkUsers() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(c.accounts)) {
		if moved := drift(c.accounts[name][0], c.accounts[name][1]); len(moved) > 0 {
			all = append(all, fmt.Sprintf("%s: %s", name, abridge(moved, 8)))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "system accounts change their numbers, so files in /var would belong to others: " + strings.Join(all, "; ") +
		"; compose the release with the published one as its parent"
}

// check gathers what the checks need. Only these few objects are read, however large the release is.
func (p *Publisher) check(s *shelf, m move) []Finding {
	refs := s.repo.Refs()
	c := candidate{
		ref: m.ref, published: slices.Sorted(maps.Keys(refs)), commit: m.commit, tip: m.tipped, now: p.o.Now(),
		closure: s.whole(m.release.Commit, m.commit), accounts: map[string][2][]byte{},
	}
	for _, name := range []string{"usr/lib/passwd", "usr/lib/group"} {
		after, err := s.account(m.release.Commit, name)
		if err != nil && c.closure == nil {
			c.closure = err
		}
		if m.tipped == nil {
			continue
		}
		before, err := s.account(m.tip, name)
		if err == nil {
			c.accounts[name] = [2][]byte{before, after}
		}
	}
	return c.findings()
}

// whole reports whether a commit is complete and its root is there. Import has looked at the rest,
// and Verify does it again.
func (s *shelf) whole(c object.Checksum, commit object.Commit) error {
	if err := s.repo.Complete(c); err != nil {
		return err
	}
	for _, n := range []object.Name{{Checksum: commit.Tree, Kind: object.KindDirTree}, {Checksum: commit.Meta, Kind: object.KindDirMeta}} {
		served, err := s.repo.Lookup("objects/" + n.Path())
		if err != nil {
			return err
		}
		if _, err := os.Stat(served.File); err != nil {
			return fmt.Errorf("reading the root of the tree: %w", err)
		}
	}
	return nil
}

// account reads a file of a tree; one that is not there is nil.
func (s *shelf) account(c object.Checksum, name string) ([]byte, error) {
	data, err := s.repo.ReadFile(c, name, maxAccounts)
	if errors.Is(err, ostree.ErrUnknown) {
		return nil, nil
	}
	return data, err
}
