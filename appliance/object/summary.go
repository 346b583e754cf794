package object

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"edge/appliance/gvariant"
)

const (
	summaryType    = "(a(s(taya{sv}))a{sv})"
	summaryRefType = "(s(taya{sv}))"
)

// Keys of a summary and of the refs in it.
const (
	keyModified  = "ostree.summary.last-modified"
	keyExpires   = "ostree.summary.expires"
	keyMode      = "ostree.summary.mode"
	keyTombstone = "ostree.summary.tombstone-commits"
	keyIndexed   = "ostree.summary.indexed-deltas"
	keyDeltas    = "ostree.static-deltas"
	keyRefTime   = "ostree.commit.timestamp"
	keyRefText   = "ostree.commit.version"
)

// Summary is the list of refs a repository offers.
type Summary struct {
	Refs          []SummaryRef // sorted by ref when encoded
	LastModified  time.Time
	Expires       time.Time // zero: none
	IndexedDeltas bool
	Deltas        map[string]Checksum // "FROM-TO" or "TO" -> checksum of the superblock
}

// SummaryRef is one ref of a Summary.
type SummaryRef struct {
	Ref     Ref
	Commit  Checksum
	Size    int64 // of the commit object
	Time    time.Time
	Version string // "" for none
}

// ParseSummary reads a summary. Keys it does not know are passed over.
func ParseSummary(data []byte) (Summary, error) {
	v, err := parse("summary", summaryType, data)
	if err != nil {
		return Summary{}, err
	}
	var s Summary
	refs, dict := v.At(0), v.At(1)
	for i := range refs.Len() {
		r, err := parseSummaryRef(refs.At(i))
		if err != nil {
			return Summary{}, err
		}
		// Clients search by halving: an unsorted list hides refs from them.
		if i > 0 && r.Ref <= s.Refs[i-1].Ref {
			return Summary{}, malformed("summary", "ref %q is behind %q", clip(string(r.Ref)), clip(string(s.Refs[i-1].Ref)))
		}
		s.Refs = append(s.Refs, r)
	}
	if s.LastModified, err = timeIn(dict, keyModified); err != nil {
		return Summary{}, err
	}
	if s.Expires, err = timeIn(dict, keyExpires); err != nil {
		return Summary{}, err
	}
	if indexed, ok := dict.Lookup(keyIndexed); ok && indexed.Type() == "b" {
		s.IndexedDeltas = indexed.Bool()
	}
	s.Deltas, err = parseDeltas(dict)
	return s, err
}

func parseSummaryRef(v gvariant.Value) (SummaryRef, error) {
	name, info := v.At(0).Str(), v.At(1)
	ref, err := ParseRef(name)
	if err != nil {
		return SummaryRef{}, malformed("summary", "%q is no ref", clip(name))
	}
	commit, err := FromBytes(info.At(1).Bytes())
	if err != nil {
		return SummaryRef{}, malformed("summary", "the commit of %q has %d bytes instead of 32", clip(name), len(info.At(1).Bytes()))
	}
	size := info.At(0).Uint64() // the one integer that libostree does not swap
	if size > MaxMetadata {
		return SummaryRef{}, malformed("summary", "the commit of %q is said to have %d bytes", clip(name), size)
	}
	at, err := timeIn(info.At(2), keyRefTime)
	return SummaryRef{Ref: ref, Commit: commit, Size: int64(size), Time: at, Version: text(info.At(2), keyRefText)}, err
}

// timeIn is the time under key of a dictionary; the zero time where it is absent.
func timeIn(dict gvariant.Value, key string) (time.Time, error) {
	v, ok := dict.Lookup(key)
	if !ok {
		return time.Time{}, nil
	}
	if v.Type() != "t" {
		return time.Time{}, malformed("summary", "%s is of type %q, not \"t\"", key, clip(v.Type()))
	}
	return timestamp("summary", v)
}

func parseDeltas(dict gvariant.Value) (map[string]Checksum, error) {
	v, ok := dict.Lookup(keyDeltas)
	if !ok {
		return nil, nil
	}
	if v.Type() != "a{sv}" {
		return nil, malformed("summary", "%s is of type %q, not \"a{sv}\"", keyDeltas, clip(v.Type()))
	}
	deltas := make(map[string]Checksum, v.Len())
	for i := range v.Len() {
		name, superblock := v.At(i).At(0).Str(), v.At(i).At(1).Unwrap()
		from, to, both := strings.Cut(name, "-")
		if !isHex(from, 64) || both && !isHex(to, 64) || superblock.Type() != "ay" {
			return nil, malformed("summary", "%q is no static delta", clip(name))
		}
		sum, err := FromBytes(superblock.Bytes())
		if err != nil {
			return nil, malformed("summary", "the checksum of static delta %q is not 32 bytes", clip(name))
		}
		deltas[name] = sum
	}
	return deltas, nil
}

// Encode writes (a(s(taya{sv}))a{sv}) with ostree.summary.mode "archive-z2".
func (s Summary) Encode() []byte {
	refs := slices.SortedFunc(slices.Values(s.Refs), func(a, b SummaryRef) int { return cmp.Compare(a.Ref, b.Ref) })
	rows := make([]gvariant.Value, len(refs))
	for i, r := range refs {
		rows[i] = r.value()
	}
	entries := []gvariant.Entry{
		{Key: keyMode, Value: gvariant.Str("archive-z2")},
		{Key: keyModified, Value: timestampOf(s.LastModified)},
		{Key: keyTombstone, Value: gvariant.Bool(false)},
		{Key: keyIndexed, Value: gvariant.Bool(s.IndexedDeltas)},
	}
	if !s.Expires.IsZero() {
		entries = append(entries, gvariant.Entry{Key: keyExpires, Value: timestampOf(s.Expires)})
	}
	if len(s.Deltas) > 0 {
		var deltas []gvariant.Entry
		for _, name := range slices.Sorted(maps.Keys(s.Deltas)) {
			deltas = append(deltas, gvariant.Entry{Key: name, Value: gvariant.Bytes(s.Deltas[name].Bytes())})
		}
		entries = append(entries, gvariant.Entry{Key: keyDeltas, Value: gvariant.Dict(deltas...)})
	}
	return gvariant.Tuple(gvariant.Array(summaryRefType, rows...), gvariant.Dict(entries...)).Data()
}

func (r SummaryRef) value() gvariant.Value {
	entries := []gvariant.Entry{{Key: keyRefTime, Value: timestampOf(r.Time)}}
	if r.Version != "" {
		entries = append(entries, gvariant.Entry{Key: keyRefText, Value: gvariant.Str(r.Version)})
	}
	return gvariant.Tuple(gvariant.Str(string(r.Ref)), gvariant.Tuple(
		gvariant.Uint64(uint64(r.Size)), gvariant.Bytes(r.Commit.Bytes()), gvariant.Dict(entries...)))
}
