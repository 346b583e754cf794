package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests in files named peer_… run the built program against the real peers. They take minutes
// and some need root, so they wait for APPLIANCE_PEERS=1, which `make test` sets.
func needPeers(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1, as make test sets it")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is not installed; contrib/peers.sh installs what the peer tests need", p)
		}
	}
}

// program builds the binary once, in programDir, which is removed when all tests have ended.
var program = sync.OnceValues(func() (string, error) {
	var err error
	if programDir, err = os.MkdirTemp("", "appliance-peer-"); err != nil {
		return "", err
	}
	bin := filepath.Join(programDir, "appliance")
	out, err := exec.Command("go", "build", "-o", bin, "edge").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return bin, nil
})

var programDir string

// house is one running server on one data folder.
type house struct {
	t    testing.TB
	bin  string
	data string
	url  string
	env  []string // beside that of the tests
	cmd  *exec.Cmd
	log  *bytes.Buffer
	dead chan struct{}
}

func newHouse(t *testing.T, args ...string) *house {
	t.Helper()
	return newHouseWith(t, nil, args...)
}

// newHouseWith adds to the environment of the server.
func newHouseWith(t *testing.T, env []string, args ...string) *house {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, bin: bin, data: filepath.Join(t.TempDir(), "data"), env: env}
	h.start(args...)
	t.Cleanup(func() { h.kill(); h.logOnFailure() })
	return h
}

func (h *house) logOnFailure() {
	if h.t.Failed() {
		h.t.Logf("the server said:\n%s", h.log)
	}
}

// start runs the server and waits for its first answer.
func (h *house) start(args ...string) {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	h.url, h.log, h.dead = "http://"+address, new(bytes.Buffer), make(chan struct{})
	h.cmd = exec.Command(h.bin, append([]string{"serve", "--data", h.data, "--listen", address, "--url", h.url, "--log-level", "warn"}, args...)...)
	h.cmd.Stdout, h.cmd.Stderr = io.Discard, h.log
	h.cmd.Env = append(os.Environ(), h.env...)
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() { h.cmd.Wait(); close(h.dead) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if resp, err := http.Get(h.url + "/healthz"); err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-h.dead:
			h.t.Fatalf("the server ended: %s", h.log)
		default:
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("the server does not answer: %s", h.log)
		}
	}
}

// kill ends the server as a power cut would, as far as one machine can play it.
func (h *house) kill() {
	h.cmd.Process.Kill()
	<-h.dead
}

// stop ends the server as systemd would.
func (h *house) stop() {
	h.t.Helper()
	h.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-h.dead:
	case <-time.After(15 * time.Second):
		h.t.Fatal("the server does not end after SIGTERM")
	}
}

// appliance runs a command against the house.
func (h *house) appliance(args ...string) (string, error) {
	cmd := exec.Command(h.bin, append([]string{"--server", h.url, "--data", h.data}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("appliance %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (h *house) must(args ...string) string {
	h.t.Helper()
	out, err := h.appliance(args...)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// call does one API request with the token and returns status and body.
func (h *house) call(method, path string, body io.Reader) (int, string, error) {
	req, err := http.NewRequest(method, h.url+path, body)
	if err != nil {
		return 0, "", err
	}
	token, err := os.ReadFile(filepath.Join(h.data, "token"))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

func (h *house) get(path string) (int, string) {
	h.t.Helper()
	resp, err := http.Get(h.url + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// run runs a peer and fails the test when it fails.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// shell runs a script with the functions of contrib/bench/tree.sh.
func shell(t testing.TB, script string, args ...string) string {
	t.Helper()
	return run(t, "bash", append([]string{"-euo", "pipefail", "-c", ". ../../contrib/bench/tree.sh\n" + script, "tree"}, args...)...)
}

const demoRef = "rhel/9/x86_64/edge"

// client makes an empty repository with the house as its remote.
func (h *house) client(blueprint, mode string) string {
	h.t.Helper()
	dir := filepath.Join(h.t.(*testing.T).TempDir(), "client")
	run(h.t, "ostree", "init", "--repo="+dir, "--mode="+mode)
	run(h.t, "ostree", "remote", "add", "--repo="+dir, "--no-gpg-verify", "edge", h.url+"/"+blueprint+"/repo/")
	return dir
}

func (h *house) fsck(blueprint string) {
	h.t.Helper()
	run(h.t, "ostree", "fsck", "--quiet", "--repo="+filepath.Join(h.data, "ostree", blueprint))
}
