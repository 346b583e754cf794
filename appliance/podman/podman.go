// Package podman is what a device's user runs: images, containers and the units around them, through the
// podman program and the user's systemd, as the user or by root on the user's behalf. It also asks a
// registry what a tag points at, which podman cannot do without pulling.
//
// It decides nothing: when to pull, restart or go back is the affair of who calls it.
package podman

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"edge/appliance/command"
)

// Causes.
var (
	ErrNoImage     = errors.New("no such image on this device")
	ErrNoContainer = errors.New("no such container")
	ErrUnknown     = errors.New("the registry does not tell")
)

// Runner runs programs. command.Programs is the real one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// Session is the user's podman and systemd.
type Session struct {
	run Runner
	as  *command.User
	env []string
}

// New gives the session of a user. Without a user it is this process's own; as another one only root can
// reach it. env is added to the environment of every program.
func New(run Runner, as *command.User, env ...string) *Session {
	return &Session{run, as, env}
}

func (s *Session) do(ctx context.Context, argv ...string) ([]byte, error) {
	return s.run.Run(ctx, command.Spec{Argv: argv, As: s.as, Env: s.env})
}

// podman runs podman and returns the first line of what it prints, as IDs are.
func (s *Session) podman(ctx context.Context, argv ...string) (string, error) {
	out, err := s.do(ctx, append([]string{"podman"}, argv...)...)
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line, err
}

// Version is podman's, as far as it changes what podman can do.
type Version struct{ Major, Minor int }

// String is the version as podman writes its beginning: 4.3.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// AtLeast reports whether v is the given version or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

var versionLine = regexp.MustCompile(`^podman version ([0-9]{1,4})\.([0-9]{1,4})(?:[.\-+~][0-9A-Za-z.\-+~]{0,64})?$`)

// ParseVersion reads what "podman --version" prints: "podman version 5.2.2-dev".
func ParseVersion(line string) (Version, error) {
	m := versionLine.FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return Version{}, fmt.Errorf("reading podman's version: %q is none", cut(line, 80))
	}
	major, _ := strconv.Atoi(m[1]) // digits, as the expression says
	minor, _ := strconv.Atoi(m[2])
	return Version{major, minor}, nil
}

// Version asks podman for its version.
func (s *Session) Version(ctx context.Context) (Version, error) {
	line, err := s.podman(ctx, "--version")
	if err != nil {
		return Version{}, err
	}
	return ParseVersion(line)
}

// Reason is an error on one line, short enough for a table: what a program said last, without its name.
func Reason(err error) string {
	text := err.Error()
	var failed *command.Error
	if errors.As(err, &failed) {
		lines := strings.Split(strings.TrimSpace(failed.Stderr), "\n")
		if last := strings.TrimPrefix(lines[len(lines)-1], "Error: "); last != "" {
			text = last
		} else {
			text = fmt.Sprintf("%s ended with status %d", failed.Argv[0], failed.Exit)
		}
	}
	const most = 300
	return cut(strings.Join(strings.Fields(text), " "), most)
}

// cut drops what is not printable, and everything beyond most bytes. Cutting twice changes nothing.
func cut(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-len("…")], "") + "…"
	}
	return text
}
