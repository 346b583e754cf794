package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"edge/appliance/rootfs"
)

// compareBinary compares the program with the one that is to be copied. It is ours whoever put it there: units
// and checks must run what wrote them.
func (t *task) compareBinary(c *Change, root *rootfs.Root, name string, rec *Record) error {
	source, err := t.openBinary()
	if err != nil {
		return err
	}
	defer source.Close()
	from, err := source.Stat()
	if err != nil {
		return err
	}
	stamp := &Stamp{from.Size(), from.ModTime().UTC()}
	there, err := root.Lstat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	missing := err != nil
	if !missing && rec != nil && rec.Copied.fits(there) && rec.Source.same(stamp) && root.Fits(there, c.record.attr()) {
		c.record = *rec
		return nil
	}
	if c.record.Sum, err = sumFile(source); err != nil {
		return err
	}
	c.record.Source = stamp
	if missing {
		c.Action = Create
		return nil
	}
	had := ""
	if there.Mode.IsRegular() {
		if had, err = sumOf(root, name); err != nil {
			return err
		}
	}
	if had == c.record.Sum && root.Fits(there, c.record.attr()) {
		c.record.Found = rec == nil || rec.Found
		c.record.Copied = stampOf(there)
		return nil
	}
	c.Action, c.record.Was = Update, had
	return nil
}

func (t *task) openBinary() (*os.File, error) {
	if t.Binary != "" {
		return os.Open(t.Binary)
	}
	name, err := os.Executable()
	switch {
	case err == nil:
		return os.Open(name)
	case strings.Contains(os.Args[0], "/"): // in a chroot without /proc
		return os.Open(os.Args[0])
	}
	return nil, fmt.Errorf("finding this program: %w; mount /proc, or name the program with --binary", err)
}

func stampOf(i rootfs.Info) *Stamp { return &Stamp{i.Size, i.Changed.UTC()} }

func (s *Stamp) fits(i rootfs.Info) bool { return i.Mode.IsRegular() && s.same(stampOf(i)) }

func (s *Stamp) same(other *Stamp) bool {
	return s != nil && other != nil && s.Size == other.Size && s.Changed.Equal(other.Changed)
}
