package quarantine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"edge/appliance/report"
)

const (
	maxFile = 128 << 10
	format  = 1
)

// document is the file: JSON, {"format":1,"bad":[…]} with report.Bad as its elements.
type document struct {
	Format int          `json:"format"`
	Bad    []report.Bad `json:"bad"`
}

// parse reads a file that somebody else may have written.
func parse(data []byte) ([]report.Bad, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%d bytes, more than %d", len(data), maxFile)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	if d.Format != format {
		return nil, fmt.Errorf("format %d, want %d", d.Format, format)
	}
	if len(d.Bad) > maxEntries {
		return nil, fmt.Errorf("%d entries, more than %d", len(d.Bad), maxEntries)
	}
	for i, b := range d.Bad {
		if b.Kind != OS && b.Kind != App {
			return nil, fmt.Errorf("entry %d: unknown kind %q", i, b.Kind)
		}
		if b.What == "" || b.Times < 1 || b.Times > 1<<20 {
			return nil, fmt.Errorf("entry %d: no digest or commit, or failed %d times", i, b.Times)
		}
		for _, text := range []string{b.What, b.Name, b.Reason} {
			if text != printable(text) {
				return nil, fmt.Errorf("entry %d: text that is too long or not printable", i)
			}
		}
	}
	return d.Bad, nil
}

// printable is text on one line, without what could play with a terminal, of a bounded length.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// read reads a file whose folder a user may own while root reads: no link is followed, and nothing but a
// regular file of a bounded size is read. A missing file is an empty one.
func read(path string) ([]report.Bad, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return parse(data)
}

// change replaces the list under a lock. A file that cannot be parsed is put aside and begun anew, so that
// one torn write does not end all remembering.
func (m *Memory) change(f func([]report.Bad) ([]report.Bad, error)) error {
	unlock, err := lock(m.path + ".lock")
	if err != nil {
		return fmt.Errorf("locking quarantine %q: %w", m.path, err)
	}
	defer unlock()
	list, err := read(m.path)
	if err != nil {
		if err := os.Rename(m.path, m.path+".broken"); err != nil {
			return fmt.Errorf("putting the broken quarantine %q aside: %w", m.path, err)
		}
		list = nil
	}
	if list, err = f(list); err != nil {
		return err
	}
	if err := write(m.path, list); err != nil {
		return fmt.Errorf("writing quarantine %q: %w", m.path, err)
	}
	return nil
}

// lock waits until no other process changes the list, ten seconds at most. The file is opened for reading
// only, so that root and the folder's owner can lock what the other one made.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	const pause = 10 * time.Millisecond
	for range 1000 {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// write replaces the file atomically and durably. Where root writes into a user's folder, the file becomes
// the user's.
func write(path string, list []report.Bad) error {
	data, err := json.MarshalIndent(document{format, list}, "", "\t")
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".appliance-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already where it was renamed
	defer temp.Close()
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if info, err := dir.Stat(); err != nil {
		return err
	} else if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := temp.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	if _, err := temp.Write(append(data, '\n')); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return dir.Sync()
}
