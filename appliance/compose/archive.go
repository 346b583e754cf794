package compose

import (
	"archive/tar"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"edge/appliance/object"
)

// archive is an edge-commit archive with one commit: compose.json and a repository in archive mode,
// laid out as osbuild does.
type archive struct {
	ref     object.Ref
	commit  object.Checksum
	head    object.Commit
	objects objects
}

// description is compose.json, the keys that rpm-ostree writes and that say something here.
type description struct {
	Ref       object.Ref      `json:"ref"`
	Commit    object.Checksum `json:"ostree-commit"`
	Version   string          `json:"ostree-version"`
	Timestamp time.Time       `json:"ostree-timestamp"`
}

const config = "[core]\nrepo_version=1\nmode=archive-z2\n"

// write gives every member the commit's time and a fixed order, so that the same commit makes the
// same bytes.
func (a archive) write(ctx context.Context, w io.Writer) error {
	out := tar.NewWriter(w)
	about, err := json.MarshalIndent(description{a.ref, a.commit, a.head.Version(), a.head.Time}, "", "  ")
	if err != nil {
		return fmt.Errorf("describing commit %s: %w", a.commit, err)
	}
	small := []struct {
		name string
		data []byte
	}{
		{"compose.json", append(about, '\n')},
		{"repo/config", []byte(config)},
		{"repo/refs/heads/" + string(a.ref), []byte(a.commit + "\n")},
	}
	for _, m := range small {
		if err := a.member(out, m.name, m.data); err != nil {
			return err
		}
	}
	names := slices.SortedFunc(maps.Keys(a.objects), func(n, m object.Name) int {
		return cmp.Or(cmp.Compare(n.Checksum, m.Checksum), cmp.Compare(n.Kind, m.Kind))
	})
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.member(out, "repo/objects/"+n.Path(), a.objects[n]); err != nil {
			return err
		}
	}
	return out.Close()
}

func (a archive) member(out *tar.Writer, name string, data []byte) error {
	h := tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)),
		Mode: 0o644, ModTime: a.head.Time, Format: tar.FormatGNU,
	}
	if err := out.WriteHeader(&h); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	if _, err := out.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}
