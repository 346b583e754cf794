package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/device"
	"edge/appliance/health"
	"edge/appliance/ostree"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
	"edge/appliance/unit"
	"edge/appliance/update"
)

// Exit codes. Scripts rely on them; exitCodes says what they mean.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInvalid     = 3
	exitNotFound    = 4
	exitRefused     = 5
	exitChanges     = 10
	exitInterrupted = 130
)

var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "success"},
	{exitFailure, "failure"},
	{exitUsage, "wrong usage"},
	{exitInvalid, "invalid input: an archive, a configuration, a profile; or an unhealthy device"},
	{exitNotFound, "not found"},
	{exitRefused, "refused: token, failed check or precondition, pinned or published release, immutable tag"},
	{exitChanges, "--dry-run found something to do"},
	{exitInterrupted, "interrupted"},
}

func exitCodesHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %3d  %s\n", e.code, e.meaning)
	}
	return b.String()
}

// Ends of the program that are no failures to explain.
var (
	errInterrupted = errors.New("interrupted")
	errChanges     = errors.New("the dry run found something to do")
)

// errNoProfile says that a builder does not know the blueprint of a URL.
var errNoProfile = errors.New("the builder has none there")

// usageError is a mistake in the words of the command line.
type usageError struct {
	error
	hint string
}

func (e usageError) Unwrap() error { return e.error }
func (e usageError) Hint() string  { return e.hint }

// invalidError is a fault in something that was given: an archive, a configuration, a file.
type invalidError struct {
	error
	hint string
}

func (e invalidError) Unwrap() error { return e.error }
func (e invalidError) Hint() string  { return e.hint }

// hinted is any other error with its cure.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }
func (e hinted) Hint() string  { return e.hint }

// statusCodes says how an HTTP status ends the program.
var statusCodes = map[int]int{
	http.StatusBadRequest:            exitInvalid,
	http.StatusRequestEntityTooLarge: exitInvalid,
	http.StatusUnprocessableEntity:   exitInvalid,
	http.StatusNotFound:              exitNotFound,
	http.StatusUnauthorized:          exitRefused,
	http.StatusForbidden:             exitRefused,
	http.StatusConflict:              exitRefused,
	http.StatusPreconditionFailed:    exitRefused,
}

// exitCode is the only place where an error becomes a number.
func exitCode(err error) int {
	var problem *client.Problem
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.As(err, new(usageError)):
		return exitUsage
	case errors.As(err, &problem):
		if code, known := statusCodes[problem.Status]; known {
			return code
		}
		return exitFailure
	case errors.As(err, new(invalidError)), errors.Is(err, errUnhealthy), errors.Is(err, profile.ErrInvalid),
		errors.Is(err, device.ErrUnfit), errors.Is(err, unit.ErrStyle), errors.Is(err, blueprint.ErrInvalid), errors.Is(err, ostree.ErrArchive):
		return exitInvalid
	case errors.Is(err, update.ErrEngine), errors.Is(err, health.ErrGreenboot):
		return exitRefused
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, update.ErrNoApp), errors.Is(err, quarantine.ErrNothing), errors.Is(err, errNoProfile):
		return exitNotFound
	}
	return exitFailure
}

// explain tells a person what went wrong, and on a line of its own what to try.
func explain(c console, err error) {
	if err == nil || errors.Is(err, errChanges) {
		return
	}
	fmt.Fprintf(c.err, "appliance: %s\n", printable(err.Error()))
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(c.err, "%s %s\n", paint(c.err, yellow, "hint:"), printable(hint))
	}
}

func hintFor(err error) string {
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Hint != "" {
		return problem.Hint
	}
	var with interface {
		error
		Hint() string
	}
	if errors.As(err, &with) {
		return with.Hint()
	}
	return ""
}

// printable keeps what strangers wrote from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\n' && r != '\t') || (r >= 0x7f && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, s)
}
