package object

import (
	"fmt"
	"strings"
)

// Kind is an object's extension in an archive repository.
type Kind string

// The kinds of objects that an archive repository holds.
const (
	KindCommit     Kind = "commit"
	KindDirTree    Kind = "dirtree"
	KindDirMeta    Kind = "dirmeta"
	KindFile       Kind = "filez"
	KindCommitMeta Kind = "commitmeta" // detached metadata; not verifiable by name
)

// Name is what an object is stored under.
type Name struct {
	Checksum Checksum
	Kind     Kind
}

// ParseName reads "ab/cdef….kind", the path below objects/.
func ParseName(path string) (Name, error) {
	sum, kind, _ := strings.Cut(path, ".")
	known := false
	switch Kind(kind) {
	case KindCommit, KindDirTree, KindDirMeta, KindFile, KindCommitMeta:
		known = true
	}
	if !known || len(sum) != 65 || sum[2] != '/' || !isHex(sum[:2]+sum[3:], 64) {
		return Name{}, fmt.Errorf("parsing object name %q: %w: two digits, a slash, 62 digits and "+
			".commit, .dirtree, .dirmeta, .filez or .commitmeta are needed", clip(path), ErrBadName)
	}
	return Name{Checksum: Checksum(sum[:2] + sum[3:]), Kind: Kind(kind)}, nil
}

// Path is "ab/cdef….kind".
func (n Name) Path() string {
	return string(n.Checksum[:2]) + "/" + string(n.Checksum[2:]) + "." + string(n.Kind)
}

// String is "abcdef….kind", as the ostree program writes object names.
func (n Name) String() string { return string(n.Checksum) + "." + string(n.Kind) }
