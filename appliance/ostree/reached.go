package ostree

import (
	"context"
	"errors"
	"fmt"

	"edge/appliance/object"
)

// reached is every object that a ref leads to.
func (r *Repo) reached(ctx context.Context) (map[object.Name]struct{}, error) {
	roots, err := r.roots()
	if err != nil {
		return nil, err
	}
	keep := map[object.Name]struct{}{}
	var partial []root
	for _, root := range roots {
		if root.err != nil {
			return nil, fmt.Errorf("%w; mend or remove it first", root.err)
		}
		switch err := r.Complete(root.commit); {
		case errors.Is(err, ErrUnknown): // leads nowhere
		case err != nil:
			partial = append(partial, root)
		default:
			if err := follow(ctx, r.readIntact, root, keep); err != nil {
				return nil, err
			}
		}
	}
	// Partial ones come last: the holes they may have must not hide those of complete ones.
	for _, root := range partial {
		if err := follow(ctx, r.readPartial, root, keep); err != nil {
			return nil, err
		}
	}
	return keep, nil
}

func follow(ctx context.Context, read reader, from root, keep map[object.Name]struct{}) error {
	err := walk(ctx, read, from.commit, keep, func(object.Name, string) error { return nil })
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: what %q leads to is damaged, so nothing is removed: %v; remove that ref or import the commit again", ErrIncomplete, from.name, err)
	}
	return err
}

// readIntact reads a commit or dirtree and checks that it is what it was: one flipped bit in a tree
// would make a file look abandoned.
func (r *Repo) readIntact(n object.Name) ([]byte, error) {
	data, err := r.readMetadata(n)
	if err == nil && object.ChecksumOf(data) != n.Checksum {
		err = fmt.Errorf("object %s: %w", n, object.ErrCorrupt)
	}
	return data, err
}

// readPartial reads an absent tree as an empty one.
func (r *Repo) readPartial(n object.Name) ([]byte, error) {
	data, err := r.readIntact(n)
	if errors.Is(err, ErrUnknown) && n.Kind == object.KindDirTree {
		return object.Tree{}.Encode(), nil
	}
	return data, err
}
