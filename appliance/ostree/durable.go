package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// change is one small file to be replaced, named relative to the repository.
type change struct {
	name string
	data []byte // nil removes the file
}

// writeFile replaces one file atomically and durably.
func (r *Repo) writeFile(name string, data []byte) error {
	return r.writeFiles([]change{{name, data}})
}

// writeFiles replaces files, each atomically, in the given order, and returns when all of it is
// durable. Temporary files are synced side by side, and so are the folders at the end, because a
// journal commits many files at the price of one.
func (r *Repo) writeFiles(changes []change) error {
	temps := make([]string, len(changes))
	defer func() {
		for _, t := range temps {
			if t != "" {
				os.Remove(t) // gone already where it was renamed
			}
		}
	}()
	var g errgroup.Group
	for i, c := range changes {
		if c.data != nil {
			g.Go(func() (err error) {
				temps[i], err = r.writeTemp(c.data)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	folders := map[string]struct{}{}
	for i, c := range changes {
		if err := r.place(temps[i], c.name, folders); err != nil {
			return err
		}
	}
	return syncFolders(folders)
}

func (r *Repo) writeTemp(data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Join(r.dir, "tmp"), ownPrefix+"file-*")
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := f.Chmod(0o644); err != nil {
		return f.Name(), err
	}
	if _, err := f.Write(data); err != nil {
		return f.Name(), err
	}
	return f.Name(), f.Sync()
}

// place renames temp to name, or removes name when there is no temp, and notes the folders to sync.
func (r *Repo) place(temp, name string, folders map[string]struct{}) error {
	target := filepath.Join(r.dir, name)
	folders[filepath.Dir(target)] = struct{}{}
	if temp == "" {
		if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := r.makeFolders(path.Dir(name), folders); err != nil {
		return err
	}
	return os.Rename(temp, target)
}

// makeFolders is MkdirAll below the repository that notes the parents of what it makes.
func (r *Repo) makeFolders(name string, folders map[string]struct{}) error {
	if name == "." {
		return nil
	}
	full := filepath.Join(r.dir, name)
	err := os.Mkdir(full, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		if info, err := os.Stat(full); err != nil || !info.IsDir() {
			return fmt.Errorf("making folder %q: a file of that name is in the way", full)
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := r.makeFolders(path.Dir(name), folders); err != nil {
			return err
		}
		err = os.Mkdir(full, 0o755)
	}
	if err == nil {
		folders[filepath.Dir(full)] = struct{}{}
	}
	return err
}

func syncFolders(folders map[string]struct{}) error {
	var g errgroup.Group
	for name := range folders {
		g.Go(func() error { return syncFolder(name) })
	}
	return g.Wait()
}

func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// syncFileSystem makes everything written to the file system of dir durable.
func syncFileSystem(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("syncing the file system of %q: %w", dir, err)
	}
	return nil
}
