package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// file is a regular file of a layer.
type file struct {
	name string // site/index.html
	mode int64  // 0o755
	data []byte
}

// layer writes files as an uncompressed USTAR archive: every folder before what is in it, names in
// order, owner 0:0, time 0. The same files give the same bytes.
func layer(files []file) ([]byte, error) {
	members := map[string]file{}
	for _, f := range files {
		members[f.name] = f
		for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
			members[dir+"/"] = file{name: dir + "/", mode: 0o755}
		}
	}
	var names []string
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names) // "site/" comes before "site/index.html"

	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		f := members[name]
		h := tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: name, Mode: f.mode, Size: int64(len(f.data)), ModTime: time.Unix(0, 0)}
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(&h); err != nil {
			return nil, fmt.Errorf("writing %q to a layer: %w", name, err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("writing %q to a layer: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("closing a layer: %w", err)
	}
	return out.Bytes(), nil
}
