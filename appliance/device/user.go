package device

import (
	"fmt"

	"edge/appliance/command"
	"edge/appliance/rootfs"
)

// FindUser looks up the user of the applications in the account tables below root, without asking any program.
// It returns fs.ErrNotExist for a user that is in none.
func FindUser(root, name string) (command.User, error) {
	r, err := rootfs.Open(root, rootfs.Options{})
	if err != nil {
		return command.User{}, fmt.Errorf("looking up user %q: %w", name, err)
	}
	defer r.Close()
	a, err := findAccount(r, name)
	return a.User, err
}
