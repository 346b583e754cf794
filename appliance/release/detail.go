package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"edge/appliance/blueprint"
	"edge/appliance/object"
)

// Detail is what a release's commit says by itself.
type Detail struct {
	Release  Release         `json:"release"`
	Body     string          `json:"body,omitempty"`
	Tree     object.Checksum `json:"tree"` // root dirtree
	Meta     object.Checksum `json:"meta"` // root dirmeta
	Metadata []object.Told   `json:"metadata"`
	// Documents were made with the release, such as compose.DocumentSBOM; none of an imported one.
	Documents []string `json:"documents"`
}

// Detail reads the commit of a release.
func (p *Publisher) Detail(_ context.Context, id blueprint.ID) (Detail, error) {
	s, r, err := p.find(id)
	if err != nil {
		return Detail{}, err
	}
	c, err := s.repo.Commit(r.Commit)
	if err != nil {
		return Detail{}, fmt.Errorf("reading the commit of %q: %w", id, err)
	}
	d := Detail{Release: s.complete(r, s.repo.Refs()), Body: c.Body, Tree: c.Tree, Meta: c.Meta, Metadata: c.Tell(), Documents: []string{}}
	made, err := os.ReadDir(p.documents(id))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Detail{}, fmt.Errorf("listing the documents of %q: %w", id, err)
	}
	for _, f := range made {
		d.Documents = append(d.Documents, f.Name())
	}
	return d, nil
}

// DiffFiles says by which files two releases of one blueprint differ, whether their commits list packages
// or not.
func (p *Publisher) DiffFiles(ctx context.Context, of blueprint.Name, from, to blueprint.Version) (Difference, error) {
	d := Difference{From: blueprint.ID{Blueprint: of, Version: from}, To: blueprint.ID{Blueprint: of, Version: to}, Basis: ByFiles}
	d.FromName, d.ToName = d.From.String(), d.To.String()
	_, old, err := p.find(d.From)
	if err != nil {
		return Difference{}, err
	}
	s, now, err := p.find(d.To)
	if err != nil {
		return Difference{}, err
	}
	if d.Files, err = s.repo.DiffFiles(ctx, old.Commit, now.Commit); err != nil {
		return Difference{}, fmt.Errorf("comparing %q with %q: %w", d.From, d.To, err)
	}
	return d, nil
}
