package ostree

import (
	"context"
	"fmt"
	"strings"

	"edge/appliance/command"
	"edge/appliance/object"
)

// SignGPG adds a GPG signature to a commit with the ostree program; home may be "". The commit stays
// what it is, only its detached metadata grows.
func (r *Repo) SignGPG(ctx context.Context, c object.Checksum, key, home string) error {
	if err := r.signGPG(ctx, c, key, home); err != nil {
		return fmt.Errorf("signing commit %s with GPG key %q: %w", c, key, err)
	}
	return nil
}

func (r *Repo) signGPG(ctx context.Context, c object.Checksum, key, home string) error {
	if key == "" || strings.HasPrefix(key, "-") {
		return fmt.Errorf("%w: not the name of a key", object.ErrBadName)
	}
	if err := r.Complete(c); err != nil {
		return err
	}
	for _, program := range []string{"ostree", "gpg"} { // the first starts the second
		if !command.Have(program) {
			return fmt.Errorf("%w: %s", ErrNoProgram, program)
		}
	}
	argv := []string{"ostree", "gpg-sign", "--repo=" + r.dir}
	if home != "" {
		argv = append(argv, "--gpg-homedir="+home)
	}
	r.publishing.Lock() // Point rewrites the same file
	defer r.publishing.Unlock()
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return err
	}
	defer unlock()
	if err := run(ctx, append(argv, "--", string(c), key)...); err != nil {
		return err
	}
	return syncFileSystem(r.dir)
}
