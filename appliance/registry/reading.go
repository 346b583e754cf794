package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// Repositories lists the repositories, sorted.
func (s *Store) Repositories(ctx context.Context) ([]string, error) {
	names, err := s.repositories()
	if err != nil {
		return nil, fmt.Errorf("listing repositories: %w", err)
	}
	return names, ctx.Err()
}

// repositories finds the layouts; one may lie in another's folder.
func (s *Store) repositories() ([]string, error) {
	names := []string{}
	err := filepath.WalkDir(s.o.Dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == blobsFolder || d.Name() == uploads) {
			return filepath.SkipDir
		}
		if !d.IsDir() && d.Name() == layoutFile {
			name, err := filepath.Rel(s.o.Dir, filepath.Dir(file))
			if err == nil && name != "." {
				names = append(names, filepath.ToSlash(name))
			}
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// Tags lists a repository's tags, sorted.
func (s *Store) Tags(ctx context.Context, repository string) ([]string, error) {
	l, err := s.find(repository)
	if err != nil {
		return nil, err
	}
	entries, err := l.entries()
	if err != nil {
		return nil, err
	}
	return tagsOf(entries, ""), ctx.Err()
}

// Head says what a tag or digest names.
func (s *Store) Head(ctx context.Context, repository, reference string) (Manifest, error) {
	_, m, err := s.fetch(ctx, http.MethodHead, repository, reference)
	return m, err
}

// Get reads what a tag or digest names.
func (s *Store) Get(ctx context.Context, repository, reference string) (Manifest, error) {
	answer, m, err := s.fetch(ctx, http.MethodGet, repository, reference)
	if err != nil {
		return m, err
	}
	m.Raw, m.Size = answer.body.Bytes(), int64(answer.body.Len())
	if len(m.Raw) > MaxManifest {
		return m, fmt.Errorf("reading %s: %w: it has more than %d bytes", joined(repository, reference), ErrManifest, MaxManifest)
	}
	if !m.Digest.matches(m.Raw) {
		return m, fmt.Errorf("reading %s: %w: it has other content than %s; push it again", joined(repository, reference), ErrManifest, m.Digest)
	}
	return m, nil
}

func (s *Store) fetch(ctx context.Context, method, repository, reference string) (*kept, Manifest, error) {
	var m Manifest
	to, err := parsePath("/v2/" + repository + "/manifests/" + reference)
	if err == nil && (to.repository != repository || to.reference != reference) {
		err = fmt.Errorf("parsing %s: %w", joined(repository, reference), ErrInvalidName)
	}
	if err != nil {
		return nil, m, err
	}
	if _, err := s.find(repository); err != nil {
		return nil, m, err
	}
	answer := s.call(ctx, method, path.Join(repository, "manifests", reference), "", nil, nil)
	if answer.status == http.StatusNotFound {
		return nil, m, fmt.Errorf("%s is %w", joined(repository, reference), ErrUnknown)
	}
	if err := answer.fault(); err != nil {
		return nil, m, fmt.Errorf("reading %s: %w", joined(repository, reference), err)
	}
	m.MediaType = answer.header.Get("Content-Type")
	m.Size, _ = strconv.ParseInt(answer.header.Get("Content-Length"), 10, 64)
	m.Digest, err = ParseDigest(answer.header.Get("Docker-Content-Digest"))
	return answer, m, err
}

// joined is a reference as people write it, quoted.
func joined(repository, reference string) string {
	separator := ":"
	if _, err := ParseDigest(reference); err == nil {
		separator = "@"
	}
	return strconv.Quote(clip(repository + separator + reference))
}

// Blob reads a small blob (an image configuration), at most limit bytes.
func (s *Store) Blob(ctx context.Context, repository string, d Digest, limit int64) ([]byte, error) {
	if _, err := ParseDigest(string(d)); err != nil {
		return nil, err
	}
	l, err := s.find(repository)
	if err != nil {
		return nil, err
	}
	data, err := l.readBlob(d, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is %w", joined(repository, string(d)), ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a blob of repository %q: %w", repository, err)
	}
	return data, ctx.Err()
}

// Size is what the store holds on disk, in bytes.
func (s *Store) Size() (int64, error) {
	var total int64
	err := filepath.WalkDir(s.o.Dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != goodFile {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				total += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the registry: %w", err)
	}
	return total, nil
}
