//go:build containers_image_openpgp

package osbuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/command"
)

// TestCancel ends a build that hears, one that has to be told twice, and one that does not hear.
func TestCancel(t *testing.T) {
	for _, deaf := range []string{"", "once", "always"} {
		t.Run("deaf"+deaf, func(t *testing.T) {
			s := newScene(t)
			s.wanted = true
			t.Setenv("FAKE_DEAF", deaf)
			s.backend.Grace = time.Second
			s.hang()
			done := s.started()
			s.until("org.osbuild.rpm")
			s.cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if s.build().leader() != 0 {
				t.Error("the build goes on")
			}
			if left, _ := os.ReadDir(filepath.Join(s.backend.Store, "tmp")); len(left) > 0 {
				t.Errorf("left in the store: %v", left)
			}
			if told := strings.Contains(s.log.String(), "it is killed"); told != (deaf == "always") {
				t.Errorf("killed: %v\n%s", told, s.log)
			}
		})
	}
}

// TestCancelWhileDepsolving ends the depsolver, and no build begins.
func TestCancelWhileDepsolving(t *testing.T) {
	s := newScene(t)
	s.wanted = true
	t.Setenv("FAKE_MUTE", "depsolve")
	done := s.started()
	s.until("resolving packages")
	s.cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if s.build().begun() {
		t.Error("a build was begun")
	}
}

// TestCancelEarly ends a build whose shell has not come to life yet: when it does, it builds nothing.
func TestCancelEarly(t *testing.T) {
	s := newScene(t)
	s.wanted = true
	s.hang()
	var late command.Spec
	s.backend.Detach = func(spec command.Spec) (int, error) {
		late = spec
		return 0, nil
	}
	done := s.started()
	s.until("building")
	s.cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := command.Detach(late); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if _, ended := s.build().exit(); ended {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if code, ended := s.build().exit(); !ended || code == 0 {
		t.Errorf("the shell ended: %v, with code %d", ended, code)
	}
	if _, err := os.Stat(filepath.Join(s.backend.Store, "tmp")); !os.IsNotExist(err) {
		t.Errorf("osbuild was started: %v", err)
	}
}

// TestCancelWhileStarting ends what asks for a unit, when the unit runs already.
func TestCancelWhileStarting(t *testing.T) {
	s := newScene(t)
	s.wanted = true
	s.hang()
	s.backend.Detach = func(spec command.Spec) (int, error) {
		if _, err := command.Detach(spec); err != nil {
			return 0, err
		}
		for !s.build().started() {
			time.Sleep(10 * time.Millisecond)
		}
		s.cancel()
		return 0, s.ctx.Err()
	}
	if _, err := s.make(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if s.build().leader() != 0 {
		t.Error("the build goes on")
	}
}

// TestTakenUp is a process that ends while the build goes on, and the next one.
func TestTakenUp(t *testing.T) {
	s := newScene(t)
	release := s.hang()
	done := s.started()
	s.until("org.osbuild.rpm")
	s.cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	pid := s.build().leader()
	if pid == 0 {
		t.Fatal("the build ended with the process")
	}
	release()
	s.ctx, s.cancel = context.WithCancel(t.Context())
	s.order.Resumed, s.progress = true, nil
	made, err := s.make()
	s.check(made, err)
	if n := strings.Count(s.log.String(), "Starting module org.osbuild.locale"); n != 1 {
		t.Errorf("the log tells of a stage %d times", n)
	}
}

// TestTakenUpLate finds a build that ended while nobody looked.
func TestTakenUpLate(t *testing.T) {
	s := newScene(t)
	release := s.hang()
	done := s.started()
	s.until("org.osbuild.rpm")
	s.cancel()
	<-done
	release()
	for range 500 {
		if _, ended := s.build().exit(); ended {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.ctx, s.cancel = context.WithCancel(t.Context())
	s.order.Resumed = true
	made, err := s.make()
	s.check(made, err)
}

// TestKilled finds a build that somebody killed, shell and all, such as a power cut does.
func TestKilled(t *testing.T) {
	s := newScene(t)
	s.hang()
	done := s.started()
	s.until("org.osbuild.rpm")
	_ = syscall.Kill(-s.build().leader(), syscall.SIGKILL)
	if err := <-done; !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.backend.Store, "tmp")); len(left) > 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestTimeout(t *testing.T) {
	s := newScene(t)
	s.backend.Timeout = time.Second
	s.hang()
	if _, err := s.make(); !errors.Is(err, ErrTimeout) || s.build().leader() != 0 {
		t.Errorf("%v", err)
	}
}
