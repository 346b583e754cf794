package ostree

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"edge/appliance/object"
)

// Export writes c as an edge-commit archive: compose.json, repo/config, repo/refs/heads/REF and
// the objects of the closure. The same commit gives the same bytes, as long as it gets no new
// signature. ref may be "" for an archive without one.
//
// The lock is not held while a slow reader takes its time: a commit that is pruned meanwhile ends
// the export with ErrIncomplete.
func (r *Repo) Export(ctx context.Context, c object.Checksum, ref object.Ref, w io.Writer) error {
	if err := r.export(ctx, c, ref, w); err != nil {
		return fmt.Errorf("exporting commit %s: %w", c, err)
	}
	return nil
}

func (r *Repo) export(ctx context.Context, c object.Checksum, ref object.Ref, w io.Writer) error {
	if err := r.Complete(c); err != nil {
		return err
	}
	commit, err := r.Commit(c)
	if err != nil {
		return err
	}
	names, err := r.closure(ctx, c)
	if err != nil {
		return err
	}
	e := exporter{tar: tar.NewWriter(w), time: commit.Time}
	if err := e.start(c, ref, commit); err != nil {
		return err
	}
	folder := ""
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		// The commit comes first, out of order, and makes its folder known; a folder may come twice.
		if f := n.Path()[:2]; f != folder {
			folder = f
			e.folder("repo/objects/" + folder)
		}
		if err := r.exportObject(&e, n); err != nil {
			return err
		}
	}
	return errors.Join(e.err, e.tar.Close())
}

// closure lists the commit, its detached metadata if it has any, and then everything it needs in
// the order of names.
func (r *Repo) closure(ctx context.Context, c object.Checksum) ([]object.Name, error) {
	unlock, err := r.lock(ctx, shared)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var names []object.Name
	err = r.walk(ctx, c, map[object.Name]struct{}{}, func(n object.Name, _ string) error {
		names = append(names, n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names[1:], func(a, b object.Name) int {
		return strings.Compare(a.String(), b.String())
	})
	if detached := (object.Name{Checksum: c, Kind: object.KindCommitMeta}); r.has(detached) {
		names = slices.Insert(names, 1, detached)
	}
	return names, nil
}

func (r *Repo) exportObject(e *exporter, n object.Name) error {
	f, err := r.open(n)
	if errors.Is(err, ErrUnknown) {
		return fmt.Errorf("%w: object %s has gone", ErrIncomplete, n)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return e.file("repo/objects/"+n.Path(), info.Size(), f)
}

// exporter writes the members of one archive. Nothing in their headers depends on this machine.
type exporter struct {
	tar  *tar.Writer
	time time.Time
	err  error // the first one
}

// exportedCompose is osbuild's compose.json as far as a commit tells it.
type exportedCompose struct {
	Ref     object.Ref      `json:"ref,omitempty"`
	Commit  object.Checksum `json:"ostree-commit"`
	Version string          `json:"ostree-version,omitempty"`
	Time    string          `json:"ostree-timestamp"`
}

// start writes everything but the objects.
func (e *exporter) start(c object.Checksum, ref object.Ref, commit object.Commit) error {
	compose, err := json.Marshal(exportedCompose{ref, c, commit.Version(), commit.Time.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	e.text("compose.json", string(compose)+"\n")
	e.folder("repo")
	e.text("repo/config", newConfig)
	for _, name := range []string{"extensions", "refs", "refs/heads", "refs/mirrors", "refs/remotes", "state", "tmp", "tmp/cache"} {
		e.folder("repo/" + name)
	}
	if ref != "" {
		for i, r := range ref {
			if r == '/' {
				e.folder("repo/refs/heads/" + string(ref[:i]))
			}
		}
		e.text("repo/refs/heads/"+string(ref), string(refFile(c)))
	}
	e.folder("repo/objects")
	return e.err
}

func (e *exporter) folder(name string) {
	e.write(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}, strings.NewReader(""))
}

func (e *exporter) text(name, text string) {
	_ = e.file(name, int64(len(text)), strings.NewReader(text)) // start looks at e.err
}

func (e *exporter) file(name string, size int64, content io.Reader) error {
	e.write(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}, content)
	return e.err
}

func (e *exporter) write(h tar.Header, content io.Reader) {
	if e.err != nil {
		return
	}
	h.ModTime = e.time
	if e.err = e.tar.WriteHeader(&h); e.err == nil {
		_, e.err = io.Copy(e.tar, content)
	}
}
