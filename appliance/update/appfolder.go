package update

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// folder is where the state of the apps lies. It belongs to the apps' user, and root reads and writes in it
// as well: nothing in it is trusted to be a regular file, and no link in it leads anywhere.
type folder struct {
	root *os.Root
	dir  *os.File
}

func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the state of the apps: %w; \"appliance device install\" makes it", err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the state of the apps: %w", err)
	}
	dir, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("opening the state of the apps: %w", err)
	}
	return &folder{root, dir}, nil
}

func (f *folder) close() {
	f.dir.Close()
	f.root.Close()
}

// lock makes sure that there is one run at a time: ErrRunning, at once, when there is another.
func (f *folder) lock() (unlock func(), err error) {
	file, err := f.root.OpenFile("lock", os.O_RDONLY|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the state of the apps: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { file.Close() }, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("updating applications: %w", ErrRunning)
	}
	return nil, fmt.Errorf("locking the state of the apps: %w", err)
}

// load reads a regular file of at most so many bytes.
func (f *folder) load(name string, most int64) ([]byte, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("reading %q: not a regular file of at most %d bytes", name, most)
	}
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("reading %q: more than %d bytes", name, most)
	}
	return data, err
}

// save replaces a file atomically and durably. What root writes belongs to whom the folder belongs to.
func (f *folder) save(name string, data []byte) error {
	temp := "." + name + ".appliance-" + rand.Text()[:8]
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	defer f.root.Remove(temp) // gone already where it was renamed
	defer file.Close()
	if err := f.own(file); err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := f.root.Rename(temp, name); err != nil {
		return err
	}
	return f.dir.Sync()
}

func (f *folder) own(file *os.File) error {
	info, err := f.dir.Stat()
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return file.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}
