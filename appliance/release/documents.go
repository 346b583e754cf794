package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"edge/appliance/blueprint"
)

// ErrNoDocument says that a release has no such document: it was imported, or its backend makes none.
var ErrNoDocument = errors.New("no such document")

// maxDocument bounds a document: SBOMs of a few hundred packages have less than a megabyte.
const maxDocument = 64 << 20

// documentsSuffix ends the name of the folder beside a record that holds what was composed with the release.
const documentsSuffix = ".composed"

func documentsDir(dir string, v blueprint.Version) string {
	return filepath.Join(dir, string(v)+documentsSuffix)
}

func (p *Publisher) documents(id blueprint.ID) string {
	return documentsDir(filepath.Join(p.o.Data, "releases", string(id.Blueprint)), id.Version)
}

// Document is one of those that were made with a release, such as compose.DocumentSBOM.
func (p *Publisher) Document(_ context.Context, id blueprint.ID, name string) ([]byte, error) {
	if _, _, err := p.find(id); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(p.documents(id), filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s of %q: %w; only releases that were composed here from packages have it", name, id, ErrNoDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s of %q: %w", name, id, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("reading %s of %q: %w", name, id, err)
	}
	return data, nil
}

// writeDocuments replaces the documents of a release: all of them or none.
func writeDocuments(dir string, documents map[string][]byte) (err error) {
	half := filepath.Join(filepath.Dir(dir), tempPrefix+filepath.Base(dir))
	if err := errors.Join(os.RemoveAll(half), os.RemoveAll(dir), os.MkdirAll(half, 0o700)); err != nil {
		return fmt.Errorf("writing documents: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(half)
		}
	}()
	for name, data := range documents {
		if err := writeDocument(filepath.Join(half, name), data); err != nil {
			return fmt.Errorf("writing documents: %w", err)
		}
	}
	if err := errors.Join(syncFolder(half), os.Rename(half, dir), syncFolder(filepath.Dir(dir))); err != nil {
		return fmt.Errorf("writing documents: %w", err)
	}
	return nil
}

func writeDocument(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
