package blueprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"golang.org/x/sync/errgroup"
)

// store is a bare repository on a disk, written so that a crash leaves the old state or the new one:
// objects are files of their own and durable before anything names them, and all references are in one
// file, packed-refs, that is replaced whole. go-git sets references one by one, so that file is written
// here.
type store struct {
	dir  string
	git  *filesystem.Storage
	read *sync.Mutex // go-git's storage is for one reader at a time
}

// references by their full names.
type references map[string]plumbing.Hash

const (
	branch    = "refs/heads/main"
	maxObject = 4 << 20 // bytes of an object that is read
	maxCached = 8 << 20 // bytes of objects that go-git remembers
)

// openStore makes the repository where there is none, and brings loose references that another program
// left into the form that is written here.
func openStore(dir string) (store, references, error) {
	s := store{dir: dir, git: openGit(dir), read: &sync.Mutex{}}
	// In the history there may be hashes of passwords, which other users of this host are not to read.
	if err := errors.Join(os.MkdirAll(dir, 0o700), s.git.Init()); err != nil {
		return s, nil, fmt.Errorf("making the repository of blueprints: %w", err)
	}
	for name, text := range map[string]string{"HEAD": "ref: " + branch + "\n", "config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			if err := writeFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return s, nil, fmt.Errorf("making the repository of blueprints: %w", err)
			}
		}
	}
	if err := errors.Join(syncDir(filepath.Dir(dir)), s.sweep()); err != nil {
		return s, nil, fmt.Errorf("opening the repository of blueprints: %w", err)
	}
	refs, err := s.refs()
	if err != nil {
		return s, nil, fmt.Errorf("opening the repository of blueprints: %w", err)
	}
	return s, refs, nil
}

func openGit(dir string) *filesystem.Storage {
	return filesystem.NewStorageWithOptions(newDurable(dir), cache.NewObjectLRU(maxCached), filesystem.Options{LargeObjectThreshold: maxObject})
}

// Temporary files begin so, go-git's and those of this program; a crash may leave one, and nothing ever
// names it.
const (
	temporaryObject = "tmp_obj_"
	temporary       = ".tmp-"
)

func (s store) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.dir, "objects", "pack", temporaryObject+"*"))
	if err != nil {
		return err
	}
	more, err := filepath.Glob(filepath.Join(s.dir, temporary+"*"))
	for _, f := range append(left, more...) {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// refs are all references. Those that lie beside packed-refs count for more, as they do for git, and are
// put into it.
func (s store) refs() (references, error) {
	all, err := s.git.IterReferences()
	if err != nil {
		return nil, fmt.Errorf("reading references: %w", err)
	}
	refs := references{}
	err = all.ForEach(func(r *plumbing.Reference) error {
		name := r.Name().String()
		if r.Type() != plumbing.HashReference || !strings.HasPrefix(name, "refs/") {
			return nil
		}
		if refs[name] = r.Hash(); r.Hash().IsZero() {
			return fmt.Errorf("reading reference %q: %w", name, malformed("it names no object"))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if loose, err := s.git.CountLooseRefs(); err != nil || loose == 0 {
		return refs, err
	}
	if err := s.setRefs(refs); err != nil {
		return nil, err
	}
	for name := range refs {
		if err := os.Remove(filepath.Join(s.dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return refs, nil
}

// setRefs makes these the references there are, in one moment.
func (s store) setRefs(refs references) error {
	var out bytes.Buffer
	out.WriteString("# pack-refs with: sorted \n")
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&out, "%s %s\n", refs[name], name)
	}
	return writeFile(filepath.Join(s.dir, "packed-refs"), out.Bytes(), 0o644)
}

// path of an object that is a file of its own.
func (s store) path(h plumbing.Hash) string {
	name := h.String()
	return filepath.Join(s.dir, "objects", name[:2], name[2:])
}

func (s store) has(h plumbing.Hash) bool {
	s.read.Lock()
	defer s.read.Unlock()
	return s.git.HasEncodedObject(h) == nil
}

func (s store) get(h plumbing.Hash) (content, error) {
	s.read.Lock()
	defer s.read.Unlock()
	o, err := s.git.EncodedObject(plumbing.AnyObject, h)
	switch {
	case errors.Is(err, plumbing.ErrObjectNotFound):
		return content{}, fmt.Errorf("reading object %s: %w", h, err)
	case err != nil:
		return content{}, fmt.Errorf("reading object %s: %w", h, malformed("%v", err))
	}
	return contentOf(o, h, maxObject)
}

// write makes objects durable. Those that are there already stay.
func (s store) write(ctx context.Context, objects []content) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8) // disks gather what several flush at once
	folders := map[string]bool{}
	for _, o := range objects {
		h := o.hash()
		if s.has(h) {
			continue
		}
		folders[filepath.Dir(s.path(h))] = true
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err := openGit(s.dir).SetEncodedObject(o.encoded()) // one storage is not for several writers
			return err
		})
	}
	err := g.Wait()
	if err != nil {
		err = errors.Join(err, s.sweep())
	}
	for dir := range folders {
		if err == nil {
			err = syncDir(dir)
		}
	}
	if err == nil {
		err = syncDir(filepath.Join(s.dir, "objects"))
	}
	if err != nil {
		return fmt.Errorf("writing blueprints: %w", err)
	}
	return nil
}
