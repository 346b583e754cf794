package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Names inside an OCI image layout, and two of our own beside them, which no repository can be called.
// Source: OCI Image Layout Specification 1.1.
const (
	indexFile   = "index.json"
	layoutFile  = "oci-layout"
	blobsFolder = "blobs"
	uploads     = "_uploads"
	goodFile    = "_index.json" // a hard link to the last index.json that is known to be durable

	layoutContent = `{"imageLayoutVersion":"1.0.0"}`
	tagAnnotation = "org.opencontainers.image.ref.name"
)

// descriptor names content, as index.json and manifests do.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      Digest            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations"`
}

func (d descriptor) tag() string { return d.Annotations[tagAnnotation] }

// layout is one repository: an OCI image layout in a folder.
type layout struct {
	name string
	dir  string

	// writing is held by whoever changes what tags name, from the precondition until all is durable,
	// and by the collector.
	writing sync.Mutex

	mu    sync.Mutex
	stamp fs.FileInfo // of the index.json that entries come from
	read  []descriptor
}

// entries reads index.json, which is replaced whole by a rename. The answer must not be changed.
func (l *layout) entries() ([]descriptor, error) {
	f, err := os.Open(filepath.Join(l.dir, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("repository %q is %w", l.name, ErrUnknown)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stamp != nil && os.SameFile(l.stamp, info) && l.stamp.ModTime().Equal(info.ModTime()) && l.stamp.Size() == info.Size() {
		return l.read, nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	read, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", f.Name(), err)
	}
	l.stamp, l.read = info, read
	return read, nil
}

// parseIndex reads index.json and refuses digests that could lead out of the folder.
func parseIndex(data []byte) ([]descriptor, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	for _, d := range index.Manifests {
		if _, err := ParseDigest(string(d.Digest)); err != nil {
			return nil, err
		}
	}
	return index.Manifests, nil
}

// named is the digest that tag names, or "".
func named(entries []descriptor, tag string) Digest {
	for _, d := range entries {
		if d.tag() == tag {
			return d.Digest
		}
	}
	return ""
}

func holds(entries []descriptor, digest Digest) bool {
	return slices.ContainsFunc(entries, func(d descriptor) bool { return d.Digest == digest })
}

// tagsOf lists the tags that name digest, or all tags where digest is "", sorted.
func tagsOf(entries []descriptor, digest Digest) []string {
	tags := []string{}
	for _, d := range entries {
		if tag := d.tag(); tag != "" && (digest == "" || d.Digest == digest) {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func (l *layout) exists() bool {
	_, err := os.Stat(filepath.Join(l.dir, indexFile))
	return err == nil
}

// blob is the file of d, which ParseDigest has seen.
func (l *layout) blob(d Digest) string {
	algorithm, digits := d.split()
	return filepath.Join(l.dir, blobsFolder, algorithm, digits)
}

// touch makes the collector wait for d's sake, because somebody is being told that it is here, and
// reports whether it is.
func (l *layout) touch(d Digest) bool {
	now := time.Now()
	return os.Chtimes(l.blob(d), now, now) == nil
}

// find is the repository of a name for reading, ErrUnknown where there is none. Names that do not
// exist are not remembered, because any stranger may ask for them.
func (s *Store) find(name string) (*layout, error) { return s.layout(name, false) }

// claim is the repository of a name for writing, whether it exists already or not.
func (s *Store) claim(name string) (*layout, error) { return s.layout(name, true) }

func (s *Store) layout(name string, create bool) (*layout, error) {
	if err := checkFolders(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.layouts[name]
	if l == nil {
		l = &layout{name: name, dir: filepath.Join(s.o.Dir, filepath.FromSlash(name))}
	}
	if !create && !l.exists() {
		return nil, fmt.Errorf("repository %q is %w", name, ErrUnknown)
	}
	s.layouts[name] = l
	return l, nil
}

// checkFolders refuses repositories whose folders would be in the way of another's files.
func checkFolders(name string) error {
	if _, err := ParseRepository(name); err != nil {
		return err
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == blobsFolder || part == layoutFile || strings.HasPrefix(part, indexFile) {
			return fmt.Errorf("parsing repository %q: %w: %q is a name that the store needs itself", name, ErrInvalidName, part)
		}
	}
	return nil
}
