package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"syscall"
)

// Put makes tag name m, the very same bytes. It writes nothing where tag names m already.
func (s *Store) Put(ctx context.Context, repository, tag string, m Manifest, expect *Digest) error {
	if _, err := ParseTag(tag); err != nil {
		return err
	}
	if err := m.verify(); err != nil {
		return fmt.Errorf("putting %s: %w", joined(repository, tag), err)
	}
	_, err := s.write(ctx, writing{
		repository: repository, reference: tag, tags: []string{tag}, manifest: m,
		query: url.Values{"digest": {string(m.Digest)}}.Encode(), condition: expecting(expect),
	})
	if err != nil {
		return fmt.Errorf("putting %s: %w", joined(repository, tag), err)
	}
	return nil
}

// Load stores an image built in this process: blobs and manifests, then the tag, unless it is there.
// It reports whether it wrote the tag. Where the tag is there, whatever it names, nothing is stored.
func (s *Store) Load(ctx context.Context, repository, tag string, m Manifest, blobs map[Digest][]byte, children []Manifest) (bool, error) {
	if _, err := ParseTag(tag); err != nil {
		return false, err
	}
	l, err := s.claim(repository)
	if err != nil {
		return false, err
	}
	if entries, err := l.entries(); err == nil && named(entries, tag) != "" {
		return false, nil
	} else if err != nil && !errors.Is(err, ErrUnknown) {
		return false, err
	}
	for d, data := range blobs {
		if err := s.putBlob(ctx, repository, d, data); err != nil {
			return false, fmt.Errorf("loading %s: blob %q: %w", joined(repository, tag), d, err)
		}
	}
	for _, child := range children {
		if err := s.putChild(ctx, repository, child); err != nil {
			return false, fmt.Errorf("loading %s: manifest %q: %w", joined(repository, tag), child.Digest, err)
		}
	}
	none := Digest("")
	err = s.Put(ctx, repository, tag, m, &none)
	if errors.Is(err, ErrPrecondition) {
		return false, nil // somebody else was first
	}
	return err == nil, err
}

func (s *Store) putBlob(ctx context.Context, repository string, d Digest, data []byte) error {
	if _, err := ParseDigest(string(d)); err != nil {
		return err
	}
	if !d.matches(data) {
		return fmt.Errorf("%w: it has other content than its digest says", ErrManifest)
	}
	err := s.call(ctx, http.MethodPost, repository+"/blobs/uploads/", url.Values{"digest": {string(d)}}.Encode(), nil, data).fault()
	if err != nil && s.lacks(len(data)) {
		return fmt.Errorf("%w (%w)", syscall.ENOSPC, err) // olareg tells only that something failed
	}
	return err
}

// lacks reports whether the disk has no room for n bytes more.
func (s *Store) lacks(n int) bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(s.o.Dir, &fs) == nil && int64(fs.Bavail)*fs.Bsize < int64(n)
}

func (s *Store) putChild(ctx context.Context, repository string, m Manifest) error {
	if err := m.verify(); err != nil {
		return err
	}
	_, err := s.write(ctx, writing{
		repository: repository, reference: string(m.Digest), manifest: m, forced: true, condition: expecting(nil),
	})
	return err
}

// verify refuses a manifest that is not what it says.
func (m Manifest) verify() error {
	if _, err := ParseDigest(string(m.Digest)); err != nil {
		return err
	}
	if !m.Digest.matches(m.Raw) {
		return fmt.Errorf("%w: it has other content than %s", ErrManifest, m.Digest)
	}
	return nil
}
