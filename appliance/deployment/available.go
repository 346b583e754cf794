package deployment

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"edge/appliance/command"
	"edge/appliance/report"
)

// mostDifference is how many bytes of a difference are worth telling.
const mostDifference = 16 << 10

// Available is the newest version of what this device follows. It is the booted one's commit when
// nothing is new. No tree is downloaded, only the commit object, whose signature ostree verifies as the
// remote's configuration demands.
func (s *System) Available(ctx context.Context) (report.Deployment, error) {
	d, err := s.available(ctx)
	if err != nil {
		return report.Deployment{}, fmt.Errorf("looking for an update with %s: %w", s.kind, err)
	}
	return d, nil
}

func (s *System) available(ctx context.Context) (report.Deployment, error) {
	if s.kind == Bootc {
		return s.bootcCheck(ctx)
	}
	now, err := s.Booted(ctx)
	if err != nil {
		return report.Deployment{}, err
	}
	remote, ref, plain := remoteRef(now.Ref)
	if plain {
		d, err := s.pullCommit(ctx, remote, ref)
		if s.kind != RPMOSTree || !errors.Is(err, command.ErrNotFound) {
			return d, err
		}
	}
	if s.kind != RPMOSTree {
		return report.Deployment{}, fmt.Errorf("the booted deployment follows %q, want REMOTE:REF; name one with %q", now.Ref, "ostree admin switch REMOTE:REF")
	}
	return s.rpmCheck(ctx, unmarked(now))
}

// pullCommit fetches the commit object that a ref of a remote points to.
func (s *System) pullCommit(ctx context.Context, remote, ref string) (report.Deployment, error) {
	if _, err := s.run.Run(ctx, s.repo("pull", "--commit-metadata-only", remote, ref)); err != nil {
		return report.Deployment{}, err
	}
	out, err := s.run.Run(ctx, s.repo("rev-parse", remote+":"+ref))
	if err != nil {
		return report.Deployment{}, err
	}
	commit := strings.TrimSpace(string(out))
	if !isCommit(commit) {
		return report.Deployment{}, fmt.Errorf("%w: ostree rev-parse prints %.80q", ErrMeaning, commit)
	}
	d, err := s.show(ctx, commit)
	d.Ref = remote + ":" + ref
	return d, err
}

// Difference tells what a commit would change, package by package, as far as the engine knows: "" where
// it does not, such as with plain ostree, or where nothing differs. It is for people, at most 16 KiB.
func (s *System) Difference(ctx context.Context, from, to string) (string, error) {
	if s.kind != RPMOSTree || !isCommit(from) || !isCommit(to) {
		return "", nil
	}
	out, err := s.run.Run(ctx, command.Spec{Argv: []string{"rpm-ostree", "db", "diff", "--format=diff", from, to}})
	if err != nil {
		return "", fmt.Errorf("comparing %s with %s: %w", short(from), short(to), err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		line = plain(line)
		if b.Len()+len(line) > mostDifference {
			b.WriteString("…\n")
			break
		}
		// The first lines name both commits, which the caller knows.
		if !strings.HasPrefix(line, "ostree diff commit") {
			b.WriteString(line + "\n")
		}
	}
	return b.String(), nil
}

// Upgrade downloads the newest version and stages it: the next reboot takes it, whoever does that. It
// is no error when nothing was new; what is staged afterwards is for Deployments to say.
func (s *System) Upgrade(ctx context.Context) error {
	spec := s.admin("upgrade", "--stage")
	switch s.kind {
	case RPMOSTree:
		spec = command.Spec{Argv: []string{"rpm-ostree", "upgrade"}}
	case Bootc:
		spec = command.Spec{Argv: []string{"bootc", "upgrade", "--quiet"}}
	}
	if _, err := s.run.Run(ctx, spec); err != nil {
		return fmt.Errorf("staging an update with %s: %w", s.kind, err)
	}
	return nil
}
