package ostree

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"edge/appliance/object"
)

// Restamp writes a new commit over c's tree (see object.Commit.Restamp), holds it under hold and
// returns its checksum. Nothing else is written: the tree is shared. c's own hold is not touched
// unless hold is its name.
func (r *Repo) Restamp(ctx context.Context, c object.Checksum, hold, version string, parent object.Checksum, at time.Time) (object.Checksum, error) {
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return "", err
	}
	defer unlock()
	return r.restamp(ctx, c, hold, version, parent, at)
}

// restamp is Restamp for callers that hold the lock.
func (r *Repo) restamp(ctx context.Context, c object.Checksum, hold, version string, parent object.Checksum, at time.Time) (object.Checksum, error) {
	if err := r.Complete(c); err != nil {
		return "", fmt.Errorf("re-stamping: %w", err)
	}
	commit, err := r.Commit(c)
	if err != nil {
		return "", fmt.Errorf("re-stamping: %w", err)
	}
	data := commit.Restamp(version, parent, at).Encode()
	n := object.Name{Checksum: object.ChecksumOf(data), Kind: object.KindCommit}
	if !r.has(n) {
		if err := r.writeObject(ctx, n, data); err != nil {
			return "", fmt.Errorf("re-stamping %s: %w", c, err)
		}
	}
	return n.Checksum, r.hold(hold, n.Checksum)
}

// writeObject stores one small object durably.
func (r *Repo) writeObject(ctx context.Context, n object.Name, data []byte) error {
	if err := object.Verify(n, bytes.NewReader(data)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.writeFile("objects/"+n.Path(), data)
}
