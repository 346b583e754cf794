package release

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// ImportOptions: zero values take the source's ref and the commit as it is.
type ImportOptions struct {
	Ref    object.Ref
	Stamp  bool // put the release's version into the commit
	Origin string
	Sample bool
}

// Import stores an edge-commit archive as release id, staged. It returns when the release is
// durable: a process that is killed later does not lose it, and one that is killed before leaves
// nothing that anybody sees. A version that exists is ErrExists; one that is being imported by
// somebody else at the moment is ErrBusy.
func (p *Publisher) Import(ctx context.Context, id blueprint.ID, archive io.Reader, o ImportOptions) (Release, error) {
	if o.Origin == "" {
		o.Origin = "archive"
	}
	return p.bring(ctx, id, o, func(repo *ostree.Repo, how ostree.ImportOptions) (ostree.Imported, error) {
		return repo.ImportTar(ctx, archive, how)
	})
}

// Pull does the same from a repository: an http(s) or file URL. Any other is ErrSource.
func (p *Publisher) Pull(ctx context.Context, id blueprint.ID, from string, o ImportOptions) (Release, error) {
	u, err := url.Parse(from)
	if err != nil {
		return Release{}, fmt.Errorf("importing %q: %w: it cannot be read as a URL", id, ErrSource) // err quotes it, password and all
	}
	local := u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") && filepath.IsAbs(u.Path)
	if !local && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return Release{}, fmt.Errorf("importing %q: %w: %q; give https://HOST/PATH, http://HOST/PATH or file:///PATH", id, ErrSource, u.Redacted())
	}
	if o.Origin == "" {
		shown := *u
		shown.User, shown.RawQuery, shown.Fragment = nil, "", "" // where secrets travel
		o.Origin = shown.String()
	}
	return p.bring(ctx, id, o, func(repo *ostree.Repo, how ostree.ImportOptions) (ostree.Imported, error) {
		if local {
			return repo.ImportDir(ctx, u.Path, how)
		}
		return repo.Pull(ctx, from, how)
	})
}

// Adopt does the same with a folder that was made for it: an archive unpacked, whose files nobody will write to again. They
// are linked where that can be, and stay as they are.
func (p *Publisher) Adopt(ctx context.Context, id blueprint.ID, dir string, o ImportOptions) (Release, error) {
	return p.bring(ctx, id, o, func(repo *ostree.Repo, how ostree.ImportOptions) (ostree.Imported, error) {
		how.Link = true
		return repo.ImportDir(ctx, dir, how)
	})
}

// bring is what every import does around the transport.
func (p *Publisher) bring(ctx context.Context, id blueprint.ID, o ImportOptions, transport func(*ostree.Repo, ostree.ImportOptions) (ostree.Imported, error)) (Release, error) {
	s, err := p.begin(id)
	if err != nil {
		return Release{}, err
	}
	defer p.end(s, id)
	how := ostree.ImportOptions{Ref: o.Ref, Hold: hold(id.Version), Report: p.progress("release.importing", id.String())}
	if o.Stamp {
		how.Stamp = string(id.Version)
	}
	imported, err := transport(s.repo, how)
	if err != nil {
		return Release{}, fmt.Errorf("importing %q: %w", id, err)
	}
	r := Release{
		Blueprint: id.Blueprint, Version: id.Version, Ref: imported.Ref,
		Commit: imported.Commit, Source: imported.Source, Added: p.now(), Origin: o.Origin, Sample: o.Sample,
		Objects: imported.Objects, Size: imported.Size, New: imported.New,
	}
	if r.Ref == "" {
		r.Ref, _ = s.current(s.repo.Refs())
	}
	if err := p.admit(ctx, s, &r); err != nil {
		return Release{}, fmt.Errorf("importing %q: %w", id, err)
	}
	err = p.tell(ctx, "release.imported", id.String(), "commit %s, %d objects of which %d are new", r.Commit, r.Objects, r.New)
	return s.complete(r, s.repo.Refs()), err
}

// admit records an imported release. Without its record it must not stay: nobody was told of it.
func (p *Publisher) admit(ctx context.Context, s *shelf, r *Release) error {
	*r = s.describe(*r)
	if s.seen(r.Commit) {
		r.PublishedAt = &r.Added // it is or was another release, too
	}
	if err := s.save(*r); err != nil {
		if dropping := s.drop(hold(r.Version)); dropping != nil {
			err = fmt.Errorf("%w; and %w", err, dropping)
		}
		return err
	}
	s.measure.forget()
	return nil
}

// begin reserves id and finds or makes its shelf.
func (p *Publisher) begin(id blueprint.ID) (*shelf, error) {
	if _, err := blueprint.ParseID(id.String()); err != nil {
		return nil, fmt.Errorf("importing %q: %w", id, err) // id becomes a file name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, busy := p.importing[id]; busy {
		return nil, fmt.Errorf("importing %q: %w: another import of it is under way", id, ErrBusy)
	}
	s := p.shelves[id.Blueprint]
	if s == nil {
		dir := filepath.Join(p.o.Data, "ostree", string(id.Blueprint))
		_, missing := os.Lstat(dir)
		var err error
		if s, err = p.openShelf(id.Blueprint); err != nil {
			return nil, fmt.Errorf("importing %q: %w", id, err)
		}
		s.made = os.IsNotExist(missing)
		p.shelves[id.Blueprint] = s
	}
	if _, err := s.record(id); err == nil {
		return nil, fmt.Errorf("importing %q: %w; take the next version, or delete it first", id, ErrExists)
	}
	p.importing[id] = struct{}{}
	s.imports++
	return s, nil
}

// end gives id back. The last failed import into a repository that was made for it removes it.
func (p *Publisher) end(s *shelf, id blueprint.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.importing, id)
	s.imports--
	if s.imports > 0 || !s.made {
		return
	}
	if !s.empty() {
		s.made = false // it has become somebody's
		return
	}
	delete(p.shelves, s.name)
	os.RemoveAll(s.repo.Dir())
}
