package registry

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	collectEvery = time.Hour
	// spared is how long content that nothing needs is kept: an image's blobs come before its manifest.
	spared = 24 * time.Hour
)

// tend collects and cancels idle uploads until ctx ends.
func (s *Store) tend(ctx context.Context) {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.clean(ctx, now.Add(-spared))
		}
	}
}

// clean removes what nobody needs and nobody touched since.
func (s *Store) clean(ctx context.Context, since time.Time) {
	for number, one := range s.sessions.idle(since) {
		s.cancel(ctx, number, one.repository)
	}
	names, err := s.repositories()
	if err != nil {
		s.log.Error("collecting unused blobs", "err", err)
	}
	for _, name := range names {
		l, err := s.find(name)
		if err != nil {
			continue
		}
		if err := l.collect(since); err != nil {
			s.log.Error("collecting unused blobs", "repository", name, "err", err)
		}
	}
}

// collect removes blobs that no manifest needs. Every manifest counts, tagged or not, because an untagged
// one is what a tag named before and may be wanted back; deleting it by its digest makes it collectable.
// olareg's own collector is not used: a manifest that it cannot open at the moment, for want of file
// descriptors say, counts as needing nothing. This one then removes nothing.
func (l *layout) collect(since time.Time) error {
	if !l.writing.TryLock() {
		return nil // the next time
	}
	defer l.writing.Unlock()
	entries, err := l.entries()
	if err != nil {
		return err
	}
	needed, err := l.reach(entries)
	if err != nil {
		return err
	}
	var faults []error
	for algorithm := range algorithms {
		folder := filepath.Join(l.dir, blobsFolder, algorithm)
		files, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		faults = append(faults, err)
		for _, f := range files {
			d, err := ParseDigest(algorithm + ":" + f.Name())
			if err != nil || needed[d] {
				continue
			}
			if info, err := f.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().Before(since) {
				faults = append(faults, os.Remove(filepath.Join(folder, f.Name())))
			}
		}
	}
	return errors.Join(faults...)
}
