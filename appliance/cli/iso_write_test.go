package cli

import "testing"

// What was meant to be a disk does not become a file in memory.
func TestWouldBeDisk(t *testing.T) {
	for path, want := range map[string]bool{
		"/dev/sdx": true, "/dev//sdx": true, "/dev/./loop9p1": true, "/dev/disk/by-id/usb-none": true, "/dev/mapper/none": true,
		"/dev/shm/x.iso": false, "/tmp/sdx": false, "sdx": false, "dev/sdx": false, "/devices/x": false, "/dev/disks/x": false,
	} {
		if wouldBeDisk(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}
