package device

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"edge/appliance/rootfs"
)

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// sumOf is the sum of a regular file.
func sumOf(root *rootfs.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return sumFile(f)
}

func sumFile(f *os.File) (string, error) {
	h := sha256.New()
	// In large pieces: what is summed this way is the program.
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return "", fmt.Errorf("reading %q: %w", f.Name(), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (t *task) compareFile(c *Change, root *rootfs.Root, name string, rec *Record) error {
	i, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Action = Create
		c.Diff = t.diff(c, nil)
		return nil
	case err != nil:
		return err
	case i.Mode.IsDir():
		return fmt.Errorf("writing %q: %w: a folder; move it away", c.Path, rootfs.ErrKind)
	}
	var data []byte
	if i.Mode.IsRegular() {
		if data, err = root.Read(name, largestFile); errors.Is(err, rootfs.ErrTooLarge) {
			err = nil // far from anything of ours, whatever it begins with
		}
		if err != nil {
			return err
		}
	}
	had := sum(data)
	ours := rec != nil && !rec.Found && !rec.Saved.is(content(i, had))
	if ours {
		c.record.Saved = rec.Saved
	}
	switch {
	case i.Mode.IsRegular() && (had == c.record.Sum || c.item.same != nil && c.item.same(data)):
		c.record.Found = rec == nil || rec.Found
		if !root.Fits(i, c.record.attr()) {
			c.Action, c.Reason = Update, attributes(i, c.item)
		}
		return nil
	case i.Mode.IsRegular() && ours && (had == rec.Sum || had == rec.Was):
		c.Action, c.record.Was = Update, had
	case i.Mode.Type() == fs.ModeSymlink && ours && (i.Target == rec.Was || i.Target == rec.Target):
		c.Action, c.record.Was = Update, i.Target
	default:
		if err := t.edited(c, root, name, ours, content(i, had)); err != nil {
			return err
		}
	}
	c.Diff = t.diff(c, data)
	return nil
}

// edited decides about a file that somebody else wrote or changed.
func (t *task) edited(c *Change, root *rootfs.Root, name string, ours bool, content string) error {
	what := "somebody else wrote it"
	if ours {
		what = "it was edited"
	}
	// The profile is what was asked for just now, and checks and probes go by it: an older one beside units of
	// the new one would judge apps that are not there. And where an installer has written the remote that
	// the profile is about, perhaps as one whose signatures nobody verifies, the profile's is meant.
	insist := c.item.Stage == StageProfile || !ours && strings.HasPrefix(c.Path, "/etc/ostree/remotes.d/")
	if t.Force || insist {
		return t.replace(c, root, name, what, ours, content)
	}
	c.record.Found = !ours
	beside := c.record.attr()
	beside.Mode &^= 0o111
	written, err := root.Holds(name+suffixNew, c.item.Content, beside)
	switch {
	case err != nil:
		return err
	case written:
		c.Action, c.Reason = Keep, what+"; ours is beside it as "+suffixNew[1:]
	default:
		c.Action, c.Reason = Beside, what
	}
	return nil
}

// replace plans to take the place of something, which is saved. What is foreign gets its place back in the end.
func (t *task) replace(c *Change, root *rootfs.Root, name, why string, ours bool, content string) error {
	i, err := root.Lstat(name)
	if err != nil {
		return err
	}
	c.Action, c.Reason = Replace, why+"; it is saved as "+suffixSave[1:]
	if !ours {
		c.record.Saved = &Saved{Mode: octal(i.Mode), Content: content}
	}
	return nil
}

// content is what tells a file or a link from others: its sum or its target.
func content(i rootfs.Info, sum string) string {
	if i.Target != "" {
		return i.Target
	}
	return sum
}

// diff shows what a change does to a text, unless only some may read it: secrets never reach a terminal.
func (t *task) diff(c *Change, old []byte) string {
	if c.item.Mode&0o004 == 0 {
		return "(not shown: only root and the user may read it)\n"
	}
	return unified(c.Path, string(old), string(c.item.Content))
}
