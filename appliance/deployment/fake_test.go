package deployment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/command"
)

// answers is a machine on which each command line has its answer. A line with several answers gives
// them one after the other and stays with the last.
type answers struct {
	*testing.T
	says map[string][]string
	ran  []string
}

func (a *answers) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	line := strings.Join(s.Argv, " ")
	a.ran = append(a.ran, line)
	said, known := a.says[line]
	if !known {
		for other := range a.says {
			if strings.HasPrefix(other, s.Argv[0]+" ") {
				return nil, &command.Error{Argv: s.Argv, Exit: 1, Stderr: "unknown"}
			}
		}
		return nil, fmt.Errorf("running %q: %w", s.Argv[0], command.ErrNotFound)
	}
	if len(said) > 1 {
		a.says[line] = said[1:]
	}
	if exit, failed := strings.CutPrefix(said[0], "exit "); failed {
		var n int
		fmt.Sscan(exit, &n)
		return nil, &command.Error{Argv: s.Argv, Exit: n}
	}
	return []byte(said[0]), nil
}

// changed lists the command lines that do more than look.
func (a *answers) changed() []string {
	var did []string
	for _, line := range a.ran {
		looking := false
		for _, verb := range []string{" status", " --version", " --help", " show ", " rev-parse ", " pull ", " --check", " db diff"} {
			looking = looking || strings.Contains(line+" ", verb)
		}
		if !looking {
			did = append(did, line)
		}
	}
	return did
}

func sample(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// machine is a system of a kind whose status is that of a sample.
func machine(t *testing.T, kind Kind, status ...string) (*System, *answers) {
	t.Helper()
	a := &answers{T: t, says: map[string][]string{}}
	line := map[Kind]string{RPMOSTree: "rpm-ostree status --json", Bootc: "bootc status --json", OSTree: "ostree admin status"}[kind]
	for _, name := range status {
		a.says[line] = append(a.says[line], sample(t, name))
	}
	return &System{kind: kind, run: a}, a
}

// commit is the checksum that the samples use for a number.
func commit(n byte) string { return strings.Repeat(fmt.Sprintf("%02x", n), 32) }

func digest(n byte) string { return "sha256:" + commit(n) }
