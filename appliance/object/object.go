// Package object holds the formats of OSTree's archive repository as values:
// checksums, refs, commits, dirtrees, dirmetas, filez, detached metadata and the
// summary. It is pure: bytes in, values out, and back; it opens no file and
// knows no repository.
//
// Source of the formats: libostree 2026.4 (src/libostree/ostree-core.c, -repo.c).
package object

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"edge/appliance/gvariant"
)

// Causes. Every error of this package wraps one of them, or the error of the
// reader or writer it was given.
var (
	ErrMalformed = errors.New("malformed object")  // bytes that are no such object
	ErrCorrupt   = errors.New("checksum mismatch") // an object that is not what its name says
	ErrBadName   = errors.New("malformed name")    // a checksum, ref or object name
	ErrTooLarge  = errors.New("object too large")  // over a limit of this package
)

// Limits on objects of strangers, in bytes. libostree itself allows 128 MiB of metadata.
const (
	MaxMetadata = 32 << 20 // commit, dirtree, dirmeta, commitmeta, summary
	MaxHeader   = 1 << 20  // filez header (extended attributes)
	MaxContent  = 64 << 30 // inflated file content
)

// parse is gvariant.Parse for an object called what, within MaxMetadata.
func parse(what, typ string, data []byte) (gvariant.Value, error) {
	if len(data) > MaxMetadata {
		return gvariant.Value{}, fmt.Errorf("reading %s: %w: %d bytes, at most %d", what, ErrTooLarge, len(data), MaxMetadata)
	}
	v, err := gvariant.Parse(typ, data)
	if err != nil {
		return gvariant.Value{}, fmt.Errorf("reading %s: %w: %w", what, ErrMalformed, err)
	}
	return v, nil
}

// malformed says why an object called what is none.
func malformed(what, format string, args ...any) error {
	return fmt.Errorf("reading %s: %w: %s", what, ErrMalformed, fmt.Sprintf(format, args...))
}

// OSTree stores its integers big-endian inside of GVariant, which is
// little-endian; swap32 and swap64 go either way.
func swap32(n uint32) uint32 {
	return bits.ReverseBytes32(n)
}

func swap64(n uint64) uint64 {
	return bits.ReverseBytes64(n)
}

// lastSecond is the end of the year 9999: what comes later has no date in RFC 3339.
const lastSecond = 253402300799

// timestamp reads seconds since 1970, stored big-endian.
func timestamp(what string, v gvariant.Value) (time.Time, error) {
	seconds := swap64(v.Uint64())
	if seconds > lastSecond {
		return time.Time{}, malformed(what, "time of %d seconds is after the year 9999", seconds)
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// timestampOf is the other way. Times before 1970 become 1970.
func timestampOf(t time.Time) gvariant.Value {
	return gvariant.Uint64(swap64(uint64(max(0, t.Unix()))))
}
