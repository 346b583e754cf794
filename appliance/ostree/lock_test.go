package ostree

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	r := newRepo(t, Options{})
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	for _, tt := range []struct {
		held, wanted lockKind
		ok           bool
	}{{shared, shared, true}, {shared, exclusive, false}, {exclusive, shared, false}, {exclusive, exclusive, false}} {
		unlock, err := r.lock(t.Context(), tt.held)
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.lock(soon(), tt.wanted)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("lock %d while %d is held: %v, want granted: %v", tt.wanted, tt.held, err, tt.ok)
		}
		if err == nil {
			second()
		}
		unlock()
		if second, err = r.lock(soon(), tt.wanted); err != nil {
			t.Errorf("lock %d after %d was given back: %v", tt.wanted, tt.held, err)
		} else {
			second()
		}
	}
	r.config.LockTimeout = 10 * time.Millisecond
	unlock, err := r.lock(t.Context(), exclusive)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := r.lock(t.Context(), shared); !errors.Is(err, ErrLocked) {
		t.Errorf("lock after the config's timeout: %v, want ErrLocked", err)
	}
}

// libostree's programs and this package exclude each other: a prune waits for our lock, shared or
// exclusive, a new summary only for the exclusive one.
func TestLockAgainstCLI(t *testing.T) {
	needProgram(t, "ostree")
	r := newRepo(t, Options{})
	one := importSample(t, r, "0.0.1", "")
	point(t, r, one)
	config := filepath.Join(r.dir, "config")
	if err := os.WriteFile(config, []byte(newConfig+"lock-timeout-secs=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind lockKind
		args []string
		ok   bool
	}{
		{exclusive, []string{"prune", "--refs-only"}, false},
		{shared, []string{"prune", "--refs-only"}, false},
		{exclusive, []string{"summary", "-u"}, false},
		{shared, []string{"summary", "-u"}, true},
	} {
		unlock, err := r.lock(t.Context(), tt.kind)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ostree", append(tt.args, "--repo="+r.dir)...).CombinedOutput()
		if (err == nil) != tt.ok {
			t.Errorf("ostree %v while we hold lock %d: %v %s, want success: %v", tt.args, tt.kind, err, out, tt.ok)
		}
		unlock()
	}
	if _, err := tryOSTree(t, "prune", "--refs-only", "--repo="+r.dir); err != nil {
		t.Errorf("ostree prune after we gave the lock back: %v", err)
	}
	if err := r.Complete(one); err != nil {
		t.Errorf("the held release after ostree prune: %v", err)
	}
}
