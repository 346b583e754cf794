package compose

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/gvariant"
	"edge/appliance/object"
	"edge/appliance/rpm"
)

// packages reads the list PART.txt of each part: one name-[epoch:]version-release.arch a line. What stands
// for packages comes last, without those that a part has.
func (s *Sample) packages(how recipe) ([]rpm.Package, error) {
	var all []rpm.Package
	seen := map[string]string{}
	for _, part := range how.parts {
		data, err := fs.ReadFile(s.files, part+".txt")
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSample, err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			p, err := rpm.Parse(lines.Text())
			if err != nil {
				return nil, fmt.Errorf("%w: %s.txt: %w", ErrSample, part, err)
			}
			if before, twice := seen[p.Name]; twice {
				return nil, fmt.Errorf("%w: package %q is in %s.txt and in %s.txt", ErrSample, p.Name, before, part)
			}
			seen[p.Name] = part
			all = append(all, p)
		}
	}
	for _, p := range how.stands {
		if seen[p.Name] == "" {
			seen[p.Name] = "the blueprint"
			all = append(all, p)
		}
	}
	return all, nil
}

// metadata is what osbuild and rpm-ostree put into a commit, as far as a device or a publisher
// reads it, and the mark of a sample.
func metadata(version blueprint.Version, ref object.Ref, packages []rpm.Package) gvariant.Value {
	return gvariant.Dict(
		gvariant.Entry{Key: "version", Value: gvariant.Str(string(version))},
		gvariant.Entry{Key: "ostree.ref-binding", Value: gvariant.Array("s", gvariant.Str(string(ref)))},
		gvariant.Entry{Key: "rpmostree.inputhash", Value: gvariant.Str(inputHash(packages))},
		gvariant.Entry{Key: "rpmostree.rpmdb.pkglist", Value: object.PackageList(packages)},
		gvariant.Entry{Key: KeySample, Value: gvariant.Bool(true)},
	)
}

// inputHash stands for rpm-ostree's hash of what went into a compose.
func inputHash(packages []rpm.Package) string {
	sum := sha256.Sum256([]byte(listing(packages)))
	return hex.EncodeToString(sum[:])
}

// listing is one package a line.
func listing(packages []rpm.Package) string {
	var b strings.Builder
	for _, p := range packages {
		b.WriteString(p.String())
		b.WriteByte('\n')
	}
	return b.String()
}
