package ostree

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"edge/appliance/object"
)

// ReadFile returns the content of a regular file of a commit's tree, following no links, at most
// limit bytes. A path that is not there is ErrUnknown.
func (r *Repo) ReadFile(c object.Checksum, path string, limit int64) ([]byte, error) {
	sum, err := r.findFile(c, path)
	if err != nil {
		return nil, fmt.Errorf("reading %q of commit %s: %w", path, c, err)
	}
	data, err := r.readContent(sum, limit)
	if err != nil {
		return nil, fmt.Errorf("reading %q of commit %s: %w", path, c, err)
	}
	return data, nil
}

func (r *Repo) findFile(c object.Checksum, path string) (object.Checksum, error) {
	commit, err := r.Commit(c)
	if err != nil {
		return "", err
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	at := commit.Tree
	for i, part := range parts {
		tree, err := r.tree(at)
		if err != nil {
			return "", err
		}
		if i == len(parts)-1 {
			if f, ok := findEntry(tree.Files, part, fileName); ok {
				return f.Checksum, nil
			}
			break
		}
		d, ok := findEntry(tree.Dirs, part, dirName)
		if !ok {
			break
		}
		at = d.Tree
	}
	return "", fmt.Errorf("no such file: %w", ErrUnknown)
}

// findEntry finds a name in a sorted list.
func findEntry[E any](list []E, want string, name func(E) string) (found E, ok bool) {
	i, ok := slices.BinarySearchFunc(list, want, func(e E, want string) int { return strings.Compare(name(e), want) })
	if ok {
		found = list[i]
	}
	return found, ok
}

func (r *Repo) readContent(sum object.Checksum, limit int64) ([]byte, error) {
	f, err := r.open(object.Name{Checksum: sum, Kind: object.KindFile})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	header, content, err := object.ReadFile(f)
	switch {
	case err != nil:
		return nil, err
	case header.IsLink():
		return nil, fmt.Errorf("it is a symbolic link to %q: %w", header.Target, ErrUnknown)
	case header.Size > limit:
		return nil, fmt.Errorf("%w: %d bytes, more than %d", object.ErrTooLarge, header.Size, limit)
	}
	return io.ReadAll(content)
}
