package ostree

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"edge/appliance/object"
)

// FileChange is one difference between two trees.
type FileChange struct {
	Path   string `json:"path"`          // absolute, /usr/bin/git
	Change string `json:"change"`        // "removed", "added" or "changed"
	Dir    bool   `json:"dir,omitempty"` // a directory; removed and added ones stand for all below them
}

// maxChanges keeps two hostile trees, whose paths may be countless, from filling the memory.
const maxChanges = 1 << 20

// DiffFiles compares two trees by checksum and descends only where they differ. The changes are
// sorted by path; a file that became a directory is removed and added.
func (r *Repo) DiffFiles(ctx context.Context, from, to object.Checksum) ([]FileChange, error) {
	d := differ{repo: r, changes: []FileChange{}}
	if err := d.commits(ctx, from, to); err != nil {
		return nil, fmt.Errorf("comparing commits %s and %s: %w", from, to, err)
	}
	slices.SortFunc(d.changes, func(a, b FileChange) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), -strings.Compare(a.Change, b.Change))
	})
	return d.changes, nil
}

type differ struct {
	repo    *Repo
	changes []FileChange
}

func (d *differ) commits(ctx context.Context, from, to object.Checksum) error {
	a, err := d.repo.Commit(from)
	if err != nil {
		return err
	}
	b, err := d.repo.Commit(to)
	if err != nil {
		return err
	}
	return d.dirs(ctx, "", object.DirEntry{Tree: a.Tree, Meta: a.Meta}, object.DirEntry{Tree: b.Tree, Meta: b.Meta})
}

// dirs compares two directories of the same path, which ends without a slash.
func (d *differ) dirs(ctx context.Context, path string, a, b object.DirEntry) error {
	if a.Meta != b.Meta {
		d.add(cmp.Or(path, "/"), "changed", true)
	}
	if a.Tree == b.Tree {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(d.changes) > maxChanges {
		return fmt.Errorf("%w: more than %d differences", object.ErrTooLarge, maxChanges)
	}
	old, err := d.repo.tree(a.Tree)
	if err != nil {
		return err
	}
	now, err := d.repo.tree(b.Tree)
	if err != nil {
		return err
	}
	if err := pair(old.Files, now.Files, fileName, func(a, b *object.FileEntry) error {
		d.file(path, a, b)
		return nil
	}); err != nil {
		return err
	}
	return pair(old.Dirs, now.Dirs, dirName, func(a, b *object.DirEntry) error {
		switch {
		case b == nil:
			d.add(path+"/"+a.Name, "removed", true)
		case a == nil:
			d.add(path+"/"+b.Name, "added", true)
		default:
			return d.dirs(ctx, path+"/"+a.Name, *a, *b)
		}
		return nil
	})
}

// file compares two files of the same name below path, one of which may be nil.
func (d *differ) file(path string, a, b *object.FileEntry) {
	switch {
	case b == nil:
		d.add(path+"/"+a.Name, "removed", false)
	case a == nil:
		d.add(path+"/"+b.Name, "added", false)
	case a.Checksum != b.Checksum:
		d.add(path+"/"+a.Name, "changed", false)
	}
}

func (d *differ) add(path, change string, dir bool) {
	d.changes = append(d.changes, FileChange{Path: path, Change: change, Dir: dir})
}

func fileName(e object.FileEntry) string { return e.Name }
func dirName(e object.DirEntry) string   { return e.Name }

// pair visits two sorted lists side by side: entries of one name together, others with nil.
func pair[E any](old, now []E, name func(E) string, visit func(old, now *E) error) error {
	for len(old) > 0 || len(now) > 0 {
		var a, b *E
		order := 0
		switch {
		case len(now) == 0:
			order = -1
		case len(old) == 0:
			order = 1
		default:
			order = strings.Compare(name(old[0]), name(now[0]))
		}
		if order <= 0 {
			a, old = &old[0], old[1:]
		}
		if order >= 0 {
			b, now = &now[0], now[1:]
		}
		if err := visit(a, b); err != nil {
			return err
		}
	}
	return nil
}

// tree reads a dirtree.
func (r *Repo) tree(c object.Checksum) (object.Tree, error) {
	data, err := r.readMetadata(object.Name{Checksum: c, Kind: object.KindDirTree})
	if err != nil {
		return object.Tree{}, err
	}
	return object.ParseTree(data)
}
