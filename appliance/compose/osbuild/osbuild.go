//go:build containers_image_openpgp

package osbuild

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/compose"
	"edge/appliance/compose/manifest"
)

// Causes.
var (
	ErrProgram   = errors.New("osbuild cannot be used")
	ErrBuild     = errors.New("build failed")
	ErrDisk      = errors.New("not enough room on the disk")
	ErrTimeout   = errors.New("build took too long")
	ErrManifest  = errors.New("this osbuild does not know the manifest")
	ErrPrivilege = errors.New("only root can build")
)

// Versions of osbuild from which something is there.
const (
	oldest   = 120 // older ones were never tried
	librepo  = 141 // its librepo source; 138 has one, which was not tried
	protocol = 170 // version 2 of the depsolver's protocol
)

// Room that a build takes at most and at least: packages, a build root, the tree twice, the commit twice.
const (
	wantFree = 12 << 30
	needFree = 6 << 30
)

// Backend composes with osbuild; it is a release.Composer.
type Backend struct {
	Store        string // osbuild's cache of sources and trees
	Cache        int64  // bytes that it may have
	Repositories []string
	Packed       []byte // repositories that travel in the program
	Timeout      time.Duration
	Root         string // where etc/os-release is; "": /
	Run          manifest.Runner
	Grace        time.Duration                           // between SIGINT and SIGKILL; 0: two minutes
	Patience     time.Duration                           // with osbuild's answers to short questions; 0: one minute
	Free         func(dir string) (int64, error)         // bytes left; nil: asks the system
	Detach       func(command.Spec) (pid int, err error) // nil: command.Detach
	Anybody      bool                                    // do not insist on being root: osbuild is not the real one
}

// Make composes an order. What is there of a build that was begun is taken up.
func (b *Backend) Make(ctx context.Context, o compose.Order) (compose.Composed, error) {
	build := &build{dir: filepath.Join(o.Dir, "build"), backend: b, order: o}
	if o.Resumed && build.begun() {
		if err := build.recall(); err != nil {
			return compose.Composed{}, fmt.Errorf("taking up the build of %q: %w", o.ID, err)
		}
		if err := o.Log.Cut(build.Log); err != nil { // what the build says is said again
			return compose.Composed{}, err
		}
	} else if err := b.begin(ctx, build); err != nil {
		return compose.Composed{}, fmt.Errorf("composing %q: %w", o.ID, err)
	}
	if err := build.follow(ctx); err != nil {
		return compose.Composed{}, fmt.Errorf("composing %q: %w", o.ID, err)
	}
	return build.composed(), nil
}

// begin has a manifest made and starts a build.
func (b *Backend) begin(ctx context.Context, build *build) error {
	o := build.order
	o.Report(compose.Progress{Phase: compose.Depsolving, Stage: "looking at the host"})
	if os.Geteuid() != 0 && !b.Anybody {
		return fmt.Errorf("%w: start the server as root", ErrPrivilege)
	}
	version, err := b.Version(ctx)
	if err != nil {
		return err
	}
	target, err := b.Target(o.Distro)
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(build.dir), os.MkdirAll(build.dir, 0o755), os.MkdirAll(b.Store, 0o755)); err != nil {
		return err
	}
	if err := b.checkDisk(o.Log, o.Dir, b.Store); err != nil {
		return err
	}
	made, err := b.resolve(ctx, build, target, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Log, "%s: %d packages%s\n", target, made.Count, toFetch(made.Download))
	if err := b.inspect(ctx, made.JSON); err != nil {
		return err
	}
	build.facts = facts{Export: made.Export, Packages: made.Counts, Target: target.String(), Version: version, Log: o.Log.Size(), Started: time.Now()}
	if err := build.keep(made); err != nil {
		return err
	}
	err = build.start(ctx)
	if err != nil && o.Cancelled() {
		build.end() // what asked for it was ended, and it may have begun all the same
	}
	return err
}

// toFetch is what is to be fetched at most: what the store has is not fetched again.
func toFetch(size uint64) string {
	if size == 0 { // the depsolver's older protocol does not tell
		return ""
	}
	return fmt.Sprintf(", %d MiB with those of the build root", size>>20)
}

// resolve finds the packages.
func (b *Backend) resolve(ctx context.Context, build *build, target manifest.Target, version int) (manifest.Made, error) {
	o := build.order
	repositories, err := manifest.Repositories(target, b.Repositories, b.Packed)
	if err != nil {
		return manifest.Made{}, err
	}
	solver := &manifest.Solver{Program: manifest.FindSolver(), Protocol: manifest.Protocol1, Cache: filepath.Join(b.Store, "rpmmd"), Run: b.Run}
	if version >= protocol {
		solver.Protocol = manifest.Protocol2
	}
	if solver.Program == "" {
		return manifest.Made{}, fmt.Errorf("%w: osbuild-depsolve-dnf is missing; dnf install -y osbuild-depsolve-dnf", ErrProgram)
	}
	trim(solver.Cache)
	o.Report(compose.Progress{Phase: compose.Depsolving, Stage: "resolving packages for " + target.String()})
	within, stop := ctx, context.CancelFunc(func() {})
	if b.Timeout > 0 {
		within, stop = context.WithTimeout(ctx, b.Timeout)
	}
	defer stop()
	made, err := manifest.Make(within, manifest.Request{
		Target: target, Blueprint: o.Blueprint, Version: string(o.ID.Version), Ref: cmp.Or(string(o.Ref), target.Ref),
		Parent: string(o.Parent), Repository: o.Repository, Repositories: repositories, Librepo: version >= librepo, Seed: seed(o),
	}, solver)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return manifest.Made{}, fmt.Errorf("%w: %s is still resolving packages after %s; [compose] timeout allows for more", ErrTimeout, solver.Program, b.Timeout)
	}
	return made, err
}

// seed is the same for the same version of a blueprint, so that a manifest is made again with equal bytes.
func seed(o compose.Order) int64 {
	var n int64
	for _, c := range []byte(o.ID.String()) {
		n = n*31 + int64(c)
	}
	return n
}

var versionForm = regexp.MustCompile(`^osbuild (\d{1,6})\b`)

// Version is that of the osbuild that is installed; too old a one is ErrProgram.
func (b *Backend) Version(ctx context.Context) (int, error) {
	out, err := b.ask(ctx, command.Spec{Argv: []string{"osbuild", "--version"}})
	if errors.Is(err, command.ErrNotFound) {
		return 0, fmt.Errorf("%w: it is not installed; %s", ErrProgram, installing)
	}
	if errors.Is(err, ErrProgram) || ctx.Err() != nil {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrProgram, err)
	}
	parts := versionForm.FindSubmatch(bytes.TrimSpace(out))
	if parts == nil {
		return 0, fmt.Errorf("%w: it calls its version %.60q", ErrProgram, out)
	}
	version, _ := strconv.Atoi(string(parts[1])) // digits
	if version < oldest {
		return version, fmt.Errorf("%w: version %d is too old, %d is needed; dnf upgrade osbuild, or use the backend weldr", ErrProgram, version, oldest)
	}
	return version, nil
}

// ask puts a short question to osbuild, which a broken one may never answer.
func (b *Backend) ask(ctx context.Context, s command.Spec) ([]byte, error) {
	patience := cmp.Or(b.Patience, time.Minute)
	within, stop := context.WithTimeout(ctx, patience)
	defer stop()
	out, err := b.Run.Run(within, s)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %q gave no answer within %s; try it by hand", ErrProgram, strings.Join(s.Argv, " "), patience)
	}
	return out, err
}

// installing brings everything that the backend needs. Source: the spec file of osbuild.
const installing = "dnf install -y osbuild osbuild-ostree osbuild-depsolve-dnf osbuild-selinux"

// Target is what a distribution, or the host's where none is named, is composed to.
func (b *Backend) Target(distro string) (manifest.Target, error) {
	if distro == "" {
		var err error
		if distro, err = b.Host(); err != nil {
			return manifest.Target{}, err
		}
	}
	return manifest.Find(distro, manifest.Architecture(runtime.GOARCH))
}

// Host is the distribution of this host.
func (b *Backend) Host() (string, error) {
	data, err := os.ReadFile(filepath.Join(cmp.Or(b.Root, "/"), "etc/os-release"))
	if err != nil {
		return "", fmt.Errorf("looking for the host's distribution: %w", err)
	}
	return manifest.Host(data)
}

// inspect asks osbuild whether it knows every stage and option of a manifest, before anything is fetched.
func (b *Backend) inspect(ctx context.Context, data []byte) error {
	out := &tail{limit: 8 << 10}
	_, err := b.ask(ctx, command.Spec{Argv: []string{"osbuild", "--inspect", "-"}, Stdin: data, Stdout: out})
	var failed *command.Error
	if errors.As(err, &failed) {
		return fmt.Errorf("%w: %s", ErrManifest, cmp.Or(faults(out.kept), failed.Stderr, failed.Error()))
	}
	return err
}

// faults are the messages of a validation error.
func faults(data []byte) string {
	var report struct {
		Errors []struct {
			Message string `json:"message"`
			Path    []any  `json:"path"`
		} `json:"errors"`
	}
	if json.Unmarshal(data, &report) != nil {
		return ""
	}
	var text bytes.Buffer
	for i, e := range report.Errors {
		if i == 5 {
			text.WriteString("; …")
			break
		}
		if i > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s at %v", e.Message, e.Path)
	}
	return text.String()
}
