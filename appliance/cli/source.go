package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// source is where a commit comes from: an archive to send, or a URL that the server fetches.
type source struct {
	archive io.Reader
	size    int64 // of the archive in bytes, -1 where it is not known
	url     string
	close   func()
}

// openSource finds out what SOURCE is by what is there, not by how it is called. local says
// whether the server sees this host's files.
func openSource(arg string, in io.Reader, local bool) (source, error) {
	switch {
	case arg == "-" && isTerminal(in):
		return source{}, usageError{errors.New("importing from standard input: it is a terminal"), "send an archive to it, with < FILE or a pipe"}
	case arg == "-":
		return sniffed(source{archive: in, size: -1, close: func() {}}, "standard input")
	case strings.HasPrefix(arg, "http://"), strings.HasPrefix(arg, "https://"), strings.HasPrefix(arg, "file://"):
		return source{url: arg, close: func() {}}, nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return source{}, fmt.Errorf("importing: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return source{}, fmt.Errorf("importing: %w", err)
	}
	if info.IsDir() {
		_ = f.Close()
		return openFolder(arg, local)
	}
	s := source{archive: f, size: -1, close: func() { _ = f.Close() }}
	if info.Mode().IsRegular() {
		s.size = info.Size()
	}
	return sniffed(s, arg)
}

// openSourceWithin gives up when ctx ends: a pipe into which nobody writes can be waited for in
// vain.
func openSourceWithin(ctx context.Context, arg string, in io.Reader, local bool) (source, error) {
	type opened struct {
		source
		err error
	}
	ready := make(chan opened, 1)
	go func() {
		s, err := openSource(arg, in, local)
		ready <- opened{s, err}
	}()
	select {
	case o := <-ready:
		return o.source, o.err
	case <-ctx.Done():
		return source{}, ctx.Err()
	}
}

// openFolder accepts a repository, and the folder of an unpacked archive, which has it in "repo".
func openFolder(dir string, local bool) (source, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return source{}, fmt.Errorf("importing %q: %w", dir, err)
	}
	for _, repo := range []string{path, filepath.Join(path, "repo")} {
		if _, err := os.Stat(filepath.Join(repo, "objects")); err != nil {
			continue
		}
		if !local {
			return source{}, invalidError{fmt.Errorf("importing %q: the server is on another host and does not see this folder", dir),
				fmt.Sprintf("send it as an archive: tar -C %s -c . | appliance release import NAME@VERSION -", filepath.Dir(repo))}
		}
		return source{url: (&url.URL{Scheme: "file", Path: repo}).String(), close: func() {}}, nil
	}
	return source{}, invalidError{fmt.Errorf("importing %q: neither an archive nor an OSTree repository", dir), `a repository has a folder "objects"`}
}

// Beginnings of archives, and of a few things that are taken for one.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	xzMagic   = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	tarMagic  = []byte("ustar") // at 257, of POSIX and of GNU
)

// sniffed refuses what is no archive before gigabytes of it are sent.
func sniffed(s source, name string) (source, error) {
	r := bufio.NewReaderSize(s.archive, 64<<10)
	head, err := r.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		s.close()
		return source{}, fmt.Errorf("importing %q: %w", name, err)
	}
	s.archive = r
	switch {
	case bytes.HasPrefix(head, gzipMagic), bytes.HasPrefix(head, zstdMagic):
		return s, nil
	case len(head) > 262 && bytes.Equal(head[257:262], tarMagic):
		return s, nil
	}
	s.close()
	hint := "want an edge-commit archive: tar, tar.gz or tar.zst"
	if bytes.HasPrefix(head, xzMagic) {
		hint = "it is packed with xz: unpack it first, with xz -d"
	}
	what := "no archive"
	if len(head) == 0 {
		what = "empty"
	}
	return source{}, invalidError{fmt.Errorf("importing %q: it is %s", name, what), hint}
}
