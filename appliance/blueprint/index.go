package blueprint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"edge/appliance/toml"
)

// Kinds of a Change.
const (
	Created = "created"
	Changed = "changed"
	Deleted = "deleted"
)

// Change is one step in the history of a blueprint.
type Change struct {
	Name    Name      `json:"name"`
	Version Version   `json:"version"` // that came; of a deletion the one that went
	Kind    string    `json:"kind"`
	Commit  Hash      `json:"commit"`
	Time    time.Time `json:"time"`
	Author  string    `json:"author"`
	Subject string    `json:"subject"`

	blob   plumbing.Hash
	secret bool // the text holds hashes of passwords
}

// ID is NAME@VERSION of c.
func (c Change) ID() ID { return ID{c.Name, c.Version} }

// index is what the branch says, in memory. It is never changed: a push makes another one.
type index struct {
	tip     plumbing.Hash // zero of an empty repository
	entries map[string]plumbing.Hash
	changes map[Name][]Change // oldest first
}

const suffix = ".toml"

// current is the last change of a blueprint that is there.
func (x *index) current(n Name) (Change, bool) {
	all := x.changes[n]
	if len(all) == 0 || all[len(all)-1].Kind == Deleted {
		return Change{}, false
	}
	return all[len(all)-1], true
}

// last is the highest version that a blueprint ever had, "" where it had none.
func (x *index) last(n Name) Version {
	var last Version
	for _, c := range x.changes[n] {
		if last == "" || c.Version.Compare(last) > 0 {
			last = c.Version
		}
	}
	return last
}

// version finds the change that brought a version.
func (x *index) version(id ID) (Change, bool) {
	for _, c := range x.changes[id.Blueprint] {
		if c.Kind != Deleted && c.Version == id.Version {
			return c, true
		}
	}
	return Change{}, false
}

// refs are the branch, and a tag for each version.
func (x *index) refs() references {
	refs := references{}
	if !x.tip.IsZero() {
		refs[branch] = x.tip
	}
	for name, all := range x.changes {
		for _, c := range all {
			if c.Kind != Deleted {
				refs["refs/tags/"+string(name)+"/"+string(c.Version)] = plumbing.NewHash(string(c.Commit))
			}
		}
	}
	return refs
}

// reader finds objects.
type reader func(plumbing.Hash) (content, error)

func (get reader) commit(h plumbing.Hash) (object.Commit, error) {
	o, err := get(h)
	if err != nil {
		return object.Commit{}, err
	}
	if o.kind != plumbing.CommitObject {
		return object.Commit{}, fmt.Errorf("reading commit %s: %w: it is a %s", h, ErrMalformed, o.kind)
	}
	return parseCommit(o)
}

func (get reader) tree(h plumbing.Hash) ([]object.TreeEntry, error) {
	o, err := get(h)
	if err != nil {
		return nil, err
	}
	if o.kind != plumbing.TreeObject {
		return nil, fmt.Errorf("reading tree %s: %w: it is a %s", h, ErrMalformed, o.kind)
	}
	return parseTree(o)
}

// line is the commits from after one to another, oldest first. A zero from means from the beginning. It
// follows first parents only; ok is false where from is not among them.
func (get reader) line(from, to plumbing.Hash, most int) (commits []plumbing.Hash, merges bool, err error) {
	for at := to; at != from; {
		if len(commits) == most {
			return nil, false, fmt.Errorf("%w: more than %d commits", ErrTooLarge, most)
		}
		c, err := get.commit(at)
		if err != nil {
			return nil, false, err
		}
		commits = append(commits, at)
		merges = merges || len(c.ParentHashes) > 1
		if len(c.ParentHashes) == 0 {
			if !from.IsZero() {
				return nil, merges, errRewritten
			}
			break
		}
		at = c.ParentHashes[0]
	}
	slices.Reverse(commits)
	return commits, merges, nil
}

// with is x after a commit. parse reads a blueprint that is new there.
func (x *index) with(get reader, at plumbing.Hash, parse func(Name, []byte) (Document, error)) (*index, []Change, error) {
	c, err := get.commit(at)
	if err != nil {
		return nil, nil, err
	}
	tree, err := get.tree(c.TreeHash)
	if err != nil {
		return nil, nil, err
	}
	next := &index{tip: at, entries: map[string]plumbing.Hash{}, changes: maps.Clone(x.changes)}
	subject, _, _ := strings.Cut(c.Message, "\n")
	var changes []Change
	add := func(n Name, change Change) {
		change.Name, change.Commit, change.Time, change.Author, change.Subject = n, Hash(at.String()), c.Committer.When.UTC(), c.Author.Name, subject
		next.changes[n] = append(next.changes[n], change) // nobody reads past the end of the one before
		changes = append(changes, change)
	}
	for _, e := range tree {
		next.entries[e.Name] = e.Hash
		n, ours := nameOf(e.Name)
		if !ours || x.entries[e.Name] == e.Hash || e.Mode != filemode.Regular {
			continue
		}
		o, err := get(e.Hash)
		if err != nil {
			return nil, nil, err
		}
		d, err := parse(n, o.data)
		if err != nil {
			return nil, nil, err
		}
		if d.Version == "" {
			continue // not of this program's making
		}
		kind := Changed
		if _, there := x.current(n); !there {
			kind = Created
		}
		add(n, Change{Version: d.Version, Kind: kind, blob: e.Hash, secret: d.Secret()})
	}
	for _, file := range slices.Sorted(maps.Keys(x.entries)) {
		if n, ours := nameOf(file); ours && next.entries[file].IsZero() {
			if before, there := x.current(n); there {
				add(n, Change{Version: before.Version, Kind: Deleted, blob: before.blob, secret: before.secret})
			}
		}
	}
	return next, changes, nil
}

// nameOf is the blueprint in a file of the repository.
func nameOf(file string) (Name, bool) {
	base, isTOML := strings.CutSuffix(file, suffix)
	n, err := ParseName(base)
	return n, isTOML && err == nil
}

// remembered reads a blueprint that was taken before, perhaps by other rules: its version is what counts.
func remembered(n Name, text []byte) (Document, error) {
	d := read(toml.Decode(text))
	if d.Name != n {
		d.Version = ""
	}
	return d, nil
}
