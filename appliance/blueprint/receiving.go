package blueprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// Limits of a push with git.
const (
	maxPush    = 8 << 20 // bytes, the pack and what comes before it
	maxCommits = 1000
	maxOther   = 64 << 10 // bytes of a file that is no blueprint
)

// pushLimits bounds what the pack of a push unfolds to.
var pushLimits = limits{objects: 5000, object: 1 << 20, total: 32 << 20, depth: 250}

// others are files that may lie beside blueprints.
var others = []string{"README.md", "README", "LICENSE", ".gitignore", ".gitattributes"}

// ErrPush is the cause of every refusal of a push with git that was understood.
var ErrPush = errors.New("push is refused")

// Receive answers a push with git: in is the request of git-receive-pack over HTTP, out gets its answer.
// Every commit is looked at as a file would be. What is refused changes nothing and is told to the person
// who pushes; the error is for the diary and never for the answer, which has begun unless it is
// ErrMalformed or ErrTooLarge.
func (r *Repository) Receive(ctx context.Context, in io.Reader, out io.Writer) error {
	request, err := io.ReadAll(io.LimitReader(in, maxPush+1))
	if err != nil {
		return fmt.Errorf("reading a push: %w", err)
	}
	if len(request) > maxPush {
		return fmt.Errorf("reading a push: %w: more than %d bytes", ErrTooLarge, maxPush)
	}
	updates, pack, err := readUpdates(request)
	if err != nil {
		return fmt.Errorf("reading a push: %w", err)
	}
	if len(updates.Commands) == 0 {
		return nil
	}
	refused := r.receive(ctx, updates.Commands, pack)
	return errors.Join(refused, report(out, updates, refused))
}

// receive takes all of a push or nothing.
func (r *Repository) receive(ctx context.Context, updates []*packp.Command, pack []byte) error {
	objects := map[plumbing.Hash]content{}
	if len(pack) > 0 {
		var err error
		objects, err = readPack(pack, pushLimits, func(h plumbing.Hash) (content, bool) {
			o, err := r.store.get(h)
			return o, err == nil
		})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPush, err)
		}
	}
	leave, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	a := admission{r: r, objects: objects, fresh: map[plumbing.Hash]bool{}}
	next, changes, err := a.admit(ctx, updates)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPush, err)
	}
	if next == r.now() {
		return nil
	}
	var fresh []content
	for h := range a.fresh {
		fresh = append(fresh, objects[h])
	}
	return r.publish(ctx, next, fresh, changes)
}

// admission looks at one push.
type admission struct {
	r       *Repository
	objects map[plumbing.Hash]content // that came
	fresh   map[plumbing.Hash]bool    // of those the ones that are to be kept
}

func (a *admission) get(h plumbing.Hash) (content, error) {
	if o, came := a.objects[h]; came {
		a.fresh[h] = true
		return o, nil
	}
	o, err := a.r.store.get(h)
	if err != nil {
		return content{}, fmt.Errorf("%w: object %s did not come", ErrMalformed, h)
	}
	return o, nil
}

func (a *admission) admit(ctx context.Context, updates []*packp.Command) (*index, []Change, error) {
	x := a.r.now()
	next, changes := x, []Change(nil)
	for _, u := range updates {
		if u.Name != branch {
			continue
		}
		var err error
		switch {
		case u.New.IsZero():
			err = errors.New("the branch main stays; delete a blueprint by deleting its file")
		case u.Old != x.tip:
			err = errRewritten
		default:
			next, changes, err = a.follow(ctx, x, u.New)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	tags := next.refs()
	for _, u := range updates {
		switch {
		case u.Name == branch || !u.New.IsZero() && tags[u.Name.String()] == u.New:
		case u.Name.IsTag():
			return nil, nil, fmt.Errorf("%q: tags are made here, one for each version", u.Name)
		default:
			return nil, nil, fmt.Errorf("%q: there is one branch, main", u.Name)
		}
	}
	return next, changes, nil
}

// follow goes from the present state to a commit, and looks at every one between.
func (a *admission) follow(ctx context.Context, x *index, to plumbing.Hash) (*index, []Change, error) {
	commits, merges, err := reader(a.get).line(x.tip, to, maxCommits)
	if err != nil {
		return nil, nil, err
	}
	if merges {
		return nil, nil, errors.New("the history is one line, without merges: git pull --rebase")
	}
	var all []Change
	for _, h := range commits {
		next, changes, err := a.step(ctx, x, h)
		if err != nil {
			return nil, nil, fmt.Errorf("commit %.10s: %w", h.String(), err)
		}
		x, all = next, append(all, changes...)
	}
	return x, all, nil
}

func (a *admission) step(ctx context.Context, x *index, h plumbing.Hash) (*index, []Change, error) {
	if err := a.checkFiles(h); err != nil {
		return nil, nil, err
	}
	var faults []error
	parse := func(n Name, text []byte) (Document, error) {
		d, err := a.look(ctx, x, n, text)
		if err != nil {
			faults = append(faults, err)
		}
		return d, nil
	}
	next, changes, err := x.with(a.get, h, parse)
	if err = errors.Join(append(faults, err)...); err != nil {
		return nil, nil, err
	}
	return next, changes, nil
}

// look reads a blueprint as a push of its file would, but can change nothing in it.
func (a *admission) look(ctx context.Context, x *index, n Name, text []byte) (Document, error) {
	file := string(n) + suffix
	d, err := Parse(text, file)
	if err != nil {
		return d, err
	}
	last := x.last(n)
	switch {
	case bytes.Contains(text, []byte("\r\n")):
		return d, fmt.Errorf("%s: its lines end as those of Windows do: git config core.autocrlf input", file)
	case d.Name != n:
		return d, fmt.Errorf("%s: it is the blueprint %q; call the file %s%s", file, d.Name, d.Name, suffix)
	case d.Version == "":
		return d, fmt.Errorf("%s: the version is missing: version = \"0.0.1\"", file)
	case last != "" && d.Version.Compare(last) <= 0:
		v, err := Next(last, "", "")
		return d, errors.Join(err, fmt.Errorf("%s: %w: it is %s, and there is %s already; make it %s", file, ErrVersion, d.Version, last, v))
	}
	for _, p := range d.passwords {
		if !p.hashed {
			return d, fmt.Errorf("%s: the password of %q is plain, and git forgets nothing: make a hash of another one with: openssl passwd -6", file, p.user)
		}
	}
	if a.r.o.Check != nil {
		if err := a.r.o.Check(ctx, d); err != nil {
			return d, fmt.Errorf("%s: %w", file, err)
		}
	}
	return d, nil
}

// checkFiles wants blueprints and a few other files, and all of them there.
func (a *admission) checkFiles(h plumbing.Hash) error {
	c, err := reader(a.get).commit(h)
	if err != nil {
		return err
	}
	tree, err := reader(a.get).tree(c.TreeHash)
	if err != nil {
		return err
	}
	if again, err := encodeTree(tree); err != nil || again.hash() != c.TreeHash {
		return malformed("a tree is not written as git writes it")
	}
	for _, e := range tree {
		_, ours := nameOf(e.Name)
		switch {
		case e.Mode != filemode.Regular:
			return fmt.Errorf("%q: want plain files only: no folders, links or programs", e.Name)
		case !ours && !slices.Contains(others, e.Name):
			return fmt.Errorf("%q: want blueprints, NAME.toml, and beside them only %s", e.Name, strings.Join(others, ", "))
		}
		o, err := a.get(e.Hash)
		if err != nil {
			return err
		}
		if o.kind != plumbing.BlobObject {
			return fmt.Errorf("%q: %w: it is a %s", e.Name, ErrMalformed, o.kind)
		}
		if !ours && len(o.data) > maxOther {
			return fmt.Errorf("%q: it has more than %d bytes", e.Name, maxOther)
		}
	}
	return nil
}
