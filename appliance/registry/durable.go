package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Durability: olareg writes index.json by rename and syncs nothing. So before a manifest is handed to it,
// what the manifest names is synced; afterwards the manifest and index.json are, and then index.json gets a
// second name. A power cut can leave an index.json that is empty or names a manifest that is not there:
// Open then goes back to the second name, which always leads to durable content. What was acknowledged is
// never in such a window.

// syncNeeds makes durable what a new manifest names.
func (l *layout) syncNeeds(needs []descriptor) error {
	folders := map[string]bool{}
	for _, d := range needs {
		if _, err := ParseDigest(string(d.Digest)); err != nil {
			continue // olareg refuses it
		}
		file := l.blob(d.Digest)
		err := syncPath(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a foreign layer, or olareg refuses it
		}
		if err != nil {
			return err
		}
		folders[filepath.Dir(file)] = true
		folders[filepath.Join(l.dir, blobsFolder)] = true // where an algorithm's folder may be new
	}
	for folder := range folders {
		if err := syncPath(folder); err != nil {
			return err
		}
	}
	return nil
}

// settle makes index.json durable, and the manifests in it that are new, and gives it its second name.
// The caller holds l.writing.
func (l *layout) settle(added ...Digest) error {
	for _, d := range added {
		file := l.blob(d)
		if err := errors.Join(syncPath(file), syncPath(filepath.Dir(file)), syncPath(filepath.Join(l.dir, blobsFolder))); err != nil {
			return err
		}
	}
	index, good := filepath.Join(l.dir, indexFile), filepath.Join(l.dir, goodFile)
	if err := syncPath(index); err != nil {
		return err
	}
	_, err := os.Stat(good)
	if first := errors.Is(err, fs.ErrNotExist); first {
		err = l.syncFolders()
	} else if err == nil {
		err = syncPath(l.dir)
	}
	if err != nil {
		return err
	}
	return link(index, good)
}

// syncFolders makes the folders of a new repository durable, from its own up to that of the store.
func (l *layout) syncFolders() error {
	if err := syncPath(filepath.Join(l.dir, layoutFile)); err != nil {
		return err
	}
	at := l.dir
	for range 2 + strings.Count(l.name, "/") {
		if err := syncPath(at); err != nil {
			return err
		}
		at = filepath.Dir(at)
	}
	return syncPath(filepath.Join(l.dir, blobsFolder))
}

// link gives file a further name, replacing what had it.
func link(file, name string) error {
	temp := name + ".new"
	_ = os.Remove(temp) // of a killed process
	if err := os.Link(file, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		return err
	}
	_ = os.Remove(temp) // a rename to the same file does nothing
	return nil
}

// syncPath makes a file's content, or a folder's entries, durable.
func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// forget makes olareg read index.json again: after a failed write it knows tags that the file does not
// have. It looks at the file's time once a second.
func (l *layout) forget() {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(l.dir, indexFile), now, now) // not there: olareg will not read it either
	time.Sleep(rereadAfter)
}

// rereadAfter is a little more than olareg's interval of looking at index.json.
const rereadAfter = 1100 * time.Millisecond
