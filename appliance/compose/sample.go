package compose

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/rpm"
)

// The sample releases are those of the demonstration.
const (
	SampleBlueprint blueprint.Name = "demo_upgrade"
	SampleRef       object.Ref     = "rhel/9/x86_64/edge"
)

// KeySample marks a sample in the commit's metadata (b, true): it does not boot.
const KeySample = "appliance.sample"

// recipe is one sample release. Its parts name package lists (PART.txt) and file trees (PART/);
// a file of a later part replaces one of an earlier part.
type recipe struct {
	version blueprint.Version
	time    time.Time
	parts   []string
	stands  []rpm.Package // names without files, for packages that no part has
}

// recipes, oldest first. The times are fixed, so that a sample's checksum never changes.
var recipes = []recipe{
	{version: "0.0.1", time: time.Date(2023, 3, 1, 9, 0, 0, 0, time.UTC), parts: []string{"base", "git"}},
	{version: "0.0.2", time: time.Date(2023, 3, 8, 9, 0, 0, 0, time.UTC), parts: []string{"base", "zsh"}},
	{version: "0.0.3", time: time.Date(2023, 3, 15, 9, 0, 0, 0, time.UTC), parts: []string{"base", "git", "zsh"}},
}

// Sample composes releases that look like those of RHEL for Edge, within milliseconds and without
// any program: a small tree with real package lists. They cannot be booted, and say so.
type Sample struct {
	files fs.FS
}

// NewSample takes the package lists and file trees from files.
func NewSample(files fs.FS) *Sample { return &Sample{files: files} }

// IDs are the releases that Compose can make, oldest first.
func (s *Sample) IDs() []blueprint.ID {
	var ids []blueprint.ID
	for _, r := range recipes {
		ids = append(ids, blueprint.ID{Blueprint: SampleBlueprint, Version: r.version})
	}
	return ids
}

// Compose writes the edge-commit archive of a sample release to w. The same request gives the same
// bytes. The error wraps ErrUnknown for a release that is not among IDs.
func (s *Sample) Compose(ctx context.Context, r Request, w io.Writer) error {
	how, err := s.recipe(r.ID)
	if err != nil {
		return err
	}
	return s.compose(ctx, r, how, w)
}

func (s *Sample) compose(ctx context.Context, r Request, how recipe, w io.Writer) error {
	r, err := r.checked()
	if err != nil {
		return fmt.Errorf("composing sample %q: %w", r.ID, err)
	}
	packages, err := s.packages(how)
	if err != nil {
		return fmt.Errorf("composing sample %q: %w", r.ID, err)
	}
	root, err := s.tree(how, packages)
	if err != nil {
		return fmt.Errorf("composing sample %q: %w", r.ID, err)
	}
	objects := objects{}
	tree, meta, err := objects.addDirectory(root)
	if err != nil {
		return fmt.Errorf("composing sample %q: %w", r.ID, err)
	}
	commit := object.Commit{
		Metadata: metadata(how.version, r.Ref, packages),
		Parent:   r.Parent,
		Subject:  "Sample release " + r.ID.String(),
		Time:     how.time,
		Tree:     tree,
		Meta:     meta,
	}
	a := archive{ref: r.Ref, commit: objects.addMetadata(object.KindCommit, commit.Encode()), head: commit, objects: objects}
	if err := a.write(ctx, w); err != nil {
		return fmt.Errorf("composing sample %q: %w", r.ID, err)
	}
	return nil
}

// checked is r with the sample's ref where it names none.
func (r Request) checked() (Request, error) {
	if r.Ref == "" {
		r.Ref = SampleRef
	}
	if _, err := object.ParseRef(string(r.Ref)); err != nil {
		return r, err
	}
	if r.Parent == "" {
		return r, nil
	}
	_, err := object.ParseChecksum(string(r.Parent))
	return r, err
}

func (s *Sample) recipe(id blueprint.ID) (recipe, error) {
	i := slices.IndexFunc(recipes, func(r recipe) bool { return r.version == id.Version })
	if i < 0 || id.Blueprint != SampleBlueprint {
		return recipe{}, fmt.Errorf("%w: %q; there are %v", ErrUnknown, id, s.IDs())
	}
	return recipes[i], nil
}
