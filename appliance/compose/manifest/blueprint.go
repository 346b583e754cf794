//go:build containers_image_openpgp

package manifest

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/BurntSushi/toml"
	"github.com/osbuild/blueprint/pkg/blueprint"
)

// maxBlueprint bounds a blueprint.
const maxBlueprint = 1 << 20

// decodeBlueprint reads a blueprint with the decoder for which its types are made. It was validated, with
// places, when it was saved; here only what would be lost without a word is refused.
func decodeBlueprint(data []byte) (*blueprint.Blueprint, error) {
	if len(data) > maxBlueprint {
		return nil, fmt.Errorf("reading the blueprint: %w: more than %d bytes", ErrBlueprint, maxBlueprint)
	}
	var bp blueprint.Blueprint
	meta, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&bp)
	if err != nil {
		return nil, fmt.Errorf("reading the blueprint: %w: %w", ErrBlueprint, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("reading the blueprint: %w: unknown key %q", ErrBlueprint, unknown[0])
	}
	if err := bp.Initialize(); err != nil {
		return nil, fmt.Errorf("reading the blueprint: %w: %w", ErrBlueprint, err)
	}
	return &bp, nil
}

// fileURL names a folder for osbuild's source of OSTree commits.
func fileURL(dir string) string { return (&url.URL{Scheme: "file", Path: dir}).String() }
