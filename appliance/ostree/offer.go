package ostree

import (
	"fmt"
	"slices"
	"strings"

	"edge/appliance/object"
)

// choose picks the commit to import among the refs on offer.
func choose(refs map[object.Ref]object.Checksum, o ImportOptions) (object.Ref, object.Checksum, error) {
	if o.Ref != "" {
		commit, ok := refs[o.Ref]
		switch {
		case !ok:
			return "", "", fmt.Errorf("%w: no ref %q there, %s", ErrMismatch, o.Ref, offer(refs))
		case o.Commit != "" && commit != o.Commit:
			return "", "", fmt.Errorf("%w: ref %q names commit %s, not %s", ErrMismatch, o.Ref, commit, o.Commit)
		}
		return o.Ref, commit, nil
	}
	var candidates []object.Ref
	for ref, commit := range refs {
		if o.Commit == "" || commit == o.Commit {
			candidates = append(candidates, ref)
		}
	}
	switch {
	case len(candidates) == 1:
		return candidates[0], refs[candidates[0]], nil
	case o.Commit != "":
		return "", o.Commit, nil
	}
	return "", "", fmt.Errorf("%w: say which ref to import, %s", ErrMismatch, offer(refs))
}

// offer tells a person what refs there are.
func offer(refs map[object.Ref]object.Checksum) string {
	if len(refs) == 0 {
		return "for it lists none"
	}
	var names []string
	for ref := range refs {
		names = append(names, string(ref))
	}
	slices.Sort(names)
	if len(names) > 10 {
		names = append(names[:10], fmt.Sprintf("… (%d in all)", len(refs)))
	}
	return "it offers " + strings.Join(names, ", ")
}
