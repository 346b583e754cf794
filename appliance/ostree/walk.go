package ostree

import (
	"context"
	"fmt"

	"edge/appliance/object"
)

// walk visits the objects of a commit's closure, each once: the commit, its dirtrees, dirmetas and
// files. seen may be shared between calls; a name already in it is neither visited nor descended.
// path is one path that leads there, "" for the commit.
func (r *Repo) walk(ctx context.Context, c object.Checksum, seen map[object.Name]struct{}, visit func(n object.Name, path string) error) error {
	return walk(ctx, r.readMetadata, c, seen, visit)
}

// reader gives the bytes of a commit or dirtree.
type reader func(object.Name) ([]byte, error)

// maxDepth of directories: PATH_MAX/2, more than any file system can hold.
const maxDepth = 2048

func walk(ctx context.Context, read reader, c object.Checksum, seen map[object.Name]struct{}, visit func(n object.Name, path string) error) error {
	w := walker{ctx: ctx, read: read, seen: seen, visit: visit}
	n := object.Name{Checksum: c, Kind: object.KindCommit}
	if fresh, err := w.enter(n, ""); err != nil || !fresh {
		return err
	}
	data, err := read(n)
	if err != nil {
		return fmt.Errorf("reading commit %s: %w", c, err)
	}
	commit, err := object.ParseCommit(data)
	if err != nil {
		return fmt.Errorf("reading commit %s: %w", c, err)
	}
	return w.dir(commit.Tree, commit.Meta, "/", 0)
}

type walker struct {
	ctx   context.Context // of one call of walk; a walker does not outlive it
	read  reader
	seen  map[object.Name]struct{}
	visit func(object.Name, string) error
}

func (w *walker) enter(n object.Name, path string) (fresh bool, err error) {
	if _, known := w.seen[n]; known {
		return false, nil
	}
	w.seen[n] = struct{}{}
	return true, w.visit(n, path)
}

func (w *walker) dir(tree, meta object.Checksum, path string, depth int) error {
	if _, err := w.enter(object.Name{Checksum: meta, Kind: object.KindDirMeta}, path); err != nil {
		return err
	}
	n := object.Name{Checksum: tree, Kind: object.KindDirTree}
	if fresh, err := w.enter(n, path); err != nil || !fresh {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("reading %q: %w: more than %d directories deep", path, object.ErrMalformed, maxDepth)
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	data, err := w.read(n)
	if err != nil {
		return fmt.Errorf("reading directory %q: %w", path, err)
	}
	t, err := object.ParseTree(data)
	if err != nil {
		return fmt.Errorf("reading directory %q (dirtree %s): %w", path, tree, err)
	}
	return w.children(t, path, depth)
}

func (w *walker) children(t object.Tree, path string, depth int) error {
	if path != "/" {
		path += "/"
	}
	for _, f := range t.Files {
		if _, err := w.enter(object.Name{Checksum: f.Checksum, Kind: object.KindFile}, path+f.Name); err != nil {
			return err
		}
	}
	for _, d := range t.Dirs {
		if err := w.dir(d.Tree, d.Meta, path+d.Name, depth+1); err != nil {
			return err
		}
	}
	return nil
}
