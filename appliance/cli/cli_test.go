package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

// Every command explains itself, with an example that begins with the program's name.
func TestHelp(t *testing.T) {
	root := newRoot(console{strings.NewReader(""), io.Discard, io.Discard}, &globals{})
	seen := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		seen++
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if !strings.Contains(cmd.Example, "appliance ") || !strings.HasPrefix(cmd.Example, "  ") {
			t.Errorf("%s has no example: %q", cmd.CommandPath(), cmd.Example)
		}
		if cmd.RunE == nil || cmd.Run != nil {
			t.Errorf("%s does not run with an error", cmd.CommandPath())
		}
		if cmd.Args == nil && cmd.Name() != "help" {
			t.Errorf("%s takes any arguments", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	if seen < 24 {
		t.Errorf("%d commands", seen)
	}
}

func TestExitCode(t *testing.T) {
	problem := func(status int) error { return fmt.Errorf("x: %w", &client.Problem{Status: status}) }
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {usageError{errors.New("x"), ""}, 2},
		{problem(400), 3}, {problem(413), 3}, {problem(422), 3}, {problem(404), 4},
		{problem(401), 5}, {problem(403), 5}, {problem(409), 5}, {problem(412), 5},
		{problem(500), 1}, {problem(501), 1}, {problem(503), 1}, {problem(507), 1},
		{invalidError{errors.New("x"), ""}, 3}, {fmt.Errorf("x: %w", blueprint.ErrInvalid), 3},
		{hinted{fmt.Errorf("x: %w", fs.ErrNotExist), ""}, 4},
		{errChanges, 10}, {errInterrupted, 130},
	} {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
	for _, e := range exitCodes {
		if !strings.Contains(exitCodesHelp(), e.meaning) {
			t.Errorf("help does not tell exit code %d", e.code)
		}
	}
}

func TestReport(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""}, {errChanges, ""},
		{errors.New("x\x1b[2Jy"), "appliance: x\uFFFD[2Jy\n"},
		{hinted{errors.New("x"), "do y"}, "appliance: x\nhint: do y\n"},
		{fmt.Errorf("x: %w", &client.Problem{Detail: "d", Hint: "h"}), "appliance: x: d\nhint: h\n"},
		{&client.UnreachableError{Server: "http://h", Err: errors.New("refused")},
			"appliance: reaching the server http://h: refused\nhint: is \"appliance serve\" running there? --server or APPLIANCE_SERVER names another\n"},
	} {
		var out strings.Builder
		explain(console{nil, nil, &out}, tt.err)
		if out.String() != tt.want {
			t.Errorf("explain(%v) = %q, want %q", tt.err, out.String(), tt.want)
		}
	}
}

func TestMainAsAFunction(t *testing.T) {
	var out, errs strings.Builder
	if code := Main([]string{"version"}, strings.NewReader(""), &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "appliance ") || errs.String() != "" {
		t.Errorf("version = %d, %q, %q", code, out.String(), errs.String())
	}
}

// Root and users keep their data apart.
func TestDefaultData(t *testing.T) {
	if os.Geteuid() == 0 {
		if got := defaultData(); got != "/var/lib/appliance" {
			t.Errorf("defaultData = %q", got)
		}
		return
	}
	t.Setenv("XDG_STATE_HOME", "/state")
	if got := defaultData(); got != "/state/appliance" {
		t.Errorf("defaultData = %q", got)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/home/x")
	if got := defaultData(); got != "/home/x/.local/state/appliance" {
		t.Errorf("defaultData = %q", got)
	}
}
