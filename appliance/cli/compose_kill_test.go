//go:build containers_image_openpgp

package cli

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/workbench"
	"edge/embedded"
)

// fakeOSBuild tells of one stage, waits while $FAKE/hold is there, and makes what is in $FAKE/commit.tar.
const fakeOSBuild = `#!/bin/sh
case "$1" in
--version) echo osbuild 141; exit 0;;
--inspect) cat >/dev/null; echo '{}'; exit 0;;
esac
cat >/dev/null
while [ $# -gt 0 ]; do
	case "$1" in
	--output-directory) out=$2; shift;;
	--export) export=$2; shift;;
	esac
	shift
done
printf '\036{"message":"Starting module org.osbuild.rpm","context":{"id":"1","origin":"osbuild.monitor","pipeline":{"name":"os","stage":{"name":"org.osbuild.rpm"}}},"progress":{"done":1,"total":4}}\n' >&3
trap 'exit 130' INT
while [ -e "$FAKE/hold" ]; do sleep 0.1; done
mkdir -p "$out/$export" && tar -xf "$FAKE/commit.tar" -C "$out/$export"
printf '\036{"message":"manifest - finished successfully","context":{"id":"0","origin":"osbuild.monitor"},"progress":{"done":4,"total":4}}\n' >&3
`

// fakeDepsolve finds one package of each name that is asked for, in the words of protocol 1.
const fakeDepsolve = `#!/bin/sh
q=$(cat)
id=$(printf %s "$q" | sed 's/.*"repos":\[{"id":"\([0-9a-f]*\)".*/\1/')
printf '{"solver":"dnf","modules":{},"sbom":{"spdxVersion":"SPDX-2.3"},"repos":{"%s":{"id":"%s","baseurl":["https://mirror.example/"]}},"packages":[' "$id" "$id"
printf %s "$q" | grep -o '"package-specs":\[[^]]*\]' | sed 's/.*\[//; s/\]//' | tr ',' '\n' | tr -d '"' | sort -u |
	sed "s|.*|{\"name\":\"&\",\"version\":\"1\",\"release\":\"1\",\"arch\":\"x86_64\",\"repo_id\":\"$id\",\"path\":\"&.rpm\",\"remote_location\":\"https://mirror.example/&.rpm\",\"checksum\":\"sha256:0000000000000000000000000000000000000000000000000000000000000001\"}|" | paste -sd, -
printf ']}'
`

// builder is a server in a process of its own, with osbuild's peers faked.
type builder struct {
	t             *testing.T
	dir, url, bin string
	cmd           *exec.Cmd
	words         bytes.Buffer
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can build")
	}
	b := &builder{t: t, dir: t.TempDir()}
	if free, err := freeBytes(b.dir); err != nil || free < 7<<30 {
		workbench.Lacks(t, "a build wants 6 GiB of room: %d, %v", free, err)
	}
	b.bin = filepath.Join(b.dir, "bin")
	for name, text := range map[string]string{
		"bin/osbuild": fakeOSBuild, "bin/osbuild-depsolve-dnf": fakeDepsolve, "hold": "",
		"appliance.toml": fmt.Sprintf("[compose]\ndistro = \"centos-9\"\nstore = %q\nrepositories = []\n", filepath.Join(b.dir, "store")),
	} {
		file := filepath.Join(b.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	id := blueprint.ID{Blueprint: compose.SampleBlueprint, Version: "0.0.1"}
	if err := compose.NewSample(embedded.Samples()).Compose(t.Context(), compose.Request{ID: id}, &archive); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "commit.tar"), archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://" + l.Addr().String()
	_ = l.Close()
	t.Cleanup(b.kill)
	return b
}

func (b *builder) start() {
	b.t.Helper()
	program, err := exec.LookPath("appliance")
	if err != nil {
		b.t.Fatal(err)
	}
	b.cmd = exec.Command(program, "serve", "--listen", strings.TrimPrefix(b.url, "http://"), "--data", filepath.Join(b.dir, "data"), "--config", filepath.Join(b.dir, "appliance.toml"))
	b.cmd.Env = append(os.Environ(), "PATH="+b.bin+":"+os.Getenv("PATH"), "FAKE="+b.dir, "NOTIFY_SOCKET=")
	b.cmd.Stderr = &b.words
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	for range 1000 {
		if resp, err := http.Get(b.url + "/healthz"); err == nil {
			_ = resp.Body.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.kill()
	b.t.Fatalf("the server does not answer: %s", &b.words)
}

// kill is kill -9.
func (b *builder) kill() {
	if b.cmd != nil {
		_ = b.cmd.Process.Signal(syscall.SIGKILL)
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// run runs a command against the server; it is to end with a code.
func (b *builder) run(code int, args ...string) string {
	b.t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--server", b.url, "--token-file", tokenPath(filepath.Join(b.dir, "data")))
	if got := Main(args, strings.NewReader(""), &out, &errs); got != code {
		b.t.Fatalf("appliance %q ends with %d, want %d: %s%s", args, got, code, &out, &errs)
	}
	return out.String() + errs.String()
}

func (b *builder) until(id, words string) {
	b.t.Helper()
	for range 1000 {
		text := b.run(exitOK, "job", "show", id)
		if strings.Contains(text, words) {
			return
		}
		if strings.Contains(text, "failed") {
			b.t.Fatalf("waiting for %q: %s", words, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("job %s never said %q: %s", id, words, b.run(exitOK, "job", "show", id))
}

var jobWord = regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{8}`)

// TestComposeSurvivesKill kills the server in the middle of a build. The build goes on, the next server takes
// it up and the release is there.
func TestComposeSurvivesKill(t *testing.T) {
	b := newBuilder(t)
	b.start()
	id := jobWord.FindString(b.run(exitOK, "compose", "demo_upgrade@0.0.1"))
	b.until(id, "org.osbuild.rpm")
	b.kill()
	b.start()
	b.until(id, "building")
	if err := os.Remove(filepath.Join(b.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	if text := b.run(exitOK, "job", "log", id, "--follow"); !strings.Contains(text, "imported demo_upgrade@0.0.1") || strings.Count(text, "Starting module org.osbuild.rpm") != 1 {
		t.Errorf("log %s", text)
	}
	if text := b.run(exitOK, "release", "show", "demo_upgrade@0.0.1"); !strings.Contains(text, "staged") || !strings.Contains(text, "osbuild 141, centos-9 edge-commit x86_64") {
		t.Errorf("%s", text)
	}
	if text := b.run(exitOK, "release", "show", "demo_upgrade@0.0.1", "--sbom"); !strings.Contains(text, "SPDX-2.3") {
		t.Errorf("%s", text)
	}
}

// TestComposeCancelled ends a build in the middle, and composes again.
func TestComposeCancelled(t *testing.T) {
	b := newBuilder(t)
	b.start()
	id := jobWord.FindString(b.run(exitOK, "compose", "demo_upgrade@0.0.1"))
	waiting := jobWord.FindString(b.run(exitOK, "compose", "demo_upgrade@0.0.2"))
	b.until(id, "org.osbuild.rpm")
	b.run(exitRefused, "compose", "demo_upgrade@0.0.1")
	b.run(exitOK, "job", "cancel", waiting)
	b.run(exitOK, "job", "cancel", id)
	b.until(id, "state:    cancelled")
	b.run(exitRefused, "job", "cancel", id)
	b.run(exitFailure, "job", "log", id, "--follow")
	if err := os.Remove(filepath.Join(b.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	if text := b.run(exitOK, "compose", "demo_upgrade@0.0.1", "--follow"); !strings.Contains(text, "staged") {
		t.Errorf("%s", text)
	}
}
