// Package deployment knows the installed versions of the operating system, and the engine that changes
// them: rpm-ostree, bootc, or plain ostree. It lists deployments in one form whoever keeps them, tells
// what is newest without downloading it, stages it, and chooses what is booted next.
//
// It decides nothing: when to update, what is bad and when to reboot is the affair of room update, and
// whether a boot was good that of room health. It never reboots.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"edge/appliance/command"
	"edge/appliance/report"
)

// Causes of failure.
var (
	ErrNone     = errors.New("no operating system of deployments")
	ErrNoOther  = errors.New("no other deployment to boot")
	ErrNotKnown = errors.New("no such deployment")
	ErrMeaning  = errors.New("unexpected answer")
)

// Runner runs programs; command.Programs is the real one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// Kind is what changes the deployments of a device.
type Kind string

// Kinds.
const (
	RPMOSTree Kind = "rpm-ostree"
	Bootc     Kind = "bootc"
	OSTree    Kind = "ostree"
)

// System is the operating system of a device.
type System struct {
	kind    Kind
	run     Runner
	sysroot string // "" is the one that is booted
}

// entry is a deployment with what the engines call it.
type entry struct {
	report.Deployment
	checksum  string // of the OSTree commit that is checked out, which is not always Commit
	stateroot string
	serial    int
	image     string             // reference of a container image
	cached    *report.Deployment // what bootc saw in the registry
}

// marker is there on a system that was booted from a deployment.
const marker = "run/ostree-booted"

// Detect finds the engine of the device whose files lie below root, which is "/" but for tests. bootc
// comes first where it can handle what is booted, for it refuses nothing that rpm-ostree can do with an
// image; where packages are layered only rpm-ostree can. ErrNone is the cause where no deployment is
// booted.
func Detect(ctx context.Context, root string, run Runner) (*System, error) {
	if _, err := os.Stat(filepath.Join(root, marker)); err != nil {
		return nil, fmt.Errorf("looking for the engine of the operating system: %w: /%s is not there", ErrNone, marker)
	}
	s := &System{kind: Bootc, run: run}
	switch host, err := s.bootcStatus(ctx); {
	case err == nil && host.usable():
		return s, nil
	case ctx.Err() != nil:
		return nil, err
	}
	for _, s.kind = range []Kind{RPMOSTree, OSTree} {
		_, err := run.Run(ctx, command.Spec{Argv: []string{string(s.kind), "--version"}})
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("looking for the engine of the operating system: %w: neither rpm-ostree nor ostree can be run", ErrNone)
}

// Kind is the engine.
func (s *System) Kind() Kind { return s.kind }

// Deployments lists what is installed in the order in which it would be booted, first the default.
// Commit is what the builder published: the base where packages are layered on it, and the digest of
// the image with bootc. What is only downloaded and waits for leave to be staged comes last.
func (s *System) Deployments(ctx context.Context) ([]report.Deployment, error) {
	entries, err := s.entries(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]report.Deployment, len(entries))
	for i, e := range entries {
		list[i] = e.Deployment
	}
	return list, nil
}

// Booted is the deployment that runs.
func (s *System) Booted(ctx context.Context) (report.Deployment, error) {
	entries, err := s.entries(ctx)
	if err != nil {
		return report.Deployment{}, err
	}
	at, err := booted(entries)
	if err != nil {
		return report.Deployment{}, err
	}
	return entries[at].Deployment, nil
}

// entries asks the engine, and marks what GRUB falls back to, which is its second entry.
func (s *System) entries(ctx context.Context) (list []entry, err error) {
	switch s.kind {
	case RPMOSTree:
		var status rpmStatus
		if status, err = s.rpmStatus(ctx); err == nil {
			list, err = status.entries()
		}
	case Bootc:
		var host bootcHost
		if host, err = s.bootcStatus(ctx); err == nil {
			list, err = host.entries()
		}
	default:
		list, err = s.plainEntries(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("listing deployments with %s: %w", s.kind, err)
	}
	if len(list) > 1 {
		list[1].Rollback = true
	}
	return list, nil
}

// booted is the index of the deployment that runs.
func booted(list []entry) (int, error) {
	for i, e := range list {
		if e.Booted {
			return i, nil
		}
	}
	return 0, fmt.Errorf("looking for the booted deployment: %w: none of %d is booted", ErrNone, len(list))
}

// find is the index of the deployment of a commit; the same commit may be deployed twice, and then the
// booted one counts.
func find(list []entry, commit string) (int, error) {
	at := -1
	for i, e := range list {
		if e.Commit == commit && (at < 0 || e.Booted) {
			at = i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("looking for deployment %s: %w", short(commit), ErrNotKnown)
	}
	return at, nil
}
