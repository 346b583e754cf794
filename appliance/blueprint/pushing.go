package blueprint

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"edge/appliance/toml"
)

// PushOptions say how to take a blueprint.
type PushOptions struct {
	File    string  // what faults call the text; "": the blueprint
	Name    Name    // the text must have; "": any
	Raise   Raise   // "": by a patch, where the text does not raise the version itself
	Message string  // of the commit; "": NAME VERSION
	Author  string  // of the commit; "": appliance. Everybody who clones sees it
	Expect  Version // must be the newest; "": any
	New     bool    // there must be none yet

	follow bool // a version that the text does not raise goes up, however far below it is
}

// Pushed says what a push did.
type Pushed struct {
	Change
	Changed bool    `json:"changed"`          // false: all of that was there already, as Version
	Before  Version `json:"before,omitempty"` // newest before
	Raised  bool    `json:"raised"`           // the version is not the one in the text
	Hashed  int     `json:"hashed"`           // passwords that were plain
	Text    string  `json:"text"`             // as it is kept
}

// maxMessage bounds the message of a commit, in bytes.
const maxMessage = 4000

// Push takes a blueprint as its newest version, or refuses it with all its faults.
func (r *Repository) Push(ctx context.Context, text []byte, o PushOptions) (Pushed, error) {
	if o.File == "" {
		o.File = "blueprint" + suffix
	}
	d, err := Parse(text, o.File)
	if err != nil {
		return Pushed{}, err
	}
	if o.Name != "" && d.Name != o.Name {
		return Pushed{}, &DocumentError{fmt.Errorf("pushing %q: the text is that of %q; its name is what it is pushed under", o.Name, d.Name)}
	}
	if len(o.Message) > maxMessage {
		return Pushed{}, fmt.Errorf("pushing %q: %w: a message has at most %d bytes", d.Name, ErrInvalid, maxMessage)
	}
	leave, err := r.take(ctx)
	if err != nil {
		return Pushed{}, err
	}
	defer leave()
	p, d, err := r.decide(d, o)
	if err != nil || !p.Changed {
		return p, err
	}
	if r.o.Check != nil {
		if err := r.o.Check(ctx, d); err != nil {
			return Pushed{}, &DocumentError{fmt.Errorf("checking %q: %w", d.Name, err)}
		}
	}
	return r.commitPush(ctx, p, o)
}

// decide hashes passwords and finds the version.
func (r *Repository) decide(d Document, o PushOptions) (Pushed, Document, error) {
	x := r.now()
	before, there := x.current(d.Name)
	if o.New && there {
		return Pushed{}, d, fmt.Errorf("pushing %q: %w: it is not new, and at %s", d.Name, ErrPrecondition, before.Version)
	}
	if o.Expect != "" && before.Version != o.Expect {
		return Pushed{}, d, fmt.Errorf("pushing %q: %w: %q", d.Name, ErrPrecondition, before.Version)
	}
	p := Pushed{Change: before, Before: before.Version}
	var old Document
	if there {
		o, err := r.store.get(before.blob)
		if err != nil {
			return Pushed{}, d, fmt.Errorf("reading %q: %w", before.ID(), err)
		}
		old, _ = remembered(d.Name, o.data) // it never fails
		old.Text = string(o.data)
	}
	given := d.Version
	d, hashed, err := hashPasswords(d, old)
	if err != nil {
		return Pushed{}, d, err
	}
	if there && (given == "" || given.Compare(before.Version) <= 0) {
		same, err := d.called(before.Version)
		if err != nil {
			return Pushed{}, d, err
		}
		if same.Text == old.Text && (o.Raise == "" || given == "") {
			p.Text, p.Raised = old.Text, given != before.Version
			return p, same, nil
		}
	}
	if o.follow {
		o.Raise = followed(given, x.last(d.Name))
	}
	v, err := Next(x.last(d.Name), given, o.Raise)
	if err != nil {
		return Pushed{}, d, fmt.Errorf("pushing %q: %w", d.Name, err)
	}
	if d, err = d.called(v); err != nil {
		return Pushed{}, d, err
	}
	p.Version, p.Changed, p.Raised, p.Hashed, p.Text, p.Name = v, true, v != given, hashed, d.Text, d.Name
	return p, d, nil
}

// followed raises what a remote did not raise.
func followed(given, last Version) Raise {
	if given != "" && last != "" && given.Compare(last) < 0 {
		return Patch
	}
	return ""
}

// called is d with a version in its text.
func (d Document) called(v Version) (Document, error) {
	key, value := "version", toml.Quote(string(v))
	if d.Version == "" {
		key, value = "name", toml.Quote(string(d.Name))+"\nversion = "+value
	}
	return d.replaced(map[string]string{key: value})
}

// replaced is d with other values in its text, read again.
func (d Document) replaced(values map[string]string) (Document, error) {
	text, err := toml.Replace([]byte(d.Text), values)
	if err != nil {
		return d, fmt.Errorf("writing %q: %w", d.Name, err)
	}
	return Parse(text, string(d.Name)+suffix)
}

// hashPasswords puts hashes in the places of plain passwords. A user whose password did not change keeps
// the hash, so that pushing the same file twice changes nothing.
func hashPasswords(d, old Document) (Document, int, error) {
	values := map[string]string{}
	for _, p := range d.passwords {
		if p.hashed {
			continue
		}
		hash := ""
		for _, before := range old.passwords {
			if before.user == p.user && before.hashed && samePassword(p.text, before.text) {
				hash = before.text
			}
		}
		if hash == "" {
			hash = hashPassword(p.text)
		}
		values[p.key] = toml.Quote(hash)
	}
	if len(values) == 0 {
		return d, 0, nil
	}
	d, err := d.replaced(values)
	return d, len(values), err
}

// commitPush writes what was decided.
func (r *Repository) commitPush(ctx context.Context, p Pushed, o PushOptions) (Pushed, error) {
	x := r.now()
	message := strings.TrimSpace(o.Message)
	if message == "" {
		message = fmt.Sprintf("%s %s", p.Name, p.Version)
	}
	blob := content{plumbing.BlobObject, []byte(p.Text)}
	entries := maps.Clone(x.entries)
	entries[string(p.Name)+suffix] = blob.hash()
	next, changes, err := r.commit(ctx, x, entries, o.Author, message, blob)
	if next == nil {
		return Pushed{}, err
	}
	p.Change = changes[0]
	return p, err
}

// commit makes the files of the branch what entries say. The index is nil where that failed; otherwise
// an error tells that it happened and was not told.
func (r *Repository) commit(ctx context.Context, x *index, entries map[string]plumbing.Hash, author, message string, more ...content) (*index, []Change, error) {
	var list []object.TreeEntry
	for name, h := range entries {
		list = append(list, object.TreeEntry{Name: name, Mode: filemode.Regular, Hash: h})
	}
	tree, err := encodeTree(list)
	if err != nil {
		return nil, nil, err
	}
	if author = strings.TrimSpace(author); author == "" {
		author = "appliance"
	}
	who := by(author, r.o.Now())
	c := object.Commit{TreeHash: tree.hash(), Author: who, Committer: who, Message: message + "\n"}
	if !x.tip.IsZero() {
		c.ParentHashes = []plumbing.Hash{x.tip}
	}
	made, err := encodeCommit(c)
	if err != nil {
		return nil, nil, err
	}
	objects := append(more, tree, made)
	get := func(h plumbing.Hash) (content, error) {
		for _, o := range objects {
			if o.hash() == h {
				return o, nil
			}
		}
		return r.store.get(h)
	}
	next, changes, err := x.with(get, made.hash(), remembered)
	if err != nil {
		return nil, nil, err
	}
	err = r.publish(ctx, next, objects, changes)
	if r.now() != next {
		return nil, nil, err
	}
	return next, changes, err
}

// Delete takes a blueprint away; its history stays.
func (r *Repository) Delete(ctx context.Context, n Name) (Change, error) {
	leave, err := r.take(ctx)
	if err != nil {
		return Change{}, err
	}
	defer leave()
	x := r.now()
	if _, there := x.current(n); !there {
		return Change{}, x.unknown(n, "")
	}
	entries := maps.Clone(x.entries)
	delete(entries, string(n)+suffix)
	next, changes, err := r.commit(ctx, x, entries, "", "delete "+string(n))
	if next == nil {
		return Change{}, err
	}
	return changes[0], err
}
