package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"edge/appliance/object"
)

// ImportDir imports from another repository on this machine (archive mode). dir may also be an
// unpacked edge-commit archive, which has the repository below repo/ and may say in compose.json what is meant.
func (r *Repo) ImportDir(ctx context.Context, dir string, o ImportOptions) (Imported, error) {
	imported, err := r.importDir(ctx, dir, o)
	if err != nil {
		return Imported{}, fmt.Errorf("importing from repository %q: %w", dir, err)
	}
	return imported, nil
}

func (r *Repo) importDir(ctx context.Context, dir string, o ImportOptions) (Imported, error) {
	if _, err := os.Lstat(filepath.Join(dir, "config")); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(filepath.Join(dir, "repo", "config")); err == nil {
			if err := o.heed(dir); err != nil {
				return Imported{}, err
			}
			dir = filepath.Join(dir, "repo")
		}
	}
	c, err := readConfig(dir)
	if err != nil {
		return Imported{}, err
	}
	if err := c.archive(); err != nil {
		return Imported{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Imported{}, err
	}
	defer root.Close()
	unlock, err := lockDir(ctx, dir, c, shared)
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS):
		// A repository that we may only read. If its owner prunes it now the closure has a hole,
		// which is found.
	case err != nil:
		return Imported{}, err
	default:
		defer unlock()
	}
	return r.importFrom(ctx, dirSource{root, o.Link}, o)
}

// heed takes what the compose.json of an unpacked archive says, if it has one.
func (o *ImportOptions) heed(dir string) error {
	data, err := readSmall(filepath.Join(dir, "compose.json"), maxComposeJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := parseCompose(data)
	if err != nil {
		return err
	}
	wanted := composeJSON{Ref: string(o.Ref), Commit: string(o.Commit)}
	if err := agree(&wanted, c); err != nil {
		return err
	}
	o.Ref, o.Commit = object.Ref(wanted.Ref), object.Checksum(wanted.Commit)
	return nil
}

// dirSource reads a repository that belongs to somebody else: nothing in it may lead out of it,
// block, or be longer than it should be.
type dirSource struct {
	root *os.Root
	lend bool // its files may be linked to
}

func (s dirSource) refs(ctx context.Context, want object.Ref) (map[object.Ref]object.Checksum, error) {
	const heads = "refs/heads/"
	refs := map[object.Ref]object.Checksum{}
	if want != "" {
		c, err := s.ref(heads + string(want))
		if !errors.Is(err, fs.ErrNotExist) {
			refs[want] = c
			return refs, err
		}
	}
	err := fs.WalkDir(s.root.FS(), "refs/heads", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		ref, err := object.ParseRef(strings.TrimPrefix(name, heads))
		if err != nil {
			return nil // libostree ignores such files too
		}
		refs[ref], err = s.ref(name)
		return err
	})
	return refs, err
}

func (s dirSource) ref(name string) (object.Checksum, error) {
	f, err := s.open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return parseTip(name, f)
}

func (s dirSource) read(_ context.Context, n object.Name, use func(io.Reader) error) error {
	if n.Kind == object.KindCommit {
		if _, err := s.root.Stat(partialMark(n.Checksum)); err == nil {
			return fmt.Errorf("commit %s: %w: it is marked partial there", n.Checksum, ErrIncomplete)
		}
	}
	f, err := s.open("objects/" + n.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("object %s: %w", n.Path(), ErrUnknown)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if s.lend {
		return use(lent{f})
	}
	return use(f)
}

// open opens a regular file. Without O_NONBLOCK a named pipe would keep us waiting for ever.
func (s dirSource) open(name string) (*os.File, error) {
	f, err := s.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("opening %q: not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// parseTip reads what a file below refs/ holds: a checksum and a newline.
func parseTip(name string, r io.Reader) (object.Checksum, error) {
	text, err := io.ReadAll(io.LimitReader(r, 256))
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	c, err := object.ParseChecksum(strings.TrimSpace(string(text)))
	if err != nil {
		return "", fmt.Errorf("reading %q: it does not hold the checksum of a commit: %w", name, err)
	}
	return c, nil
}
