package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edge/appliance/object"
)

// blame finds out which commits need the damaged objects, and one path of each.
func (v *verification) blame(ctx context.Context) error {
	for _, c := range v.commits {
		// It fails at a damaged commit only, and that is noted.
		_ = walk(ctx, v.reread, c, map[object.Name]struct{}{}, func(n object.Name, path string) error {
			if f := v.faults[n]; f != nil {
				f.Commits = append(f.Commits, c)
				f.Path = cmp.Or(f.Path, path)
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n := object.Name{Checksum: c, Kind: object.KindCommitMeta}
		if f := v.faults[n]; f != nil {
			f.Commits = append(f.Commits, c)
		}
	}
	return nil
}

func (v *verification) reread(n object.Name) ([]byte, error) {
	if v.faults[n] != nil && n.Kind == object.KindDirTree {
		return object.Tree{}.Encode(), nil
	}
	return v.repo.readMetadata(n)
}

// collect adds what is wrong with refs and commits as such, and puts the faults in order.
func (v *verification) collect(roots []root) {
	for _, root := range roots {
		n := object.Name{Checksum: root.commit, Kind: object.KindCommit}
		if root.err != nil {
			v.found.Faults = append(v.found.Faults, Fault{Cause: "malformed", Detail: root.err.Error()})
			continue
		}
		if err := v.repo.Complete(root.commit); errors.Is(err, ErrIncomplete) {
			v.fault(n, err)
			v.faults[n].Commits = []object.Checksum{root.commit}
		}
		if f := v.faults[n]; f != nil {
			f.Detail += fmt.Sprintf("; %s names it", root.name)
		}
	}
	for _, f := range v.faults {
		v.found.Faults = append(v.found.Faults, *f)
	}
	slices.SortFunc(v.found.Faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(string(a.Object.Kind), string(b.Object.Kind)),
			strings.Compare(string(a.Object.Checksum), string(b.Object.Checksum)),
			strings.Compare(a.Detail, b.Detail))
	})
}
