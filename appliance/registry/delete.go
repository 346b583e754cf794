package registry

import (
	"context"
	"net/http"
	"path"
)

// remove deletes a tag, or a manifest with every tag that names it, and returns olareg's answer.
func (s *Store) remove(ctx context.Context, repository, reference string, met condition) (*kept, error) {
	l, err := s.find(repository)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	l.writing.Lock()
	defer l.writing.Unlock()
	entries, err := l.entries()
	if err != nil {
		return nil, err
	}
	moves := leaving(entries, reference)
	if err := s.mayLeave(ctx, l, entries, reference, moves, met); err != nil {
		return nil, err
	}
	answer := s.call(ctx, http.MethodDelete, path.Join(repository, "manifests", reference), "", nil, nil)
	if answer.status != http.StatusAccepted {
		if answer.status >= http.StatusInternalServerError {
			l.forget()
		}
		return answer, s.afterwards(ctx, l, moves, answer.fault())
	}
	if err := l.settle(); err != nil {
		return nil, s.afterwards(ctx, l, moves, err)
	}
	s.moved(ctx, l, moves)
	return answer, nil
}

// mayLeave refuses to delete what the client did not mean, an immutable tag, and what a tag needs.
func (s *Store) mayLeave(ctx context.Context, l *layout, entries []descriptor, reference string, moves []move, met condition) error {
	digest, notDigest := ParseDigest(reference)
	now := Digest("")
	if len(moves) > 0 {
		now = moves[0].before
	} else if holds(entries, digest) {
		now = digest
	}
	if err := met(reference, now); err != nil {
		return err
	}
	for _, m := range moves {
		if s.Immutable(m.tag) {
			err := refusing(http.StatusConflict, "DENIED", ErrImmutable, "tag %s is immutable and names %s: it is not deleted", m.tag, m.before)
			s.refused(ctx, l, m, err)
			return err
		}
	}
	if notDigest != nil {
		return nil
	}
	return l.expendable(entries, digest, true)
}

// leaving are the tags that go when reference does.
func leaving(entries []descriptor, reference string) []move {
	if digest, err := ParseDigest(reference); err == nil {
		var moves []move
		for _, tag := range tagsOf(entries, digest) {
			moves = append(moves, move{tag: tag, before: digest})
		}
		return moves
	}
	if now := named(entries, reference); now != "" {
		return []move{{tag: reference, before: now}}
	}
	return nil
}

// expendable refuses to delete what an image needs: of a manifest those that have a tag count, of a blob
// all of them.
func (l *layout) expendable(entries []descriptor, digest Digest, manifest bool) error {
	for _, d := range entries {
		if manifest && (d.tag() == "" || d.Digest == digest) {
			continue
		}
		needed, err := l.reach([]descriptor{d})
		if err != nil {
			return err
		}
		if needed[digest] {
			by := d.tag()
			if by == "" {
				by = string(d.Digest)
			}
			return refusing(http.StatusConflict, "DENIED", nil, "%s is a part of %s, which must be deleted first", digest, by)
		}
	}
	return nil
}

// removeBlob deletes a blob that no manifest needs.
func (s *Store) removeBlob(ctx context.Context, repository string, digest Digest) (*kept, error) {
	l, err := s.find(repository)
	if err != nil {
		return nil, err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	entries, err := l.entries()
	if err != nil {
		return nil, err
	}
	if err := l.expendable(entries, digest, false); err != nil {
		return nil, err
	}
	return s.call(ctx, http.MethodDelete, path.Join(repository, "blobs", string(digest)), "", nil, nil), nil
}
