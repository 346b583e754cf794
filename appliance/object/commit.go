package object

import (
	"time"

	"edge/appliance/gvariant"
)

const commitType = "(a{sv}aya(say)sstayay)"

// Keys of a commit's metadata.
const (
	keyVersion    = "version"
	keyRefBinding = "ostree.ref-binding"
)

// Commit is one commit object.
type Commit struct {
	Metadata   gvariant.Value // a{sv}
	Parent     Checksum       // "" for none
	Related    gvariant.Value // a(say); zero Value means empty
	Subject    string
	Body       string
	Time       time.Time // whole seconds, UTC
	Tree, Meta Checksum  // root dirtree and dirmeta
}

// ParseCommit reads a commit object. The result shares data.
func ParseCommit(data []byte) (Commit, error) {
	v, err := parse("commit", commitType, data)
	if err != nil {
		return Commit{}, err
	}
	c := Commit{Metadata: v.At(0), Related: v.At(2), Subject: v.At(3).Str(), Body: v.At(4).Str()}
	if parent := v.At(1).Bytes(); len(parent) > 0 {
		if c.Parent, err = FromBytes(parent); err != nil {
			return Commit{}, malformed("commit", "the parent has %d bytes instead of 32", len(parent))
		}
	}
	if c.Time, err = timestamp("commit", v.At(5)); err != nil {
		return Commit{}, err
	}
	if c.Tree, err = FromBytes(v.At(6).Bytes()); err != nil {
		return Commit{}, malformed("commit", "the root dirtree has %d bytes instead of 32", len(v.At(6).Bytes()))
	}
	if c.Meta, err = FromBytes(v.At(7).Bytes()); err != nil {
		return Commit{}, malformed("commit", "the root dirmeta has %d bytes instead of 32", len(v.At(7).Bytes()))
	}
	return c, nil
}

// Encode writes the commit object. Subject and Body must be UTF-8 without NUL.
func (c Commit) Encode() []byte {
	parent := []byte(nil)
	if c.Parent != "" {
		parent = c.Parent.Bytes()
	}
	related := c.Related
	if related.Type() != "a(say)" {
		related = gvariant.Array("(say)")
	}
	return gvariant.Tuple(
		dictionary(c.Metadata), gvariant.Bytes(parent), related,
		gvariant.Str(c.Subject), gvariant.Str(c.Body), timestampOf(c.Time),
		gvariant.Bytes(c.Tree.Bytes()), gvariant.Bytes(c.Meta.Bytes()),
	).Data()
}

// dictionary is v, or the empty dictionary for the zero Value.
func dictionary(v gvariant.Value) gvariant.Value {
	if v.Type() != "a{sv}" {
		return gvariant.Dict()
	}
	return v
}

// Version is the metadata key "version", or "".
func (c Commit) Version() string { return text(c.Metadata, keyVersion) }

// text is the string under key of a dictionary, or "".
func text(dict gvariant.Value, key string) string {
	if v, ok := dictionary(dict).Lookup(key); ok && v.Type() == "s" {
		return v.Str()
	}
	return ""
}

// RefBindings are the refs of "ostree.ref-binding"; bound is false where the key is absent.
func (c Commit) RefBindings() (refs []string, bound bool) {
	v, ok := dictionary(c.Metadata).Lookup(keyRefBinding)
	if !ok || v.Type() != "as" {
		return nil, false
	}
	for i := range v.Len() {
		refs = append(refs, v.At(i).Str())
	}
	return refs, true
}

// Restamp returns c over the same tree with all metadata kept byte for byte, but for
// version (unchanged when ""), parent and time.
func (c Commit) Restamp(version string, parent Checksum, at time.Time) Commit {
	if version != "" {
		c.Metadata = dictionary(c.Metadata).Set(keyVersion, gvariant.Str(version))
	}
	c.Parent = parent
	c.Time = at.Truncate(time.Second).UTC()
	return c
}
