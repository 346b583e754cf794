// Package workbench is where rooms are tested. `go test` alone is to take seconds on a small machine, so the tests' folders
// are in memory then, where a sync costs nothing, and those that may run side by side do, even where they mostly wait.
// With APPLIANCE_PEERS=1, as `make test` sets it, the disk is a real one.
package workbench

import (
	"flag"
	"os"
	"strconv"
	"syscall"
	"testing"
)

const (
	memory     = "/dev/shm"
	sideBySide = 8
	noExec     = 8 // ST_NOEXEC of statfs(2): tests start programs that they have written
)

// Run runs the tests of a package, for its TestMain, and returns the exit code.
func Run(m *testing.M) int {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue { // nobody asked for another number
		_ = flag.Set("test.parallel", strconv.Itoa(sideBySide))
	}
	if os.Getenv("APPLIANCE_PEERS") != "1" && os.Getenv("TMPDIR") == "" && usable(memory) {
		_ = os.Setenv("TMPDIR", memory)
	}
	return m.Run()
}

// Lacks skips a test for which this machine lacks something. Where CI=true nothing may be lacking, and it fails.
func Lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// usable tells whether tests can write to a folder and start programs from there.
func usable(dir string) bool {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil || s.Flags&noExec != 0 {
		return false
	}
	probe, err := os.MkdirTemp(dir, "appliance-")
	if err != nil {
		return false
	}
	return os.Remove(probe) == nil
}
