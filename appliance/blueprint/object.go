package blueprint

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Causes of refusals of what git sends and keeps.
var (
	ErrMalformed = errors.New("malformed git data")
	ErrTooLarge  = errors.New("git data is too large")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Hash is the name of a commit: 40 lower-case hexadecimal digits.
type Hash string

// content is an object of git, whole.
type content struct {
	kind plumbing.ObjectType
	data []byte
}

func (c content) hash() plumbing.Hash { return plumbing.ComputeHash(c.kind, c.data) }

func (c content) encoded() *plumbing.MemoryObject {
	o := &plumbing.MemoryObject{}
	o.SetType(c.kind)
	_, _ = o.Write(c.data) // it is memory
	return o
}

// contentOf reads an object of at most limit bytes, and checks that its name is h.
func contentOf(o plumbing.EncodedObject, h plumbing.Hash, limit int64) (_ content, err error) {
	if o.Size() > limit {
		return content{}, fmt.Errorf("reading object %s: %w: more than %d bytes", h, ErrTooLarge, limit)
	}
	r, err := o.Reader()
	if err != nil {
		return content{}, fmt.Errorf("reading object %s: %w", h, malformed("%v", err))
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return content{}, fmt.Errorf("reading object %s: %w", h, malformed("%v", err))
	}
	c := content{o.Type(), data}
	if c.hash() != h {
		return content{}, fmt.Errorf("reading object %s: %w", h, malformed("it is not what its name says"))
	}
	return c, nil
}

// Limits of commits.
const (
	maxParents = 16           // more than anybody merges at once
	maxSeconds = 253402300799 // the end of the year 9999, the last that JSON can say
)

// parseCommit reads a commit.
func parseCommit(c content) (object.Commit, error) {
	var commit object.Commit
	if err := commit.Decode(c.encoded()); err != nil {
		return commit, malformed("%v", err)
	}
	if len(commit.ParentHashes) > maxParents {
		return commit, malformed("a commit has more than %d parents", maxParents)
	}
	for _, by := range []object.Signature{commit.Author, commit.Committer} {
		if s := by.When.Unix(); by.When.IsZero() || s < 0 || s > maxSeconds {
			return commit, malformed("a commit without author and committer, and their times")
		}
	}
	return commit, nil
}

// encodeCommit writes a commit. What would end a line or a name in it is left out.
func encodeCommit(commit object.Commit) (content, error) {
	crud := strings.NewReplacer("<", "", ">", "", "\n", " ", "\r", " ", "\x00", "")
	for _, by := range []*object.Signature{&commit.Author, &commit.Committer} {
		by.Name, by.Email = strings.TrimSpace(crud.Replace(by.Name)), strings.TrimSpace(crud.Replace(by.Email))
	}
	commit.Message = strings.ReplaceAll(commit.Message, "\x00", "")
	return encode(commit.Encode)
}

// parseTree reads a tree: entries in git's order, with names that are safe on every system.
func parseTree(c content) ([]object.TreeEntry, error) {
	var tree object.Tree
	if err := tree.Decode(c.encoded()); err != nil {
		return nil, malformed("%v", err)
	}
	for i, e := range tree.Entries {
		if !safeName(e.Name) {
			return nil, malformed("a tree has an entry called %.80q", e.Name)
		}
		if i > 0 && compareEntries(tree.Entries[i-1], e) >= 0 {
			return nil, malformed("a tree's entry %.80q is out of order", e.Name)
		}
	}
	return tree.Entries, nil
}

// encodeTree writes a tree of entries in any order.
func encodeTree(entries []object.TreeEntry) (content, error) {
	tree := object.Tree{Entries: slices.SortedFunc(slices.Values(entries), compareEntries)}
	return encode(tree.Encode)
}

func encode(write func(plumbing.EncodedObject) error) (content, error) {
	o := &plumbing.MemoryObject{}
	if err := write(o); err != nil {
		return content{}, err
	}
	return contentOf(o, o.Hash(), o.Size())
}

// safeName refuses what a checkout could be led astray with.
func safeName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.EqualFold(s, ".git") && !strings.ContainsAny(s, "/\\\x00")
}

// compareEntries is git's order, in which a folder's name ends in a slash.
func compareEntries(a, b object.TreeEntry) int {
	key := func(e object.TreeEntry) string {
		if e.Mode == filemode.Dir {
			return e.Name + "/"
		}
		return e.Name
	}
	return strings.Compare(key(a), key(b))
}

// by is who did something at a time.
func by(name string, at time.Time) object.Signature {
	return object.Signature{Name: name, Email: "appliance@localhost", When: at.UTC().Truncate(time.Second)}
}
