package ostree

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edge/appliance/object"
)

// ImportTar reads an edge-commit archive (compose.json and repo/… or ./repo/…; plain, gzip or zstd)
// in one pass. Objects that are here already are skipped, every other one is inflated and hashed;
// nothing is visible until everything is verified and durable. A reader that can seek is not read
// where it is skipped.
func (r *Repo) ImportTar(ctx context.Context, in io.Reader, o ImportOptions) (Imported, error) {
	plain, done, err := decompress(in)
	if err != nil {
		return Imported{}, fmt.Errorf("importing the archive: %w", err)
	}
	defer done()
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return Imported{}, err
	}
	defer unlock()
	st, err := r.newStaging()
	if err != nil {
		return Imported{}, err
	}
	defer st.remove()
	t := &tarImport{repo: r, st: st, o: o, refs: map[string]object.Checksum{}, partial: map[string]bool{}, seen: map[object.Name]struct{}{}}
	if err := t.read(ctx, plain); err != nil {
		return Imported{}, fmt.Errorf("importing the archive: %w", err)
	}
	commit, ref, err := t.choose()
	if err != nil {
		return Imported{}, fmt.Errorf("importing the archive: %w", err)
	}
	imported, err := r.finish(ctx, st, commit, ref, o)
	if err != nil {
		return Imported{}, fmt.Errorf("importing the archive: %w", err)
	}
	return imported, nil
}

// Objects up to wholeObject are read into memory and left to a worker; longer ones stream.
const (
	wholeObject = 512 << 10
	queued      = 16 // whole objects that wait, per import
)

// tarImport is one pass over one archive.
type tarImport struct {
	repo    *Repo
	st      *staging
	o       ImportOptions
	compose *composeJSON
	refs    map[string]object.Checksum
	commits []object.Checksum
	partial map[string]bool
	seen    map[object.Name]struct{}
	members int
	bytes   int64
	told    time.Time
}

// job is an object on its way to a worker.
type job struct {
	name object.Name
	data *bytes.Buffer
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (t *tarImport) read(ctx context.Context, in io.Reader) error {
	g, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job, queued)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error { return t.work(jobs) })
	}
	g.Go(func() error {
		defer close(jobs)
		return t.each(ctx, tar.NewReader(in), jobs)
	})
	return g.Wait()
}

// work verifies and stages objects until there are no more, or one is bad.
func (t *tarImport) work(jobs <-chan job) error {
	for j := range jobs {
		if _, err := t.st.put(j.name, j.data); err != nil {
			return err // ends the group's context, and so the one who fills jobs
		}
		j.data.Reset()
		buffers.Put(j.data)
	}
	return nil
}

func (t *tarImport) each(ctx context.Context, in *tar.Reader, jobs chan<- job) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) && t.members > 0 {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		if err := t.member(ctx, h, in, jobs); err != nil {
			return err
		}
	}
}

// broken tells a damaged archive from a fault of its source, such as a client that went away.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut short", ErrArchive)
	}
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) {
		return fmt.Errorf("%w: %v", ErrArchive, err)
	}
	return fmt.Errorf("reading it: %w", err)
}

func (t *tarImport) member(ctx context.Context, h *tar.Header, in io.Reader, jobs chan<- job) error {
	t.members++
	t.bytes += h.Size
	if t.members > maxMembers || t.bytes > maxArchive || h.Size < 0 {
		return fmt.Errorf("%w: more than %d members or %d bytes", object.ErrTooLarge, maxMembers, int64(maxArchive))
	}
	if now := time.Now(); now.Sub(t.told) > 100*time.Millisecond {
		t.told = now
		t.o.report(Progress{Stage: "reading", Done: t.bytes, Unit: "bytes"})
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	kind, rest, err := parseMember(h.Name)
	if err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return nil
	case tar.TypeReg:
	default:
		return fmt.Errorf("%w: member %q is a link or a special file (type %q); an archive repository has only regular files", ErrArchive, h.Name, h.Typeflag)
	}
	switch kind {
	case memberObject:
		return t.object(ctx, rest, h, in, jobs)
	case memberPartial:
		t.partial[rest] = true
	case memberCompose, memberConfig, memberRef:
		return t.small(kind, rest, h, in)
	}
	return nil
}

// small reads one of the little files that say what the archive is.
func (t *tarImport) small(kind member, rest string, h *tar.Header, in io.Reader) error {
	if h.Size > maxComposeJSON {
		return fmt.Errorf("%w: %q has %d bytes", object.ErrTooLarge, h.Name, h.Size)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return broken(err)
	}
	switch kind {
	case memberCompose:
		if t.compose != nil {
			return duplicate(h.Name)
		}
		c, err := parseCompose(data)
		t.compose = &c
		return err
	case memberConfig:
		c, err := parseConfig(data)
		if err == nil {
			err = c.archive()
		}
		return err
	}
	ref, err := object.ParseRef(rest)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	if _, known := t.refs[string(ref)]; known {
		return duplicate(h.Name)
	}
	c, err := object.ParseChecksum(strings.TrimRight(string(data), "\n"))
	if err != nil {
		return fmt.Errorf("%w: ref %q: %w", ErrArchive, ref, err)
	}
	t.refs[string(ref)] = c
	return nil
}

func duplicate(name string) error {
	return fmt.Errorf("%w: member %q is there twice", ErrArchive, name)
}

// object skips, queues or streams one object.
func (t *tarImport) object(ctx context.Context, path string, h *tar.Header, in io.Reader, jobs chan<- job) error {
	n, err := object.ParseName(path)
	if err != nil {
		if strings.HasSuffix(path, ".commit-tombstone") || strings.HasSuffix(path, ".tombstone-commit") {
			return nil
		}
		return fmt.Errorf("%w: member %q: %w", ErrArchive, h.Name, err)
	}
	if _, twice := t.seen[n]; twice {
		return duplicate(h.Name)
	}
	t.seen[n] = struct{}{}
	if n.Kind == object.KindCommit {
		t.commits = append(t.commits, n.Checksum)
	}
	if t.repo.has(n) {
		return nil // verified when it came; Verify looks again
	}
	if h.Size > wholeObject {
		_, err := t.st.put(n, in)
		return brokenObject(err)
	}
	buf := buffers.Get().(*bytes.Buffer)
	if _, err := io.CopyN(buf, in, h.Size); err != nil {
		return broken(err)
	}
	select {
	case jobs <- job{n, buf}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func brokenObject(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, object.ErrMalformed) {
		return broken(err)
	}
	return err
}
