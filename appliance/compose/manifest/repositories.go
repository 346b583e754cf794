//go:build containers_image_openpgp

package manifest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/osbuild/images/pkg/rpmmd"
)

const (
	maxRepositories = 4 << 20  // bytes of one file
	maxPacked       = 16 << 20 // bytes of all that travel in the program
)

// Repositories finds those of a target: the first of folders that has DISTRO.json decides, and where none
// has, packed does: gzip over a JSON object of such files by distribution. DISTRO-extra.json of any folder
// adds more, for the packages that the blueprint names unless it says otherwise. The files are those of
// osbuild-composer: an object of lists by architecture.
func Repositories(t Target, folders []string, packed []byte) ([]rpmmd.RepoConfig, error) {
	base, err := fromFolders(t, folders)
	if err != nil {
		return nil, err
	}
	if base == nil {
		if base, err = fromPacked(t, packed); err != nil {
			return nil, err
		}
	}
	if len(base) == 0 {
		return nil, fmt.Errorf("looking for repositories of %s: %w; put %s.json into one of %q", t, ErrRepositories, t.Distro, folders)
	}
	for _, dir := range folders {
		extra, err := readRepositories(t, filepath.Join(dir, t.Distro+"-extra.json"))
		if err != nil {
			return nil, err
		}
		for _, r := range extra {
			if len(r.PackageSets) == 0 {
				r.PackageSets = t.image.PayloadPackageSets()
			}
			base = append(base, r)
		}
	}
	return base, nil
}

func fromFolders(t Target, folders []string) ([]rpmmd.RepoConfig, error) {
	for _, dir := range folders {
		found, err := readRepositories(t, filepath.Join(dir, t.Distro+".json"))
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

// readRepositories is nil where there is no such file.
func readRepositories(t Target, file string) ([]rpmmd.RepoConfig, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading repositories: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRepositories+1))
	if err != nil {
		return nil, fmt.Errorf("reading repositories: %w", err)
	}
	found, err := parseRepositories(t, data)
	if err != nil {
		return nil, fmt.Errorf("reading repositories %q: %w", file, err)
	}
	return found, nil
}

// parseRepositories are those of a file that fit the target; not nil.
func parseRepositories(t Target, data []byte) ([]rpmmd.RepoConfig, error) {
	if len(data) > maxRepositories {
		return nil, fmt.Errorf("more than %d MiB", maxRepositories>>20)
	}
	if !json.Valid(data) { // the library would read YAML, aliases that blow up included
		return nil, errors.New("it is not JSON")
	}
	all, err := rpmmd.LoadRepositoriesFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	found := []rpmmd.RepoConfig{}
	for _, r := range all[t.Arch] {
		if len(r.BaseURLs) == 0 && r.Metalink == "" && r.MirrorList == "" {
			return nil, fmt.Errorf("repository %q has neither baseurl nor metalink nor mirrorlist", r.Name)
		}
		if len(r.ImageTypeTags) == 0 || slices.Contains(r.ImageTypeTags, t.Type) {
			found = append(found, r)
		}
	}
	return found, nil
}

func fromPacked(t Target, packed []byte) ([]rpmmd.RepoConfig, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	unpack, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("reading packed repositories: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.NewDecoder(io.LimitReader(unpack, maxPacked)).Decode(&all); err != nil {
		return nil, fmt.Errorf("reading packed repositories: %w", err)
	}
	if all[t.Distro] == nil {
		return nil, nil
	}
	return parseRepositories(t, all[t.Distro])
}
