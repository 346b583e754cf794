package blueprint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
)

// durable is the folder that go-git writes into. go-git makes a file under a temporary name and renames it
// when it is closed; here it is on the disk by then.
type durable struct{ *osfs.BoundOS }

func newDurable(dir string) durable {
	return durable{osfs.New(dir, osfs.WithBoundOS()).(*osfs.BoundOS)}
}

// TempFile makes a file whose Close flushes it to the disk.
func (d durable) TempFile(dir, prefix string) (billy.File, error) {
	f, err := d.BoundOS.TempFile(dir, prefix)
	if err != nil {
		return nil, err
	}
	return flushed{f}, nil
}

type flushed struct{ billy.File }

func (f flushed) Close() error {
	s, ok := f.File.(interface{ Sync() error })
	if !ok {
		return errors.Join(errors.New("a file that cannot be flushed to the disk"), f.File.Close())
	}
	return errors.Join(s.Sync(), f.File.Close())
}

// writeFile replaces a file durably.
func writeFile(path string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
