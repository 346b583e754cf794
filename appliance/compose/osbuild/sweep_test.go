//go:build containers_image_openpgp

package osbuild

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/workbench"
)

// TestSweepMounts takes down what is mounted before it removes, so that nothing is removed through a mount.
func TestSweepMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root mounts")
	}
	precious := filepath.Join(t.TempDir(), "file")
	write(t, precious, "precious")
	disk, store := filepath.Join(t.TempDir(), "#2"), filepath.Join(t.TempDir(), "store")
	if err := errors.Join(os.Mkdir(disk, 0o755), os.Symlink(disk, store)); err != nil { // moved to a larger disk
		t.Fatal(err)
	}
	b := &Backend{Store: store}
	at := filepath.Join(b.Store, "tmp", "osbuild-tmp-1", "a b")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(filepath.Dir(precious), at, "", syscall.MS_BIND, ""); err != nil {
		workbench.Lacks(t, "mounting: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
	var log bytes.Buffer
	b.sweep(&log)
	if left, err := os.ReadDir(filepath.Join(b.Store, "tmp")); err != nil || len(left) > 0 || log.Len() > 0 {
		t.Errorf("left %v, %v, %s", left, err, &log)
	}
	if data, err := os.ReadFile(precious); err != nil || string(data) != "precious" {
		t.Errorf("what was mounted: %q, %v", data, err)
	}
}

// TestSweepSpares the store that another server's osbuild works on.
func TestSweepSpares(t *testing.T) {
	b := &Backend{Store: t.TempDir()}
	tree := filepath.Join(b.Store, "tmp", "osbuild-tmp-1")
	program := filepath.Join(t.TempDir(), "osbuild")
	if err := errors.Join(os.MkdirAll(tree, 0o755), os.WriteFile(program, []byte("#!/bin/sh\nread -r line <\"$3\"\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	gate := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	pid, err := command.Detach(command.Spec{Argv: []string{program, "--store", b.Store, gate}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
	for range 500 {
		if busy(b.Store) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.sweep(os.Stderr)
	if _, err := os.Stat(tree); err != nil {
		t.Errorf("the tree of a build that goes on: %v", err)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for range 500 {
		if !busy(b.Store) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.sweep(os.Stderr)
	if _, err := os.Stat(tree); !os.IsNotExist(err) {
		t.Errorf("the tree of a build that has gone: %v", err)
	}
}

func TestMountsBelow(t *testing.T) {
	table := filepath.Join(t.TempDir(), "mounts")
	write(t, table, "proc /proc proc rw 0 0\ntmpfs /s/tmp/a tmpfs rw 0 0\ntmpfs /s/tmp/a/b\\040c tmpfs rw 0 0\ntmpfs /s/tmpx tmpfs rw 0 0\n")
	if got, err := mountsBelow(table, "/s/tmp"); err != nil || len(got) != 2 || got[0] != "/s/tmp/a/b c" || got[1] != "/s/tmp/a" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := mountsBelow(table+"x", "/s/tmp"); err == nil {
		t.Errorf("without a table there is nothing mounted: %q", got)
	}
}

// What osbuild mounts is nowhere but in its own namespace, so that nothing stays of a killed one.
func TestMountsApart(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root mounts")
	}
	s := newScene(t)
	t.Setenv("FAKE_MOUNT", "1")
	s.hang()
	done := s.started()
	s.until("org.osbuild.rpm")
	if seen, err := mountsBelow("/proc/self/mounts", s.backend.Store); err != nil || len(seen) > 0 {
		t.Errorf("mounted for all to see: %q, %v", seen, err)
	}
	inside, err := mountsBelow(fmt.Sprintf("/proc/%d/mounts", s.child()), s.backend.Store)
	if err != nil || len(inside) != 1 {
		t.Errorf("mounted for osbuild: %q, %v", inside, err)
	}
	_ = syscall.Kill(-s.build().leader(), syscall.SIGKILL)
	if err := <-done; !errors.Is(err, ErrBuild) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.backend.Store, "tmp")); len(left) > 0 {
		t.Errorf("left in the store: %v", left)
	}
}

// child is the process below the shell of the build.
func (s *scene) child() (pid int) {
	s.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", s.build().leader()))
	if _, scan := fmt.Sscan(string(children), &pid); err != nil || scan != nil {
		s.t.Fatal(err, scan)
	}
	return pid
}
