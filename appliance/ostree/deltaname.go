package ostree

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edge/appliance/object"
)

// deltaEncoding is base64 with '_' for '/', unpadded: how libostree writes checksums in delta names.
var deltaEncoding = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_").WithPadding(base64.NoPadding).Strict()

// deltaFolder is where the delta lies, relative to the repository; from "" means from nothing.
func deltaFolder(from, to object.Checksum) string {
	name := deltaEncoding.EncodeToString(to.Bytes())
	if from != "" {
		name = deltaEncoding.EncodeToString(from.Bytes()) + "-" + name
	}
	return "deltas/" + name[:2] + "/" + name[2:]
}

// parseDeltaFolder reads "xx/rest" below deltas/.
func parseDeltaFolder(prefix, rest string) (from, to object.Checksum, err error) {
	if len(prefix) != 2 {
		return "", "", fmt.Errorf("delta %q: %w", prefix+"/"+rest, object.ErrBadName)
	}
	name, target, pair := strings.Cut(prefix+rest, "-")
	if !pair {
		name, target = "", name
	}
	if to, err = deltaChecksum(target); err != nil {
		return "", "", err
	}
	if pair {
		from, err = deltaChecksum(name)
	}
	return from, to, err
}

func deltaChecksum(s string) (object.Checksum, error) {
	raw, err := deltaEncoding.DecodeString(s)
	if err != nil {
		return "", fmt.Errorf("delta name %q: %w", s, object.ErrBadName)
	}
	return object.FromBytes(raw)
}

// deltaKey names a delta in the summary: "FROM-TO", or "TO" for one from nothing.
func deltaKey(from, to object.Checksum) string {
	if from == "" {
		return string(to)
	}
	return string(from) + "-" + string(to)
}

// deltaTarget is TO of a key in the summary.
func deltaTarget(key string) object.Checksum {
	return object.Checksum(key[strings.LastIndexByte(key, '-')+1:])
}

// eachDelta visits the delta folders of the repository.
func (r *Repo) eachDelta(visit func(folder string, from, to object.Checksum) error) error {
	prefixes, err := readNames(filepath.Join(r.dir, "deltas"))
	if err != nil {
		return fmt.Errorf("listing deltas: %w", err)
	}
	for _, prefix := range prefixes {
		rests, err := readNames(filepath.Join(r.dir, "deltas", prefix))
		if err != nil {
			return fmt.Errorf("listing deltas: %w", err)
		}
		for _, rest := range rests {
			from, to, err := parseDeltaFolder(prefix, rest)
			if err != nil {
				continue // a temporary folder of another program
			}
			if err := visit("deltas/"+prefix+"/"+rest, from, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// superblocks are the checksums of all deltas' superblocks by their key in the summary.
func (r *Repo) superblocks() (map[string]object.Checksum, error) {
	sums := map[string]object.Checksum{}
	err := r.eachDelta(func(folder string, from, to object.Checksum) error {
		data, err := readSmall(filepath.Join(r.dir, folder, "superblock"), object.MaxMetadata)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		sums[deltaKey(from, to)] = object.ChecksumOf(data)
		return err
	})
	return sums, err
}

// readNames lists a folder; one that is not there is empty.
func readNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
