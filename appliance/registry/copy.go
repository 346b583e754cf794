//go:build containers_image_openpgp

package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/signature"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
)

// copyInterval is how often the progress of one artifact is reported.
const copyInterval = 250 * time.Millisecond

// Copy copies one tag with all platforms, digests preserved, from a remote repository
// ("quay.io/someone/2048") to destination ("127.0.0.1:8080/2048") unless it has the same digest;
// copied reports whether anything was. What an interrupted copy brought over is not sent again.
//
// The destination is an allowed registry, or a loopback address, which needs neither allowance nor TLS.
// user and password are those of the destination; "" uses the auth file. report may be nil; it is
// called from one goroutine at a time.
func (r *Remotes) Copy(ctx context.Context, from, tag, destination, user, password string, report func(Copied)) (d Digest, copied bool, err error) {
	if report == nil {
		report = func(Copied) {}
	}
	j, err := r.journey(from, destination, types.DockerAuthConfig{Username: user, Password: password})
	if err == nil {
		defer j.close()
		d, copied, err = j.carry(ctx, r, tag, report)
	}
	if err != nil {
		return "", false, fmt.Errorf("copying %q of %q to %q: %w", tag, from, destination, err)
	}
	return d, copied, nil
}

// journey is one copy: a visit at either end.
type journey struct{ from, to *visit }

func (r *Remotes) journey(from, destination string, token types.DockerAuthConfig) (*journey, error) {
	host, repository, err := splitHost(from)
	if err != nil {
		return nil, err
	}
	source, err := r.visit(host, repository, 0) // layers are as large as they are
	if err != nil {
		return nil, err
	}
	target, err := r.visitDestination(destination, token)
	if err != nil {
		source.close()
		return nil, err
	}
	return &journey{from: source, to: target}, nil
}

func (j *journey) close() {
	j.from.close()
	j.to.close()
}

// visitDestination begins writing to a repository. This machine needs no allowance: the caller, not
// a stranger's answer, named it; and its pass leads nowhere else.
func (r *Remotes) visitDestination(name string, token types.DockerAuthConfig) (*visit, error) {
	host, repository, err := splitHost(name)
	if err != nil {
		return nil, err
	}
	if !isLoopback(host) {
		v, err := r.visit(host, repository, remoteBudget)
		if err == nil && token.Username != "" {
			v.token, v.sys.DockerAuthConfig = token, &token
		}
		return v, err
	}
	named, err := parseName(host, repository)
	if err != nil {
		return nil, err
	}
	only, err := parseEndpoint(host)
	if err != nil {
		return nil, err
	}
	sys := r.system()
	sys.DockerInsecureSkipTLSVerify = types.OptionalBoolTrue
	if token.Username == "" {
		if token, err = credentials(sys, named); err != nil {
			return nil, err
		}
	}
	return r.enter(named, sys, token, reach{endpoints: []endpoint{only}, plain: true, budget: remoteBudget, home: host}), nil
}

// carry brings tag over, unless it is there.
func (j *journey) carry(ctx context.Context, r *Remotes, tag string, report func(Copied)) (Digest, bool, error) {
	want, there, err := j.compare(ctx, r, tag)
	if err != nil {
		return "", false, err
	}
	if there {
		report(Copied{Tag: tag, Total: -1, Skipped: true})
		return Digest(want), false, nil
	}
	return Digest(want), true, j.copy(ctx, tag, want, report)
}

// compare asks both ends for tag.
func (j *journey) compare(ctx context.Context, r *Remotes, tag string) (want digest.Digest, same bool, err error) {
	ctx, cancel := r.patient(ctx)
	defer cancel()
	want, err = j.from.digest(ctx, tag)
	if err != nil {
		return "", false, j.from.explain(ctx, err)
	}
	have, err := j.to.digest(ctx, tag)
	if err = j.to.explain(ctx, err); err != nil && !errors.Is(err, ErrUnknown) {
		return "", false, err
	}
	return want, have == want, nil
}

// unchecked accepts every image: it is the devices that check signatures.
var unchecked = &signature.Policy{Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()}}

// copy copies what want names, not what tag may name by now.
func (j *journey) copy(ctx context.Context, tag string, want digest.Digest, report func(Copied)) error {
	source, _, err := j.from.reference(want.String())
	if err != nil {
		return err
	}
	target, err := j.to.tagged(tag)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "copy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	anything, err := signature.NewPolicyContext(unchecked)
	if err != nil {
		return err
	}
	defer anything.Destroy() //nolint:errcheck // it held nothing
	progress, stop := listen(tag, report)
	options := j.options(scratch)
	options.Progress = progress
	raw, err := copy.Image(ctx, anything, target, source, options)
	stop()
	if err != nil && strings.Contains(err.Error(), "must be converted") { // no type says it
		raw, err = j.point(ctx, source, target)
	}
	if err != nil {
		return j.explain(ctx, err)
	}
	if got := want.Algorithm().FromBytes(raw); got != want {
		return fmt.Errorf("%w: it arrived as %q, not %q", ErrManifest, got, want)
	}
	return nil
}

// options of the library: everything, as it is. scratch is a folder for its own files.
func (j *journey) options(scratch string) *copy.Options {
	j.to.sys.BlobInfoCacheDir, j.to.sys.BigFilesTemporaryDir = scratch, scratch
	j.from.sys.BigFilesTemporaryDir = scratch
	return &copy.Options{
		SourceCtx: j.from.sys, DestinationCtx: j.to.sys,
		ImageListSelection: copy.CopyAllImages,
		PreserveDigests:    true,
		RemoveSignatures:   true, // those beside a registry; cosign's are tags of their own
		ProgressInterval:   copyInterval,
	}
}

// point writes the index alone, after everything below it. When a registry refuses an index, the
// library goes on to offer it in another format, which we do not permit, and complains of that: the
// reason is in the answer to a plain request.
func (j *journey) point(ctx context.Context, source, target types.ImageReference) ([]byte, error) {
	m, err := j.from.fetch(ctx, source)
	if err != nil {
		return nil, err
	}
	to, err := target.NewImageDestination(ctx, j.to.sys)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	return m.Raw, to.PutManifest(ctx, m.Raw, nil)
}

// explain finds out at which end it went wrong.
func (j *journey) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = classify(err, true)
	if j.to.pass.fault() != nil {
		return j.to.explain(ctx, err)
	}
	var f *fault
	if errors.As(err, &f) {
		err = &fault{cause: f.cause, text: redact(f.text, j.to.token)}
	}
	return j.from.explain(ctx, err)
}

// listen turns the library's progress into ours until stop.
func listen(tag string, report func(Copied)) (progress chan types.ProgressProperties, stop func()) {
	progress = make(chan types.ProgressProperties)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			case p := <-progress:
				report(copiedOf(tag, p))
			}
		}
	}()
	return progress, func() {
		close(quit)
		<-ended
	}
}

func copiedOf(tag string, p types.ProgressProperties) Copied {
	c := Copied{Tag: tag, Done: int64(p.Offset), Total: p.Artifact.Size}
	if c.Total <= 0 {
		c.Total = -1
	}
	c.Skipped = p.Event == types.ProgressEventSkipped
	return c
}
