package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/event"
	"edge/appliance/job"
	"edge/appliance/object"
)

// Causes of composing.
var (
	ErrBackend   = errors.New("no such backend")
	ErrNoSource  = errors.New("no such blueprint version") // that could be composed
	ErrComposing = errors.New("release is being composed already")
)

// Importing is the state of a job whose archive is being taken in.
const Importing job.State = "importing"

// kindCompose is the kind of jobs that Composing does.
const kindCompose = "compose"

// Composer makes the commit of a blueprint's version; *compose.Sample is one.
type Composer interface {
	Make(context.Context, compose.Order) (compose.Composed, error)
}

// Blueprints gives what is to be composed. An unknown one is ErrNoSource.
type Blueprints interface {
	Source(context.Context, blueprint.ID) ([]byte, error) // TOML
	Latest(context.Context, blueprint.Name) (blueprint.Version, error)
}

// ComposeOptions: zero values take what the configuration says.
type ComposeOptions struct {
	Backend string     `json:"backend,omitempty"`
	Distro  string     `json:"distro,omitempty"` // "": that of the configuration, or of the host
	Ref     object.Ref `json:"ref,omitempty"`
	// Parent is the commit to follow: "" for the newest release of the same ref, NoParent for none.
	Parent object.Checksum `json:"parent,omitempty"`
}

// NoParent as ComposeOptions.Parent makes a commit that follows none.
const NoParent object.Checksum = "none"

// ComposingOptions of OpenComposing.
type ComposingOptions struct {
	Publisher  *Publisher
	Dir        string // of the jobs
	Events     *event.Log
	Backends   map[string]Composer
	Backend    string // the one that is taken where none is named
	Blueprints Blueprints
	Distro     string
	Ref        object.Ref
}

// Composing makes releases of blueprints, one after another: compose, import, staged. Its jobs survive the
// process.
type Composing struct {
	*job.Queue
	o ComposingOptions
}

// OpenComposing finds the jobs that an earlier process left.
func OpenComposing(o ComposingOptions) (*Composing, error) {
	c := &Composing{o: o}
	var err error
	c.Queue, err = job.Open(job.Options{Dir: o.Dir, Work: c.work, Events: o.Events})
	return c, err
}

// Backends are the names that ComposeOptions.Backend may have.
func (c *Composing) Backends() []string { return slices.Sorted(maps.Keys(c.o.Backends)) }

// Latest is the newest version of a blueprint.
func (c *Composing) Latest(ctx context.Context, name blueprint.Name) (blueprint.Version, error) {
	return c.o.Blueprints.Latest(ctx, name)
}

// Compose queues the making of a release and returns at once. A release that exists is ErrExists, one that
// is being made is ErrComposing.
func (c *Composing) Compose(ctx context.Context, id blueprint.ID, o ComposeOptions) (job.Job, error) {
	if o.Backend == "" {
		o.Backend = c.o.Backend
	}
	if c.o.Backends[o.Backend] == nil {
		return job.Job{}, fmt.Errorf("composing %q: %w: %q; there are %s", id, ErrBackend, o.Backend, strings.Join(c.Backends(), ", "))
	}
	if _, err := c.o.Blueprints.Source(ctx, id); err != nil {
		return job.Job{}, fmt.Errorf("composing %q: %w", id, err)
	}
	if o.Ref == "" {
		o.Ref = c.o.Ref
	}
	if o.Distro == "" {
		o.Distro = c.o.Distro
	}
	if _, err := c.o.Publisher.Get(ctx, id); err == nil {
		return job.Job{}, fmt.Errorf("composing %q: %w; raise the blueprint's version, or delete the release first", id, ErrExists)
	}
	return c.Add(ctx, kindCompose, id.String(), o, func(waiting []job.Job) error {
		for _, j := range waiting {
			if j.Subject == id.String() {
				return fmt.Errorf("composing %q: %w: job %s is %s", id, ErrComposing, j.ID, j.State)
			}
		}
		return nil
	})
}

// work does one job.
func (c *Composing) work(ctx context.Context, run *job.Run) (any, error) {
	id, err := blueprint.ParseID(run.Job.Subject)
	if err != nil {
		return nil, err
	}
	var o ComposeOptions
	if err := json.Unmarshal(run.Job.Request, &o); err != nil {
		return nil, fmt.Errorf("reading the request of job %s: %w", run.Job.ID, err)
	}
	if r, err := c.o.Publisher.Get(ctx, id); err == nil && run.Resumed {
		return r, nil // the process ended between the import and the record of it
	}
	composer := c.o.Backends[o.Backend]
	if composer == nil {
		return nil, fmt.Errorf("composing %q: %w: %q", id, ErrBackend, o.Backend)
	}
	order, err := c.order(ctx, run, id, o)
	if err != nil {
		return nil, err
	}
	made, err := composer.Make(ctx, order)
	if err != nil {
		return nil, err
	}
	return c.take(ctx, run, id, order, made)
}

// order fills in what is known only when a job's turn comes: what was imported before it.
func (c *Composing) order(ctx context.Context, run *job.Run, id blueprint.ID, o ComposeOptions) (compose.Order, error) {
	source, err := c.o.Blueprints.Source(ctx, id)
	if err != nil {
		return compose.Order{}, fmt.Errorf("composing %q: %w", id, err)
	}
	order := compose.Order{
		Request: compose.Request{ID: id, Ref: o.Ref}, Blueprint: source, Distro: o.Distro,
		Dir: run.Scratch, Resumed: run.Resumed, Log: run.Log, Report: reporter(ctx, run),
		Cancelled: func() bool { return errors.Is(context.Cause(ctx), job.ErrCancelled) },
	}
	if o.Parent != NoParent {
		order.Parent, order.Repository = c.parent(ctx, id, o)
	}
	return order, nil
}

// reporter tells a job what its backend does.
func reporter(ctx context.Context, run *job.Run) func(compose.Progress) {
	var phase compose.Phase
	progress := run.Progress()
	return func(p compose.Progress) {
		if p.Phase != phase {
			phase = p.Phase
			// A state that cannot be recorded is no reason to end a build; its end is recorded again.
			_ = run.Phase(ctx, job.State(p.Phase))
		}
		progress(p.Stage, p.Done, p.Total)
	}
}

// parent is the commit that a release follows, so that system users keep their numbers: that of the newest
// version below it, or else of the newest there is.
func (c *Composing) parent(ctx context.Context, id blueprint.ID, o ComposeOptions) (object.Checksum, string) {
	repo, err := c.o.Publisher.Repository(id.Blueprint)
	if err != nil {
		return "", "" // the first release of its name
	}
	if o.Parent != "" {
		return o.Parent, repo.Dir()
	}
	all, err := c.o.Publisher.List(ctx, id.Blueprint)
	if err != nil {
		return "", ""
	}
	var parent object.Checksum
	for _, r := range all { // newest first
		if o.Ref != "" && r.Ref != o.Ref {
			continue
		}
		if parent == "" || r.Version.Compare(id.Version) < 0 {
			parent = r.Commit
		}
		if r.Version.Compare(id.Version) < 0 {
			break
		}
	}
	if parent == "" {
		return "", ""
	}
	return parent, repo.Dir()
}

// take imports what was made, as it was made.
func (c *Composing) take(ctx context.Context, run *job.Run, id blueprint.ID, order compose.Order, made compose.Composed) (r Release, err error) {
	if made.Archive != nil {
		defer func() { _ = made.Archive.Close() }()
	}
	if err := run.Phase(ctx, Importing); err != nil {
		return Release{}, err
	}
	how := ImportOptions{Stamp: made.Stamp, Origin: made.Origin, Sample: made.Sample}
	if made.Unpacked != "" {
		r, err = c.o.Publisher.Adopt(ctx, id, made.Unpacked, how)
	} else {
		reading := &failing{r: made.Archive}
		r, err = c.o.Publisher.Import(ctx, id, reading, how)
		if reading.err != nil {
			err = reading.err // why the archive ended, which the import only saw end
		}
	}
	if err != nil {
		return Release{}, err
	}
	if made.Documents == nil {
		made.Documents = map[string][]byte{}
	}
	made.Documents[compose.DocumentBlueprint] = order.Blueprint
	if err := writeDocuments(c.o.Publisher.documents(id), made.Documents); err != nil {
		fmt.Fprintf(run.Log, "the release is there, but not its documents: %v\n", err)
	}
	fmt.Fprintf(run.Log, "imported %s as commit %s: %s\n", id, r.Commit, r.State)
	return r, nil
}

// failing remembers why a reader ended before its end.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && f.err == nil {
		f.err = err
	}
	return n, err
}
