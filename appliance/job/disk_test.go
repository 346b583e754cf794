package job

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"edge/appliance/workbench"
)

// tiny is a folder on a disk of 256 KiB, and fill leaves no room on it.
func tiny(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root mounts")
	}
	dir = t.TempDir()
	if err := syscall.Mount("tiny", dir, "tmpfs", 0, "size=256k"); err != nil {
		workbench.Lacks(t, "mounting: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for size := 64 << 10; size > 0; { // whole pages, then what is left
			if _, err := f.Write(make([]byte, size)); err != nil {
				size /= 2
			}
		}
	}
	return dir, fill, func() { _ = os.Remove(ballast) }
}

// TestFullDisk: a job that comes is refused and leaves nothing; one that runs goes on without its log, ends, and is
// known to have ended. What could not be recorded is done again by the next process.
func TestFullDisk(t *testing.T) {
	dir, fill, free := tiny(t)
	jobs := filepath.Join(dir, "jobs")
	begun, going := make(chan struct{}), make(chan struct{})
	runs := 0
	work := func(ctx context.Context, r *Run) (any, error) {
		if runs++; runs == 1 {
			close(begun)
			<-going
		}
		if n, err := r.Log.Write([]byte(strings.Repeat("words\n", 1000))); err != nil || n != 6000 {
			t.Errorf("the log stops the work: %d, %v", n, err)
		}
		return "made", nil
	}
	first := opened(t, jobs, work)
	running := added(t, first, "a@0.0.1")
	<-begun
	fill()
	if _, err := first.Add(t.Context(), "compose", "a@0.0.2", nil, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("adding to a full disk: %v", err)
	}
	close(going)
	if j := waited(t, first, running.ID); j.State != Done {
		t.Errorf("%+v", j)
	}
	if n := len(first.List()); n != 1 {
		t.Errorf("%d jobs", n)
	}
	first.close()
	free()
	second := opened(t, jobs, work)
	if j := waited(t, second, running.ID); j.State != Done || runs != 2 {
		t.Errorf("%+v after %d runs", j, runs)
	}
	if n := len(second.List()); n != 1 {
		t.Errorf("%d jobs after the restart", n)
	}
	if j := waited(t, second, added(t, second, "a@0.0.2").ID); j.State != Done {
		t.Errorf("%+v", j)
	}
}
