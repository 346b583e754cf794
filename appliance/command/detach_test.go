package command

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDetach(t *testing.T) {
	dir := t.TempDir()
	pid, err := Detach(Spec{Argv: []string{"sh", "-c", "echo $$ $(ps -o sid= -p $$ 2>/dev/null) $MORE > out.new; mv out.new out; exec sleep 30"}, Dir: dir, Env: []string{"MORE=more"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-pid, syscall.SIGKILL) }()
	for range 500 {
		if data, err := os.ReadFile(filepath.Join(dir, "out")); err == nil {
			if f := strings.Fields(string(data)); f[0] != strconv.Itoa(pid) || f[len(f)-1] != "more" {
				t.Errorf("%q, pid %d", data, pid)
			}
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if sid, err := syscall.Getpgid(pid); err != nil || sid != pid {
		t.Errorf("group %d of %d, %v", sid, pid, err)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for range 500 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a zombie stays")
}

func TestDetachMissing(t *testing.T) {
	if _, err := Detach(Spec{Argv: []string{"no-such-program"}}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
