// Package command runs external programs and turns their failures into errors that a person can
// act on. It knows no program in particular, but for the name of the package that brings it.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// ErrNotFound is the cause when a program is not installed.
var ErrNotFound = errors.New("program not found")

// errTooMuch is the cause when a program writes more than maxOutput.
var errTooMuch = fmt.Errorf("more than %d MiB of output", maxOutput>>20)

const (
	maxOutput = 16 << 20        // of standard output
	maxStderr = 4 << 10         // the last words that an Error keeps
	patience  = 2 * time.Second // between SIGTERM and SIGKILL
)

// Spec is a program to run. Argv[0] is looked up on PATH.
type Spec struct {
	Argv  []string
	Env   []string // added to the environment; may carry secrets and is never part of an error
	Dir   string   // "": where this process is
	As    *User    // nil: as this process
	Stdin []byte
	// Stdout takes standard output instead of Run's answer, also that of a program that fails; its error
	// ends the program's output. nil: Run returns it.
	Stdout io.Writer
}

// Programs runs programs for rooms that want to be handed what runs them.
type Programs struct{}

// Run is the function of that name.
func (Programs) Run(ctx context.Context, s Spec) ([]byte, error) { return Run(ctx, s) }

// Output is Run with what most programs need.
func Output(ctx context.Context, env []string, argv ...string) ([]byte, error) {
	return Run(ctx, Spec{Argv: argv, Env: env})
}

// Run runs a program and returns its standard output, at most 16 MiB. When ctx ends the program and
// all it started get SIGTERM and two seconds later SIGKILL. Messages are asked for in English.
func Run(ctx context.Context, s Spec) ([]byte, error) {
	if len(s.Argv) == 0 {
		return nil, errors.New("running a program: no name given")
	}
	name := s.Argv[0]
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("running %q: %w: %s", name, ErrNotFound, cure(name))
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &head{limit: maxOutput, full: func() { cancel(errTooMuch) }}
	errs := &tail{limit: maxStderr}
	cmd := exec.CommandContext(within, path, s.Argv[1:]...)
	cmd.Args[0], cmd.Dir = name, s.Dir
	cmd.Env = append(append(os.Environ(), "LC_ALL=C.UTF-8"), s.Env...)
	cmd.Stdout, cmd.Stderr = out, errs
	if s.Stdout != nil {
		cmd.Stdout = s.Stdout
	}
	if s.Stdin != nil {
		cmd.Stdin = bytes.NewReader(s.Stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.As != nil {
		s.As.become(cmd, s.Env)
	}
	err = run(cmd)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("running %q: %w", name, ctx.Err())
	case within.Err() != nil:
		return nil, fmt.Errorf("running %q: %w", name, context.Cause(within))
	case cmd.ProcessState == nil:
		return nil, fmt.Errorf("starting %q: %w", name, err)
	case !cmd.ProcessState.Success():
		return nil, &Error{Argv: s.Argv, Exit: cmd.ProcessState.ExitCode(), Stderr: censor(errs.String(), s.Env)}
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // a daemon that holds the pipe is no fault
		return nil, fmt.Errorf("running %q: %w", name, err)
	}
	return out.kept.Bytes(), nil
}

// run ends the program together with its process group, which is all that it started.
func run(cmd *exec.Cmd) error {
	signal := func(s syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, s) }
	var last *time.Timer
	cmd.Cancel = func() error {
		last = time.AfterFunc(patience, func() { _ = signal(syscall.SIGKILL) })
		return signal(syscall.SIGTERM)
	}
	cmd.WaitDelay = patience + time.Second
	err := cmd.Run()
	if last != nil && last.Stop() {
		// The program has gone in time; what it started may not have listened.
		_ = signal(syscall.SIGKILL)
	}
	return err
}

// Have reports whether a program is on PATH.
func Have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// packages brings programs whose package is named otherwise, first as dnf then as apt calls it.
var packages = map[string][2]string{
	"gpg": {"gnupg2", "gnupg"},
}

func cure(program string) string {
	names, known := packages[program]
	if !known {
		names = [2]string{program, program}
	}
	return fmt.Sprintf("install it with %q or %q", "dnf install "+names[0], "apt install "+names[1])
}
