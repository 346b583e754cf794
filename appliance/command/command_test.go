package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOutput(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		env          []string
		out          string
		want         []string // in the error; none means success
		wantNot      string
	}{
		{name: "success", script: "echo hello; echo noise >&2", out: "hello\n"},
		{name: "environment", script: "echo $COLOUR", env: []string{"COLOUR=blue"}, out: "blue\n"},
		{name: "no standard input", script: "cat", out: ""},
		{name: "failure", script: "echo 'no such ref' >&2; exit 4", want: []string{"running sh -c", "exit status 4", ": no such ref"}},
		{name: "silent failure", script: "exit 1", want: []string{"exit status 1"}},
		{name: "signal", script: "kill -9 $$", want: []string{"ended by a signal"}},
		{name: "long last words", script: "head -c 9000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1", want: []string{"…xxx", "the end"}},
		{name: "secret repeated", script: "echo bad token $API_TOKEN >&2; exit 1", env: []string{"API_TOKEN=s3cret-s3cret"},
			want: []string{"bad token [hidden]"}, wantNot: "s3cret"},
		{name: "too much", script: "head -c 17000000 /dev/zero", want: []string{"more than 16 MiB of output"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Output(t.Context(), tt.env, "sh", "-c", tt.script)
			if len(tt.want) == 0 {
				if err != nil || string(out) != tt.out {
					t.Errorf("Output = %q, %v, want %q", out, err, tt.out)
				}
				return
			}
			if err == nil {
				t.Fatalf("Output = %d bytes, want an error with %q", len(out), tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if tt.wantNot != "" && strings.Contains(err.Error(), tt.wantNot) {
				t.Errorf("error %q tells %q", err, tt.wantNot)
			}
			if len(err.Error()) > maxStderr+200 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestErrorCarriesTheExitStatus(t *testing.T) {
	_, err := Output(t.Context(), nil, "sh", "-c", "exit 7")
	var failed *Error
	if !errors.As(err, &failed) || failed.Exit != 7 {
		t.Errorf("error = %#v, want exit 7", err)
	}
}

func TestNotFound(t *testing.T) {
	for program, want := range map[string]string{"no-such-program-x": "dnf install no-such-program-x", "": "no name given"} {
		var argv []string
		if program != "" {
			argv = []string{program, "argument"}
		}
		_, err := Output(t.Context(), nil, argv...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Output(%q) error = %v, want %q", program, err, want)
		}
		if program != "" && !errors.Is(err, ErrNotFound) {
			t.Errorf("error %v is not ErrNotFound", err)
		}
	}
	if Have("no-such-program-x") || !Have("sh") {
		t.Error("Have is wrong")
	}
	if got := cure("gpg"); !strings.Contains(got, "dnf install gnupg2") || !strings.Contains(got, "apt install gnupg") {
		t.Errorf("cure(gpg) = %s", got)
	}
}

// A program that ignores SIGTERM is killed, and so is what it started.
func TestCancelEndsTheWholeGroup(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Output(ctx, []string{"DIR=" + dir}, "sh", "-c", "trap '' TERM; sleep 60 & echo $! > $DIR/pid.tmp; mv $DIR/pid.tmp $DIR/pid; wait; wait")
		done <- err
	}()
	pid := waitForPid(t, filepath.Join(dir, "pid"))
	start := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	if took := time.Since(start); took > 2*patience {
		t.Errorf("ended after %v", took)
	}
	for range 100 {
		if gone(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d survived", pid)
}

// gone reports whether a process has ended; a zombie that nobody has waited for yet counts.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func waitForPid(t *testing.T, file string) int {
	t.Helper()
	for range 500 {
		if b, err := os.ReadFile(file); err == nil {
			pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the program did not start")
	return 0
}

func TestLine(t *testing.T) {
	got := line([]string{"ostree", "commit", "--subject=two words", "", "$HOME"})
	if want := `ostree commit "--subject=two words" "" "$HOME"`; got != want {
		t.Errorf("line = %s, want %s", got, want)
	}
	if got := line(make([]string, 50)); !strings.HasSuffix(got, " …") {
		t.Errorf("a long line is not cut: %s", got)
	}
}
