package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/appliance/registry"
)

// The scripts in testdata/script run the program as a user does. Beside what testscript knows they
// have these words:
//
//	serve [FLAG...]       start a server on a free port and with $WORK/data, and wait until it
//	                      answers; sets APPLIANCE_SERVER and APPLIANCE_TOKEN
//	fetch PATH FILE       write what the server has at a path into a file
//	halt                  end the server with SIGTERM; its words are then in server.out, server.err
//	exits CODE COMMAND…   run a command that must end with this exit code
//	soon CODE COMMAND…    the same, tried again for ten seconds
//	damage DIR            flip a byte of one object in a repository
//	mode FILE PERM        check a file's permission bits, in octal
//	device VERB NAME FILE  act as a device: enrol, report
//	install DEVICE LINK …  act as an installer: fetch, or tell a step
//	stock LAYOUT FILE     write a boot ISO that is laid out as a vendor's
//	need PROGRAM          fail: a program is missing where it must not be
//
// A script about a real peer, or one that takes long, begins with
//
//	[!peers] skip 'runs with APPLIANCE_PEERS=1'
//	[!exec:curl] [ci] need curl
//	[!exec:curl] skip 'curl is not installed'
//
// so that it may be skipped on a laptop and never where CI=true.
func TestScript(t *testing.T) {
	workInMemory(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C")
			env.Setenv("GOARCH", runtime.GOARCH)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Values[peersKey{}] = &running{}
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "ci":
				return os.Getenv("CI") == "true", nil
			case "peers":
				return os.Getenv("APPLIANCE_PEERS") == "1", nil
			case "remotes":
				return registry.WithRemotes, nil
			case "osbuild":
				return withOSBuild, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": startServer, "halt": stopServer, "exits": checkExit, "soon": checkExitSoon,
			"damage": damageObject, "mode": checkMode, "need": missing, "fetch": fetch, "device": actAsDevice, "stock": stockISO, "install": actAsInstaller,
		},
	})
}

// workInMemory puts the scripts' folders where fsync costs nothing: twenty servers that make their
// samples durable on one disk would take half a minute. Programs are not started from there, for
// such a place may forbid it.
func workInMemory(t *testing.T) {
	const memory = "/dev/shm"
	if os.Getenv("TMPDIR") != "" {
		return
	}
	probe, err := os.MkdirTemp(memory, "appliance-")
	if err != nil {
		return
	}
	_ = os.Remove(probe)
	if err := os.Setenv("TMPDIR", memory); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Unsetenv("TMPDIR") })
}

type peersKey struct{}

// running is the server of one script.
type running struct {
	cmd  *exec.Cmd
	errs *os.File
	said *said
	done chan struct{}
}

// said gathers the server's standard output.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.WriteString(line + "\n")
}

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("serve cannot be negated: use exits")
	}
	r := ts.Value(peersKey{}).(*running)
	work := ts.Getenv("WORK")
	errs, err := os.Create(filepath.Join(work, "server.err"))
	ts.Check(err)
	*r = running{errs: errs, said: &said{}, done: make(chan struct{})}
	flags := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(work, "data")}, args...)
	r.cmd = exec.Command(binary(ts), flags...)
	r.cmd.Dir, r.cmd.Stderr = work, errs
	r.cmd.Env = append(os.Environ(), "NO_COLOR=1", "NOTIFY_SOCKET=")
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(func() { r.end() })
	address := make(chan string, 1)
	go r.listen(out, address)
	select {
	case at, ok := <-address:
		if !ok {
			<-r.done
			ts.Fatalf("the server ended: %s", ts.ReadFile("server.err"))
		}
		ts.Setenv("APPLIANCE_SERVER", at)
	case <-time.After(20 * time.Second):
		ts.Fatalf("the server does not answer: %s", ts.ReadFile("server.err"))
	}
	data := filepath.Join(work, "data")
	for i, a := range args {
		if a == "--data" {
			data = args[i+1]
		}
	}
	token, err := readToken(tokenPath(data))
	ts.Check(err)
	ts.Setenv("APPLIANCE_TOKEN", token)
}

// listen reads the banner, sends the address that the commands are to use, and waits for the end.
func (r *running) listen(out io.Reader, address chan<- string) {
	lines := bufio.NewScanner(out)
	sent := false
	for lines.Scan() {
		r.said.add(lines.Text())
		if at, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "export APPLIANCE_SERVER="); ok && !sent {
			address <- at
			sent = true
		}
	}
	_ = r.cmd.Wait() // stop looks at how it ended
	if !sent {
		close(address)
	}
	close(r.done)
}

// end stops the server if it is still there.
func (r *running) end() bool {
	select {
	case <-r.done:
		return true
	default:
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
		return true
	case <-time.After(15 * time.Second):
		_ = r.cmd.Process.Kill()
		<-r.done
		return false
	}
}

func stopServer(ts *testscript.TestScript, neg bool, _ []string) {
	r := ts.Value(peersKey{}).(*running)
	if !r.end() {
		ts.Fatalf("the server did not end after SIGTERM: %s", ts.ReadFile("server.err"))
	}
	ts.Check(r.errs.Close())
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "server.out"), r.said.text.Bytes(), 0o600))
	if code := r.cmd.ProcessState.ExitCode(); (code == 0) == neg {
		ts.Fatalf("the server ended with exit code %d: %s", code, ts.ReadFile("server.err"))
	}
}

// binary finds the program that testscript put on the script's PATH.
func binary(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "appliance"); isFile(path) {
			return path
		}
	}
	ts.Fatalf("no appliance on PATH")
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func checkExit(ts *testscript.TestScript, neg bool, args []string) {
	want, got := exitsWith(ts, neg, args)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func checkExitSoon(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if want, got := exitsWith(ts, neg, args); got == want {
			return
		}
	}
	ts.Fatalf("%v did not end with exit code %s within ten seconds", args[1:], args[0])
}

func exitsWith(ts *testscript.TestScript, neg bool, args []string) (want, got int) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…, soon CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return want, ended.ExitCode()
	}
	ts.Check(err)
	return want, 0
}

func damageObject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage DIR")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "objects", "*", "*.filez"))
	ts.Check(err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		ts.Check(err)
		if len(data) < 200 {
			continue
		}
		data[len(data)-5] ^= 0xff
		ts.Check(os.Chmod(file, 0o644))
		ts.Check(os.WriteFile(file, data, 0o644))
		return
	}
	ts.Fatalf("no object to damage in %s", args[0])
}

func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE PERM")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fetch PATH FILE")
	}
	answer, err := http.Get(ts.Getenv("APPLIANCE_SERVER") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if ok := answer.StatusCode == http.StatusOK; ok == neg {
		ts.Fatalf("%s: %s: %s", args[0], answer.Status, data)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

func missing(ts *testscript.TestScript, _ bool, args []string) {
	ts.Fatalf("%s is missing, and CI=true says that it must not be", strings.Join(args, " "))
}
