package update

import "fmt"

// appLeast is the space in bytes that a container needs to start, and a little more: one that finds none does
// not start, and neither does the one before it.
const appLeast = 64 << 20

// room refuses what would end an app that serves for lack of space.
func (c *candidate) room() error {
	free, _, err := c.Space(c.Disk)
	if err != nil {
		return fmt.Errorf("looking how much space is left: %w", err)
	}
	if free < appLeast {
		return fmt.Errorf("%d MiB of space are left at %q, and an update needs %d MiB: remove images with %q",
			free>>20, c.Disk, appLeast>>20, "podman image prune")
	}
	return nil
}
