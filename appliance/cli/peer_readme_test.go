package cli_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var fence = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// Every shell example of README.md runs, in its order, in one shell, in a copy of the checkout, with
// the server that the first one starts. Only the port differs.
func TestPeerReadme(t *testing.T) {
	needPeers(t, "ostree", "curl", "jq", "zstd", "make", "bash")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 5 || strings.TrimSpace(blocks[0][1]) != "make run" {
		t.Fatalf("README.md begins with %q, want make run and some more", blocks)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()

	dir := filepath.Join(t.TempDir(), "checkout")
	run(t, "bash", "-c", `cd ../.. && mkdir -p "$1" && git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$1"`, "copy", dir)
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte("fail-with-body\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(t.TempDir(), "state"), "HOME="+home,
		"GOCACHE="+run(t, "go", "env", "GOCACHE"), "GOMODCACHE="+run(t, "go", "env", "GOMODCACHE"), "APPLIANCE_SERVER=http://"+address)
	data := filepath.Join(t.TempDir(), "data") // root's default is the machine's own
	first := exec.Command("make", "run", "ARGS=--listen "+address+" --data "+data)
	first.Dir, first.Env = dir, env
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { exec.Command("pkill", "-f", "serve --sample --listen "+address).Run(); first.Wait() }()
	for range 600 {
		if exec.Command("curl", "-sf", "-o", filepath.Join(dir, "health"), "http://"+address+"/healthz").Run() == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	script := "set -euxo pipefail\n"
	for _, b := range blocks[1:] {
		script += strings.ReplaceAll(b[1], "http://127.0.0.1:8080", "http://"+address)
	}
	script = strings.ReplaceAll(script, "$(appliance token)", "$(appliance token --data '"+data+"')")
	rest := exec.Command("bash", "-c", script)
	rest.Dir, rest.Env = dir, env
	out, err := rest.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"55 removed, 1 added", "perl-Git", "rhel/9/x86_64/edge", "demo_upgrade@0.0.4"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the examples never print %q:\n%s", want, out)
		}
	}
}
