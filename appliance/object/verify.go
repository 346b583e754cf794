package object

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// metadata holds the bytes of metadata objects while they are verified.
var metadata = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Verify reads an object's bytes and reports ErrCorrupt unless they hash to n, ErrMalformed
// unless they parse. Detached metadata is only parsed.
func Verify(n Name, r io.Reader) error {
	if n.Kind == KindFile {
		_, sum, err := SumFile(r)
		if err != nil {
			return fmt.Errorf("verifying %s: %w", n, err)
		}
		return match(n, sum)
	}
	b := metadata.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= 1<<20 { // a rare large one is not kept
			b.Reset()
			metadata.Put(b)
		}
	}()
	if _, err := b.ReadFrom(io.LimitReader(r, MaxMetadata+1)); err != nil {
		return fmt.Errorf("verifying %s: %w", n, err)
	}
	if err := verifyMetadata(n, b.Bytes()); err != nil {
		return fmt.Errorf("verifying %s: %w", n, err)
	}
	return nil
}

// verifyMetadata hashes first: what hashes to its name and does not parse was
// written so, what does not was damaged.
func verifyMetadata(n Name, data []byte) error {
	if len(data) > MaxMetadata {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxMetadata)
	}
	if n.Kind != KindCommitMeta {
		if sum := ChecksumOf(data); sum != n.Checksum {
			return fmt.Errorf("%w: the bytes are %s", ErrCorrupt, sum)
		}
	}
	var err error
	switch n.Kind {
	case KindCommit:
		_, err = ParseCommit(data)
	case KindDirTree:
		_, err = ParseTree(data)
	case KindDirMeta:
		_, err = ParseMeta(data)
	case KindCommitMeta:
		_, err = ParseDetached(data)
	default:
		err = fmt.Errorf("%w: unknown kind %q", ErrBadName, n.Kind)
	}
	return err
}

func match(n Name, sum Checksum) error {
	if sum != n.Checksum {
		return fmt.Errorf("verifying %s: %w: the bytes are %s", n, ErrCorrupt, sum)
	}
	return nil
}
