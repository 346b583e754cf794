package device

import (
	"errors"
	"fmt"
	"io/fs"

	"edge/appliance/rootfs"
)

// compareSetting compares one line of a foreign file.
func (t *task) compareSetting(c *Change, root *rootfs.Root, name string, rec *Record) error {
	i, err := root.Lstat(name)
	absent := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !absent:
		return err
	case !absent && !i.Mode.IsRegular():
		c.Action, c.record = Skip, Record{}
		c.Reason = fmt.Sprintf("it is no regular file; see to it that it says %s", c.item.Line.text())
		return nil
	}
	var data []byte
	if !absent {
		c.item.Mode, c.item.UID, c.item.GID = i.Mode.Perm(), i.UID, i.GID
		if data, err = root.Read(name, largestFile); err != nil {
			return err
		}
	}
	line, text := c.item.Line, string(data)
	if rec != nil {
		c.record = *rec
		c.record.Line = &line
	}
	switch {
	case line.holds(text):
		if rec == nil {
			c.record = Record{} // it says so by itself
		}
		return nil
	case rec != nil && t.facts.manifest.State == Complete && !rec.Line.written(text) && !t.Force:
		c.Action, c.Reason = Keep, fmt.Sprintf("it was edited and does not say %s any more; --force sets it", line.text())
		return nil
	case rec == nil:
		c.record.Old, c.record.Section, c.record.Found = line.old(text), line.makes(text), !absent
	}
	c.data = []byte(line.set(text))
	c.Action = Update
	if absent {
		c.Action = Create
	}
	c.Diff = unified(c.Path, text, string(c.data))
	return nil
}
