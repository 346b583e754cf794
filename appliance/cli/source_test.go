package cli

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tarball(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "compose.json", Size: 2, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenSource(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	archive := tarball(t)
	plain := write("commit.tar", archive)
	write("repository/objects/x", nil)
	write("unpacked/repo/objects/x", nil)
	write("folder/x", nil)
	for _, tt := range []struct {
		name, arg, in string
		local         bool
		url           string
		size          int64
		fault         string
		code          int
	}{
		{name: "tar", arg: plain, size: int64(len(archive))},
		{name: "gzip by content", arg: write("commit", []byte("\x1f\x8b\x08rest")), size: 7},
		{name: "zstd by content", arg: write("x.tar", []byte("\x28\xb5\x2f\xfdrest")), size: 8},
		{name: "standard input", arg: "-", in: string(archive), size: -1},
		{name: "url", arg: "https://h/repo", url: "https://h/repo"},
		{name: "repository", arg: filepath.Join(dir, "repository"), local: true, url: "file://" + dir + "/repository"},
		{name: "unpacked archive", arg: filepath.Join(dir, "unpacked"), local: true, url: "file://" + dir + "/unpacked/repo"},
		{name: "repository, server elsewhere", arg: filepath.Join(dir, "repository"), fault: "the server is on another host", code: exitInvalid},
		{name: "some folder", arg: filepath.Join(dir, "folder"), local: true, fault: "neither an archive nor an OSTree repository", code: exitInvalid},
		{name: "absent", arg: filepath.Join(dir, "none.tar"), fault: "no such file", code: exitNotFound},
		{name: "xz", arg: write("commit.tar.xz", []byte("\xfd7zXZ\x00rest")), fault: "it is no archive", code: exitInvalid},
		{name: "text", arg: write("notes.tar", []byte(strings.Repeat("hello ", 200))), fault: "it is no archive", code: exitInvalid},
		{name: "empty", arg: write("empty.tar", nil), fault: "it is empty", code: exitInvalid},
		{name: "empty input", arg: "-", fault: "it is empty", code: exitInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := openSource(tt.arg, strings.NewReader(tt.in), tt.local)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) || exitCode(err) != tt.code {
					t.Errorf("error = %v, code %d, want %q", err, exitCode(err), tt.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if s.url != tt.url || s.url == "" && s.size != tt.size {
				t.Errorf("source = %+v", s)
			}
			if s.url == "" {
				if data, err := io.ReadAll(s.archive); err != nil || s.size >= 0 && int64(len(data)) != s.size {
					t.Errorf("read %d bytes of %d, %v", len(data), s.size, err)
				}
			}
		})
	}
}
