package iso

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"edge/appliance/command"
)

// repositoryPath is where osbuild's installers have the system, too. Anaconda mounts the medium at /run/install/repo.
const repositoryPath = "/ostree/repo"

// offline is a base that carries the published commit of a blueprint. It is made once a commit, by xorriso, as a
// file of its own; images over it cost as little as others.
func (s *Shelf) offline(ctx context.Context, b *Base, name string) (*Base, error) {
	dir, err := os.MkdirTemp(s.basesPath(), ".*.part")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	commit, err := s.unpack(ctx, name, dir)
	if err != nil {
		return nil, err
	}
	if len(commit) < 12 {
		return nil, fmt.Errorf("%w: %q is no commit", ErrMalformed, commit)
	}
	own := fmt.Sprintf("%.40s-with-%s", b.Name, commit[:12])
	s.mu.Lock()
	ready := s.bases[own]
	s.mu.Unlock()
	if ready != nil && ready.Offline == commit {
		if f, err := s.open(ready); err == nil {
			return ready, f.Close()
		}
	}
	made := filepath.Join(dir, "grown.iso")
	if err := s.grow(ctx, b, filepath.Join(dir, "repo"), made); err != nil {
		return nil, err
	}
	grown, err := s.survey(ctx, own, made, "")
	if err != nil {
		return nil, fmt.Errorf("reading what xorriso made: %w", err)
	}
	grown.Offline, grown.File, grown.Product = commit, filepath.Join(s.basesPath(), own+".iso"), b.Product
	if err := os.Rename(made, grown.File); err != nil {
		return nil, err
	}
	return grown, s.keepBase(grown)
}

// unpack writes the repository of the published commit into dir.
func (s *Shelf) unpack(ctx context.Context, name, dir string) (commit string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	r, w := io.Pipe()
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		commit, err = s.o.Export(within, name, w)
		return errors.Join(err, w.CloseWithError(err))
	})
	g.Go(func() error {
		err := untar(root, r)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		return err
	})
	return commit, g.Wait()
}

func untar(root *os.Root, r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r) // the rest of the last block
			return err
		}
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.FromSlash(h.Name), "/")
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeReg:
			if err = root.MkdirAll(filepath.Dir(name), 0o755); err == nil {
				err = writeFrom(root, name, t)
			}
		default:
			err = fmt.Errorf("%w: %q in an archive is neither a file nor a folder", ErrUnsupported, h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func writeFrom(root *os.Root, name string, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// grow makes an ISO with one more folder. xorriso knows how each part of a hybrid moves then; the media check of
// what comes out is ours.
func (s *Shelf) grow(ctx context.Context, b *Base, repository, to string) error {
	_, err := s.o.Run.Run(ctx, command.Spec{Argv: []string{
		"xorriso", "-report_about", "SORRY", "-indev", b.File, "-outdev", to, "-joliet", "on", "-compliance", "joliet_long_paths:joliet_long_names",
		"-boot_image", "any", "replay", "-padding", "512k", "-padding", "included", "-map", repository, repositoryPath, "-commit",
	}})
	switch {
	case errors.Is(err, command.ErrNotFound):
		return fmt.Errorf("putting the system onto the medium: %w: %w", ErrNoProgram, err)
	case errors.As(err, new(*command.Error)):
		return fmt.Errorf("putting the system onto the medium: %w: %w", ErrProgram, err)
	case err != nil:
		return fmt.Errorf("putting the system onto the medium: %w", err)
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = s.implant(ctx, f, b.Seal != nil && b.Seal.Supported)
	return errors.Join(err, f.Sync(), f.Close())
}

// implant writes the media check into a file.
func (s *Shelf) implant(ctx context.Context, f *os.File, supported bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d, err := readDescriptors(window{f, info.Size()}, 0)
	if err != nil {
		return err
	}
	k := newChecker(d.primary.sectors * sectorSize)
	if err := k.run(ctx, f, d.primary.sectors*sectorSize, s.progress("iso.hashing", filepath.Base(f.Name()), info.Size())); err != nil {
		return err
	}
	_, err = f.WriteAt(k.seal(supported).bytes(), sealOffset)
	return err
}

// sweep removes bases that carry a system and that no image is made from any more.
func (s *Shelf) sweep() error {
	s.mu.Lock()
	needed := map[string]bool{}
	for _, i := range s.images {
		needed[i.Base] = true
	}
	var gone []*Base
	for name, b := range s.bases {
		if b.Offline != "" && !needed[name] {
			gone = append(gone, b)
			delete(s.bases, name)
			delete(s.points, b.SHA256)
		}
	}
	s.mu.Unlock()
	var faults []error
	for _, b := range gone {
		for _, file := range []string{filepath.Join(s.basesPath(), b.Name+".json"), b.File} {
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}
