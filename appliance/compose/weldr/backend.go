package weldr

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"edge/appliance/compose"
)

// Backend composes with osbuild-composer; it is a release.Composer.
type Backend struct {
	client  *client
	socket  string
	timeout time.Duration
	pause   time.Duration // between two looks at a compose
}

// NewBackend speaks to a socket. It connects to nothing yet. timeout 0 waits for ever.
func NewBackend(socket string, timeout time.Duration) *Backend {
	return &Backend{client: newClient(socket), socket: socket, timeout: timeout, pause: 2 * time.Second}
}

// fileCompose holds the ID of a compose in the folder of its order, so that the next process finds it.
const fileCompose = "weldr-compose"

// lastLines are what an error tells of a log.
const lastLines = 40

// Make pushes the blueprint, starts a compose or takes one up, waits for it and hands its image on.
func (b *Backend) Make(ctx context.Context, o compose.Order) (compose.Composed, error) {
	within, stop := ctx, context.CancelFunc(func() {})
	if b.timeout > 0 {
		within, stop = context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("%w: it took more than %s", ErrBuild, b.timeout))
	}
	defer stop()
	id, err := b.build(within, o)
	if err != nil {
		return compose.Composed{}, fmt.Errorf("composing %q with weldr: %w", o.ID, err)
	}
	image, err := b.client.image(ctx, id) // it is read when this has returned
	if err != nil {
		return compose.Composed{}, fmt.Errorf("composing %q with weldr: %w", o.ID, err)
	}
	return compose.Composed{Archive: image, Stamp: true, Origin: "osbuild-composer, compose " + id}, nil
}

// build starts a compose, or takes one up, and waits for its end.
func (b *Backend) build(ctx context.Context, o compose.Order) (id string, err error) {
	file := filepath.Join(o.Dir, fileCompose)
	known, err := os.ReadFile(file)
	id = strings.TrimSpace(string(known))
	if !o.Resumed || err != nil || !plainID(id) {
		if id, err = b.start(ctx, o); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, []byte(id+"\n"), 0o600); err != nil {
			return "", err
		}
	}
	return id, b.wait(ctx, o, id)
}

// start pushes the blueprint as it is and asks for a commit of it.
func (b *Backend) start(ctx context.Context, o compose.Order) (string, error) {
	o.Report(compose.Progress{Phase: compose.Depsolving, Stage: "pushing the blueprint to osbuild-composer"})
	kind, err := b.commitType(ctx, o.Distro)
	if err != nil {
		return "", err
	}
	if err := b.client.push(ctx, withDistro(o.Blueprint, o.Distro)); err != nil {
		return "", err
	}
	if o.Parent != "" {
		fmt.Fprintf(o.Log, "osbuild-composer takes parents only over HTTP: %s is made without one; system users may get other numbers\n", o.ID)
	}
	o.Report(compose.Progress{Phase: compose.Depsolving, Stage: "waiting for osbuild-composer to resolve the packages"})
	s, err := b.client.compose(ctx, string(o.ID.Blueprint), kind, string(o.Ref))
	if err != nil {
		return "", err
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(o.Log, "osbuild-composer warns: %s\n", w)
	}
	fmt.Fprintf(o.Log, "osbuild-composer makes it as compose %s; it tells nothing of it before the end\n", s.ID)
	return s.ID, nil
}

// commitType is the image type that is a commit.
func (b *Backend) commitType(ctx context.Context, distro string) (string, error) {
	names, err := b.client.types(ctx, distro)
	if err != nil {
		return "", err
	}
	for _, kind := range []string{"edge-commit", "iot-commit", "rhel-edge-commit", "fedora-iot-commit"} {
		if slices.Contains(names, kind) {
			return kind, nil
		}
	}
	return "", fmt.Errorf("%w: it makes no OSTree commits of %s; release 10 has no RHEL for Edge images: compose for release 9, as with --distro rhel-9.6", ErrRefused, cmp.Or(distro, "its host's distribution"))
}

var distroLine = regexp.MustCompile(`(?m)^distro\s*=.*\n?`)

// withDistro has composer take another distribution than its host's. The key is one of the first table.
func withDistro(text []byte, distro string) []byte {
	if distro == "" {
		return text
	}
	head, tables := text, []byte(nil)
	if i := bytes.Index(text, []byte("\n[")); i >= 0 {
		head, tables = text[:i+1], text[i+1:]
	}
	return slices.Concat(fmt.Appendf(nil, "distro = %q\n", strings.ReplaceAll(distro, ".", "")), distroLine.ReplaceAll(head, nil), tables)
}

// wait looks at a compose until it has ended.
func (b *Backend) wait(ctx context.Context, o compose.Order, id string) error {
	for {
		s, err := b.client.status(ctx, id)
		switch {
		case ctx.Err() != nil:
			return b.leave(ctx, o, id)
		case errors.Is(err, ErrUnreachable): // it is being started anew, perhaps; its queue survives that
			fmt.Fprintf(o.Log, "%v\n", err)
		case err != nil:
			return err
		case s.Queue == "FINISHED":
			return nil
		case s.Queue == "FAILED":
			return b.failed(ctx, o, id)
		default:
			o.Report(compose.Progress{Phase: compose.Building, Stage: "osbuild-composer: " + strings.ToLower(s.Queue)})
		}
		select {
		case <-time.After(b.pause):
		case <-ctx.Done():
			return b.leave(ctx, o, id)
		}
	}
}

// leave ends the compose where somebody wants that, or it took too long; not where only this process ends.
func (b *Backend) leave(ctx context.Context, o compose.Order, id string) error {
	cause := context.Cause(ctx)
	if !o.Cancelled() && !errors.Is(cause, ErrBuild) {
		return cause
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	if err := b.client.cancel(last, id); err != nil {
		fmt.Fprintf(o.Log, "cancelling compose %s: %v\n", id, err)
	}
	return cause
}

func (b *Backend) failed(ctx context.Context, o compose.Order, id string) error {
	text, err := b.client.log(ctx, id)
	if err != nil {
		return fmt.Errorf("%w, and its log cannot be read: %w; composer-cli compose logs %s has it", ErrBuild, err, id)
	}
	fmt.Fprintln(o.Log, text)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines = lines[max(len(lines)-lastLines, 0):]
	return fmt.Errorf("%w; its last words:\n%s", ErrBuild, strings.Join(lines, "\n"))
}

// Preflight tells whether composer is there and makes commits.
func (b *Backend) Preflight(ctx context.Context, distro string) compose.Fitness {
	f := compose.Fitness{Backend: "weldr", Target: distro}
	names, err := b.client.types(ctx, distro)
	switch {
	case errors.Is(err, os.ErrPermission):
		f.Add("socket", compose.Bad, b.socket+" is not for this user", "run as root, or: usermod -aG weldr USER")
	case err != nil:
		f.Add("socket", compose.Bad, err.Error(), "dnf install -y osbuild-composer weldr-client && systemctl enable --now osbuild-composer.socket")
	default:
		f.Add("socket", compose.Good, b.socket+" answers", "")
		if kind, err := b.commitType(ctx, distro); err != nil {
			f.Add("image type", compose.Bad, "no OSTree commits among "+strings.Join(names, ", "), "compose for release 9: --distro rhel-9.6")
		} else {
			f.Add("image type", compose.Good, kind, "")
		}
	}
	f.Judge()
	return f
}
