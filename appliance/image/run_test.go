package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unpack lays the layers over each other as a container engine does, and checks what is promised of
// every member.
func unpack(t *testing.T, layers [][]byte) string {
	t.Helper()
	root := t.TempDir()
	for _, l := range layers {
		last := ""
		for r := tar.NewReader(bytes.NewReader(l)); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Name <= last || h.Uid != 0 || h.Gid != 0 || h.Uname+h.Gname != "" || h.ModTime.Unix() != 0 || h.Format != tar.FormatUSTAR {
				t.Errorf("member %+v after %q", h, last)
			}
			last = h.Name
			to := filepath.Join(root, filepath.FromSlash(h.Name))
			if h.Typeflag == tar.TypeDir {
				if err := os.Mkdir(to, h.FileInfo().Mode().Perm()); err != nil {
					t.Fatal(err)
				}
				continue
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, h.FileInfo().Mode().Perm()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// run starts an unpacked image's entrypoint for this machine on a free port and returns the line it
// prints, and a function that sends SIGTERM and returns how it ended.
func run(t *testing.T, name string) (line string, stop func() error) {
	t.Helper()
	_, c, layers := parts(t, find(t, name), runtime.GOARCH)
	root := unpack(t, layers)
	args := c.Config.Entrypoint[1:]
	if len(args) == 0 {
		args = []string{"-listen", "127.0.0.1:0", "-site", filepath.Join(root, "site")}
	}
	program := exec.CommandContext(t.Context(), filepath.Join(root, c.Config.Entrypoint[0]), args...)
	program.Env = []string{}
	return begin(t, program)
}

func begin(t *testing.T, program *exec.Cmd) (line string, stop func() error) {
	t.Helper()
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Process.Kill() })
	line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("reading what %s prints: %v", program.Path, err)
	}
	return strings.TrimSpace(line), func() error {
		if err := program.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return program.Wait()
	}
}

func get(t *testing.T, line, path, accept string) (kind, content string) {
	t.Helper()
	address := line[strings.LastIndex(line, " ")+1:]
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept", accept)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", path, answer.Status, err)
	}
	return answer.Header.Get("Content-Type"), string(all)
}

func TestSamplesRun(t *testing.T) {
	const html, text, any = "text/html; charset=utf-8", "text/plain; charset=utf-8", "*/*"
	for _, c := range []struct{ name, path, accept, kind, want, not string }{
		{"2048:v1", "/", "text/html", html, `<span class="version">v1</span>`, "New in"},
		{"2048:v1", "/version.txt", any, text, "2048 v1\n", ""},
		{"2048:v1", "/game.js", any, "text/javascript; charset=utf-8", "import", ""},
		{"2048:v3", "/", any, html, `<p class="news">New in v3`, "{{"},
		{"simple-http:v1", "/", any, text, "simple-http v1: ", "<"},
		{"simple-http:v1", "/", "text/html", html, "<h1>simple-http <span>v1</span></h1>", "New in"},
		{"simple-http:v2", "/", "text/html", html, "New in v2", "{{"},
	} {
		t.Run(c.name+c.path, func(t *testing.T) {
			line, stop := run(t, c.name)
			kind, content := get(t, line, c.path, c.accept)
			if kind != c.kind || !strings.Contains(content, c.want) || c.not != "" && strings.Contains(content, c.not) {
				t.Errorf("answered %s\n%s\nwant %s, %q, and not %q", kind, content, c.kind, c.want, c.not)
			}
			if err := stop(); err != nil {
				t.Errorf("after SIGTERM: %v", err)
			}
		})
	}
}

// As a container engine would start it: the image is the root, the user a number, the environment
// only what the configuration says (but a free port).
func TestSampleRunsAsConfigured(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root folder")
	}
	_, c, layers := parts(t, find(t, "2048:v1"), runtime.GOARCH)
	root := unpack(t, layers)
	program := &exec.Cmd{
		Path: c.Config.Entrypoint[0], Args: c.Config.Entrypoint, Dir: c.Config.WorkingDir, Env: []string{"PORT=0"},
		SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}},
	}
	if c.Config.User != "65532" || len(c.Config.Env) != 1 || c.Config.Env[0] != "PORT=8081" {
		t.Errorf("configured %+v", c.Config)
	}
	line, stop := begin(t, program)
	if _, content := get(t, strings.Replace(line, "[::]", "127.0.0.1", 1), "/", "text/html"); !strings.Contains(content, "2048") {
		t.Errorf("answered %q", content)
	}
	if err := stop(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// v2 is broken as the demonstration needs it: what its entrypoint names is in no layer.
func TestMisspeltEntrypoint(t *testing.T) {
	for _, arch := range architectures {
		_, c, layers := parts(t, find(t, "2048:v2"), arch)
		root := unpack(t, layers)
		if _, err := os.Stat(filepath.Join(root, c.Config.Entrypoint[0])); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q is there: %v", arch, c.Config.Entrypoint, err)
		}
	}
}

func TestMuteListensNowhere(t *testing.T) {
	line, stop := run(t, "2048:v4-mute")
	if line != "server: running, and listening nowhere" {
		t.Errorf("it says %q", line)
	}
	if err := stop(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
