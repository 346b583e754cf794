package command

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Detach starts a program that goes on when this process ends: in a session of its own, its standard
// streams on /dev/null. It returns the program's process ID, which is that of its process group too.
func Detach(s Spec) (pid int, err error) {
	path, err := exec.LookPath(s.Argv[0])
	if err != nil {
		return 0, fmt.Errorf("starting %q: %w: %s", s.Argv[0], ErrNotFound, cure(s.Argv[0]))
	}
	cmd := exec.Command(path, s.Argv[1:]...)
	cmd.Args[0], cmd.Dir = s.Argv[0], s.Dir
	cmd.Env = append(append(os.Environ(), "LC_ALL=C.UTF-8"), s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %q: %w", s.Argv[0], err)
	}
	// Nobody waits for the program, whose end is told by files; but while this process lives it is the one
	// that has to take note of its death, or a zombie stays.
	go func() { _ = cmd.Wait() }()
	return cmd.Process.Pid, nil
}
