//go:build containers_image_openpgp

package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/osbuild/images/pkg/depsolvednf"
	"github.com/osbuild/images/pkg/rhsm"
	"github.com/osbuild/images/pkg/rpmmd"

	"edge/appliance/command"
)

// Runner runs programs; command.Programs is one.
type Runner interface {
	Run(context.Context, command.Spec) ([]byte, error)
}

// Solver asks osbuild-depsolve-dnf. Its memory of repositories lies in Cache.
type Solver struct {
	Program  string // path, or a name on PATH
	Protocol Protocol
	Cache    string
	Run      Runner
	// Subscriptions of the host, asked for only where a repository needs one; nil: the host's own.
	Subscriptions func() (*rhsm.Subscriptions, error)
}

// maxAnswer bounds an answer: with the files of every package, one for 500 packages has about 10 MiB.
const maxAnswer = 64 << 20

// Places where osbuild-depsolve-dnf may be, after $OSBUILD_DEPSOLVE_DNF and PATH.
var places = []string{"/usr/libexec/osbuild-depsolve-dnf", "/usr/lib/osbuild/osbuild-depsolve-dnf"}

// FindSolver is the depsolver of this host, or "".
func FindSolver() string {
	if file := os.Getenv("OSBUILD_DEPSOLVE_DNF"); file != "" {
		return file
	}
	if command.Have("osbuild-depsolve-dnf") {
		return "osbuild-depsolve-dnf"
	}
	for _, file := range places {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// Depsolve finds the packages of a chain of sets. What cannot be found is ErrPackages.
func (s *Solver) Depsolve(ctx context.Context, t Target, sets []rpmmd.PackageSet) (depsolvednf.DepsolveResult, error) {
	rhsmRepos := map[string]bool{}
	for _, set := range sets {
		for _, r := range set.Repositories {
			if r.RHSM {
				rhsmRepos[r.Hash()] = true
			}
		}
	}
	var subscriptions *rhsm.Subscriptions
	if len(rhsmRepos) > 0 {
		load := s.Subscriptions
		if load == nil {
			load = rhsm.LoadSystemSubscriptions
		}
		var err error
		if subscriptions, err = load(); err != nil {
			return depsolvednf.DepsolveResult{}, fmt.Errorf("%w: %w; register it: subscription-manager register", ErrSubscription, err)
		}
	}
	asked, err := ask(s.Protocol, t, filepath.Join(s.Cache, t.Distro+"-"+t.Arch), sets, subscriptions)
	if err != nil {
		return depsolvednf.DepsolveResult{}, err
	}
	out := &bounded{limit: maxAnswer}
	_, err = s.Run.Run(ctx, command.Spec{Argv: []string{s.Program}, Stdin: asked, Stdout: out})
	if failed := (*command.Error)(nil); errors.As(err, &failed) {
		if kind, reason, ok := parseFault(out.kept.Bytes(), sets); ok {
			return depsolvednf.DepsolveResult{}, fmt.Errorf("%w: %s (%s)", ErrPackages, reason, kind)
		}
	}
	if err != nil {
		return depsolvednf.DepsolveResult{}, err
	}
	return parseAnswer(out.kept.Bytes(), rhsmRepos)
}

// bounded keeps what a program writes, up to a limit.
type bounded struct {
	kept  bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.limit {
		return 0, fmt.Errorf("more than %d MiB of output", b.limit>>20)
	}
	return b.kept.Write(p)
}
