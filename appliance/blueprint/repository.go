package blueprint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"edge/appliance/event"
)

// Causes.
var (
	ErrUnknown      = errors.New("no such blueprint or version")
	ErrPrecondition = errors.New("another version is the newest")

	errRewritten = errors.New("history would be rewritten; get the newest first: git pull --rebase")
)

// Diary takes what happened; *event.Log is one.
type Diary interface {
	Record(context.Context, event.Event) error
}

// Options of Open. Dir is needed.
type Options struct {
	Dir    string // of the bare repository
	Events Diary  // nil: nobody is told
	// Check tells whether a blueprint can be composed; nil: everything that is read can.
	Check func(context.Context, Document) error
	Now   func() time.Time // nil: time.Now
}

// Repository holds blueprints. It is safe for concurrent use, and the only one that writes its folder.
type Repository struct {
	o     Options
	store store
	turn  chan struct{} // holds one for who changes something

	mu    sync.RWMutex
	index *index
}

// Open reads the repository, or makes an empty one.
func Open(ctx context.Context, o Options) (*Repository, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s, refs, err := openStore(o.Dir)
	if err != nil {
		return nil, err
	}
	r := &Repository{o: o, store: s, turn: make(chan struct{}, 1), index: &index{entries: map[string]plumbing.Hash{}, changes: map[Name][]Change{}}}
	if tip := refs[branch]; !tip.IsZero() {
		commits, _, err := reader(s.get).line(plumbing.ZeroHash, tip, 1<<20)
		for i := 0; err == nil && i < len(commits); i++ {
			if err = ctx.Err(); err == nil {
				r.index, _, err = r.index.with(s.get, commits[i], remembered)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("reading the history of blueprints: %w", err)
		}
	}
	if wanted := r.index.refs(); !maps.Equal(refs, wanted) {
		maps.Copy(refs, wanted) // what another program added stays
		if err := s.setRefs(refs); err != nil {
			return nil, fmt.Errorf("writing the tags of blueprints: %w", err)
		}
	}
	return r, nil
}

func (r *Repository) now() *index {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.index
}

// take waits for the turn to change something and returns the function that gives it back.
func (r *Repository) take(ctx context.Context) (leave func(), err error) {
	select {
	case r.turn <- struct{}{}:
		return func() { <-r.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another change of blueprints: %w", context.Cause(ctx))
	}
}

// publish makes objects durable, then next the present state in one moment, and tells of it.
func (r *Repository) publish(ctx context.Context, next *index, objects []content, changes []Change) error {
	if err := r.store.write(ctx, objects); err != nil {
		return err
	}
	refs, err := r.store.refs()
	if err != nil {
		return fmt.Errorf("reading references: %w", err)
	}
	maps.Copy(refs, next.refs())
	if err := r.store.setRefs(refs); err != nil {
		return fmt.Errorf("pointing %s to %s: %w", branch, next.tip, err)
	}
	r.mu.Lock()
	r.index = next
	r.mu.Unlock()
	for _, c := range changes {
		err = errors.Join(err, r.tell(ctx, event.Event{Kind: "blueprint." + c.Kind, Subject: c.ID().String(), Message: c.Subject}))
	}
	return err
}

func (r *Repository) tell(ctx context.Context, e event.Event) error {
	if r.o.Events == nil {
		return nil
	}
	return r.o.Events.Record(context.WithoutCancel(ctx), e) // it has happened
}

// Summary of a blueprint that is there.
type Summary struct {
	Document
	Versions int       `json:"versions"` // that ever were
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`
	Commit   Hash      `json:"commit"`
}

// List has every blueprint that is there, by name.
func (r *Repository) List(ctx context.Context) ([]Summary, error) {
	x := r.now()
	all := []Summary{}
	for _, n := range slices.Sorted(maps.Keys(x.changes)) {
		c, there := x.current(n)
		if !there {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := r.summary(x, c)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Show is one version of a blueprint, also of one that was deleted; version "" is the newest that is there.
func (r *Repository) Show(_ context.Context, n Name, v Version) (Summary, error) {
	x := r.now()
	c, there := x.current(n)
	if v != "" {
		c, there = x.version(ID{n, v})
	}
	if !there {
		return Summary{}, x.unknown(n, v)
	}
	return r.summary(x, c)
}

// unknown names the newest versions that there are.
func (x *index) unknown(n Name, v Version) error {
	all := x.changes[n]
	if len(all) == 0 {
		return fmt.Errorf("%w: %q", ErrUnknown, n)
	}
	if v == "" {
		return fmt.Errorf("%w: %q was deleted; its last version was %s", ErrUnknown, n, all[len(all)-1].Version)
	}
	return fmt.Errorf("%w: %q; the highest of %s is %s", ErrUnknown, ID{n, v}, n, x.last(n))
}

func (r *Repository) summary(x *index, c Change) (Summary, error) {
	o, err := r.store.get(c.blob)
	if err != nil {
		return Summary{}, fmt.Errorf("reading %q: %w", c.ID(), err)
	}
	d, err := remembered(c.Name, o.data)
	if err != nil {
		return Summary{}, err
	}
	d.Text = string(o.data)
	s := Summary{Document: d, Changed: c.Time, Commit: c.Commit}
	for _, c := range x.changes[c.Name] {
		if c.Kind != Deleted {
			s.Versions++
		}
		if s.Created.IsZero() {
			s.Created = c.Time
		}
	}
	return s, nil
}

// History of a blueprint, newest first; of a deleted one, too.
func (r *Repository) History(_ context.Context, n Name) ([]Change, error) {
	x := r.now()
	all := slices.Clone(x.changes[n])
	if len(all) == 0 {
		return nil, x.unknown(n, "")
	}
	slices.Reverse(all)
	return all, nil
}

// Secret tells whether hashes of passwords are anywhere in the history, which whoever clones it gets.
func (r *Repository) Secret() bool {
	for _, all := range r.now().changes {
		if slices.ContainsFunc(all, func(c Change) bool { return c.secret }) {
			return true
		}
	}
	return false
}

// Seed pushes the files of a folder, in the order of their names, into a repository that never had
// anything.
func (r *Repository) Seed(ctx context.Context, files fs.FS) error {
	if !r.now().tip.IsZero() {
		return nil
	}
	names, err := fs.Glob(files, "*"+suffix)
	if err != nil {
		return fmt.Errorf("looking for blueprints: %w", err)
	}
	slices.SortFunc(names, cmp.Compare)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("reading a blueprint: %w", err)
		}
		if _, err := r.Push(ctx, text, PushOptions{File: path.Base(name)}); err != nil {
			return err
		}
	}
	return nil
}
