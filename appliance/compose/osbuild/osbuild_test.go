//go:build containers_image_openpgp

package osbuild

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/command"
	"edge/appliance/compose"
	"edge/appliance/compose/manifest"
)

const text = "name = \"demo_upgrade\"\nversion = \"0.0.1\"\n[[packages]]\nname = \"git\"\n"

// notebook is a job's log.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}
func (n *notebook) Size() int64    { n.mu.Lock(); defer n.mu.Unlock(); return int64(n.b.Len()) }
func (n *notebook) String() string { n.mu.Lock(); defer n.mu.Unlock(); return n.b.String() }
func (n *notebook) Cut(size int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.b.Truncate(int(size))
	return nil
}

// scene is a host on which something is composed.
type scene struct {
	t        *testing.T
	backend  *Backend
	order    compose.Order
	log      *notebook
	cancel   context.CancelFunc
	ctx      context.Context
	wanted   bool // to be cancelled, rather than left
	mu       sync.Mutex
	progress []compose.Progress
	archive  string          // file of what the fake makes
	ended    <-chan struct{} // what was started has ended
	outcome  error
}

func newScene(t *testing.T) *scene {
	t.Helper()
	fakePeers(t)
	s := &scene{t: t, log: &notebook{}}
	s.ctx, s.cancel = context.WithCancel(t.Context())
	root := t.TempDir()
	write(t, filepath.Join(root, "etc/os-release"), "ID=\"centos\"\nVERSION_ID=\"9\"\n")
	packed, err := os.ReadFile("../../../embedded/repositories.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	s.backend = &Backend{
		Store: filepath.Join(t.TempDir(), "store"), Cache: 1 << 30, Packed: packed, Root: root, Run: command.Programs{}, Anybody: true,
		Grace: 3 * time.Second, Free: func(string) (int64, error) { return 100 << 30, nil },
	}
	id := blueprint.ID{Blueprint: compose.SampleBlueprint, Version: "0.0.1"}
	s.archive = filepath.Join(t.TempDir(), "commit.tar")
	write(t, s.archive, archived(t, map[string]string{"compose.json": "{}", "repo/config": "[core]\nmode=archive-z2\n"}))
	t.Setenv("FAKE_TAR", s.archive)
	stream, _ := filepath.Abs("testdata/centos-9.jsonseq")
	t.Setenv("FAKE_STREAM", stream)
	s.order = compose.Order{
		Request: compose.Request{ID: id}, Blueprint: []byte(text), Dir: filepath.Join(t.TempDir(), "20260102-150405-0a1b2c3d", "work"), Log: s.log,
		Report:    func(p compose.Progress) { s.mu.Lock(); defer s.mu.Unlock(); s.progress = append(s.progress, p) },
		Cancelled: func() bool { return s.wanted },
	}
	if err := os.MkdirAll(s.order.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pid := s.build().leader(); pid != 0 {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	})
	return s
}

// archived packs files, by name, as tar.
func archived(t *testing.T, files map[string]string) string {
	t.Helper()
	var b strings.Builder
	w := tar.NewWriter(&b)
	for name, text := range files {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		if _, failed := io.WriteString(w, text); errors.Join(err, failed) != nil {
			t.Fatal(err, failed)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) build() *build {
	return &build{dir: filepath.Join(s.order.Dir, "build"), backend: s.backend, order: s.order}
}

// hang keeps the fake osbuild in the middle of its work until the test lets it go.
func (s *scene) hang() (release func()) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "hang")
	write(s.t, file, "")
	s.t.Setenv("FAKE_HANG", file)
	return func() { _ = os.Remove(file) }
}

// until waits until the build has told a stage.
func (s *scene) until(stage string) {
	s.t.Helper()
	for range 1500 {
		s.mu.Lock()
		for _, p := range s.progress {
			if strings.Contains(p.Stage, stage) {
				s.mu.Unlock()
				return
			}
		}
		s.mu.Unlock()
		select {
		case <-s.ended:
			s.t.Fatalf("the build ended before %q: %v\n%s", stage, s.outcome, s.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.t.Fatalf("the build never told %q: %s", stage, s.log)
}

func (s *scene) make() (compose.Composed, error) { return s.backend.Make(s.ctx, s.order) }

// started makes in the background.
func (s *scene) started() <-chan error {
	done, ended := make(chan error, 1), make(chan struct{})
	s.ended = ended
	go func() {
		_, err := s.make()
		s.outcome = err
		close(ended)
		done <- err
	}()
	return done
}

func (s *scene) check(made compose.Composed, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
	if out, err := exec.Command("tar", "-df", s.archive, "-C", made.Unpacked).CombinedOutput(); err != nil {
		s.t.Errorf("it is not what was made: %v\n%s", err, out)
	}
	for _, name := range []string{compose.DocumentManifest, compose.DocumentPackages, compose.DocumentSBOM} {
		if len(made.Documents[name]) == 0 {
			s.t.Errorf("no %s", name)
		}
	}
}

func TestMake(t *testing.T) {
	for _, version := range []string{"120", "141", "170", "190"} {
		t.Run(version, func(t *testing.T) {
			s := newScene(t)
			t.Setenv("FAKE_VERSION", version)
			made, err := s.make()
			s.check(made, err)
			if want := "osbuild " + version + ", centos-9 edge-commit x86_64"; made.Origin != want {
				t.Errorf("origin %q, want %q", made.Origin, want)
			}
			librepoUsed := bytes.Contains(made.Documents[compose.DocumentManifest], []byte("org.osbuild.librepo"))
			if n, _ := strconv.Atoi(version); librepoUsed != (n >= librepo) {
				t.Errorf("librepo: %v", librepoUsed)
			}
			s.checkProgress()
		})
	}
}

// checkProgress wants both phases in order and a percentage that only grows and arrives.
func (s *scene) checkProgress() {
	s.t.Helper()
	last, phase := 0, compose.Depsolving
	for _, p := range s.progress {
		if p.Phase != phase {
			if p.Phase != compose.Building {
				s.t.Errorf("phase %s after %s", p.Phase, phase)
			}
			phase = p.Phase
		}
		if p.Done < last {
			s.t.Errorf("%s goes back from %d to %d", p.Stage, last, p.Done)
		}
		last = p.Done
	}
	if last != units || phase != compose.Building {
		s.t.Errorf("it ends at %d in %s", last, phase)
	}
	if !strings.Contains(s.log.String(), "\nbash-1.0-1.el9.x86_64\n") {
		s.t.Error("the log does not tell of packages")
	}
}

func TestFailingStage(t *testing.T) {
	s := newScene(t)
	stream, _ := filepath.Abs("testdata/failing.jsonseq")
	t.Setenv("FAKE_STREAM", stream)
	t.Setenv("FAKE_EXIT", "1")
	_, err := s.make()
	if !errors.Is(err, ErrBuild) || !errors.Is(err, ErrDisk) || !strings.Contains(err.Error(), "in os: org.osbuild.rpm (exit code 1)") || !strings.Contains(err.Error(), "No space left on device") {
		t.Fatalf("%v", err)
	}
	if n := strings.Count(err.Error(), "\n"); n != lastLines {
		t.Errorf("%d lines of last words", n)
	}
}

func TestCrash(t *testing.T) {
	s := newScene(t)
	t.Setenv("FAKE_EXIT", "139")
	if _, err := s.make(); !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "exit code 139") || !strings.Contains(err.Error(), "Traceback: it crashed") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.backend.Store, "tmp")); len(left) > 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestNoRepository(t *testing.T) {
	s := newScene(t)
	t.Setenv("FAKE_TAR", "/nowhere")
	if _, err := s.make(); !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "made no OSTree repository") {
		t.Errorf("%v", err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *scene)
		cause  error
		words  string
	}{
		"old":             {func(t *testing.T, _ *scene) { t.Setenv("FAKE_VERSION", "110") }, ErrProgram, "weldr"},
		"odd version":     {func(t *testing.T, _ *scene) { t.Setenv("FAKE_VERSION", "x") }, ErrProgram, "calls its version"},
		"absent":          {func(t *testing.T, _ *scene) { t.Setenv("PATH", t.TempDir()) }, ErrProgram, "dnf install -y osbuild"},
		"full disk":       {func(_ *testing.T, s *scene) { s.backend.Free = func(string) (int64, error) { return 1 << 30, nil } }, ErrDisk, "1024 MiB"},
		"unknown package": {func(t *testing.T, _ *scene) { t.Setenv("FAKE_MISSING", "git") }, manifest.ErrPackages, "missing packages: git"},
		"inspection": {func(t *testing.T, _ *scene) {
			t.Setenv("FAKE_INSPECT", `{"type":"https://osbuild.org/validation-error","errors":[{"message":"Additional properties are not allowed ('x' was unexpected)","path":["pipelines",1]}]}`)
		}, ErrManifest, "'x' was unexpected"},
		"mute": {func(t *testing.T, s *scene) {
			t.Setenv("FAKE_MUTE", "--version")
			s.backend.Patience = 200 * time.Millisecond
		}, ErrProgram, "\"osbuild --version\" gave no answer within 200ms"},
		"mute inspection": {func(t *testing.T, s *scene) {
			t.Setenv("FAKE_MUTE", "--inspect")
			s.backend.Patience = 700 * time.Millisecond
		}, ErrProgram, "gave no answer within 700ms"},
		"endless depsolver": {func(t *testing.T, s *scene) {
			t.Setenv("FAKE_MUTE", "depsolve")
			s.backend.Timeout = 200 * time.Millisecond
		}, ErrTimeout, "still resolving packages after 200ms"},
		"release 10":   {func(_ *testing.T, s *scene) { s.order.Distro = "rhel-10.0" }, manifest.ErrDistribution, "--distro rhel-9."},
		"subscription": {func(_ *testing.T, s *scene) { s.order.Distro = "rhel-9.6" }, manifest.ErrSubscription, "subscription-manager register"},
		"blueprint":    {func(_ *testing.T, s *scene) { s.order.Blueprint = []byte("nonsense = 1") }, manifest.ErrBlueprint, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			c.change(t, s)
			if _, err := s.make(); !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, want %v with %q", err, c.cause, c.words)
			}
			if s.build().started() {
				t.Error("a build was started")
			}
		})
	}
}

func TestLittleRoom(t *testing.T) {
	s := newScene(t)
	s.backend.Free = func(string) (int64, error) { return 8 << 30, nil }
	made, err := s.make()
	s.check(made, err)
	if !strings.Contains(s.log.String(), "little room") {
		t.Errorf("%s", s.log)
	}
}

func TestResumedBeforeBuild(t *testing.T) {
	s := newScene(t)
	s.order.Resumed = true
	write(t, filepath.Join(s.order.Dir, "build", fileFacts), "{}")
	made, err := s.make()
	s.check(made, err)
}

func TestResumedDamaged(t *testing.T) {
	s := newScene(t)
	s.order.Resumed = true
	write(t, filepath.Join(s.order.Dir, "build", fileFacts), "{")
	write(t, filepath.Join(s.order.Dir, "build", filePid), "999999")
	if _, err := s.make(); err == nil || !strings.Contains(err.Error(), fileFacts) {
		t.Errorf("%v", err)
	}
}
