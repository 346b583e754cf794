package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// demo is contrib/lab/lab with devices, a network and a port of its own; it shares the releases with
// the other tests, but not the tree: should they have to be made again meanwhile, nobody else's go.
type demo struct {
	t    *testing.T
	lab  string // its folder
	port int
	env  []string
}

func newDemo(t *testing.T) *demo {
	t.Helper()
	needPeers(t, "ostree", "mmdebstrap", "systemd-nspawn", "grub-editenv", "ip", "nsenter", "curl", "jq")
	if reason := noContainers(); reason != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{t: t, lab: t.TempDir(), port: freePort(t)}
	d.env = append(os.Environ(), "LAB="+d.lab, "LAB_NETWORK=198.18.77", "APPLIANCE="+bin, "TERM=xterm")
	cache := filepath.Dir(labRun(t, "commits"))
	for _, name := range []string{"releases", "releases.made"} {
		if err := os.Symlink(filepath.Join(cache, name), filepath.Join(d.lab, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(d.clear)
	return d
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// run calls the script and returns all that it says.
func (d *demo) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "../../contrib/lab/lab", args...)
	cmd.Env, cmd.WaitDelay = d.env, time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("lab %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

func (d *demo) must(args ...string) string {
	d.t.Helper()
	out, err := d.run(args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// clear keeps what tells about a failure, and takes down what a failed test has left.
func (d *demo) clear() {
	if d.t.Failed() {
		for _, pattern := range []string{"devices/*/console", "demo/builder.log"} {
			files, _ := filepath.Glob(filepath.Join(d.lab, pattern))
			for _, file := range files {
				to := filepath.Join("../../build/lab-tour", strings.ReplaceAll(strings.TrimPrefix(file, d.lab+"/"), "/", "-"))
				data, err := os.ReadFile(file)
				if err == nil && os.MkdirAll(filepath.Dir(to), 0o755) == nil && os.WriteFile(to, data, 0o644) == nil {
					d.t.Logf("kept %s", to)
				}
			}
		}
	}
	if _, err := d.run("down"); err != nil {
		d.t.Error(err)
	}
}

// deviceRow is the part of the builder's list that the tour has changed.
type deviceRow struct {
	Name, Release string
	Quarantined   int
	Rollback      struct {
		From  string `json:"from_version"`
		To    string `json:"to_version"`
		Check string
	}
	Apps []struct{ Name, Version string }
}

// device asks the builder for the only device.
func (d *demo) device() deviceRow {
	d.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/devices", d.port))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var rows []deviceRow
	if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil || len(rows) != 1 {
		d.t.Fatalf("the builder knows %d devices, want 1: %v", len(rows), err)
	}
	return rows[0]
}

// traces are what is left of the demonstration outside its folder.
func (d *demo) traces() (left []string) {
	d.t.Helper()
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/mounts", "/sys/class/net/*/ifalias"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), d.lab) {
				left = append(left, file)
			}
		}
	}
	if l, err := net.Listen("tcp", fmt.Sprintf(":%d", d.port)); err != nil {
		left = append(left, err.Error())
	} else {
		l.Close()
	}
	return left
}

// What a presenter types: the lab comes up, its tour shows every step as the device does it, another up
// changes nothing, and down leaves nothing.
func TestLabTour(t *testing.T) {
	t.Parallel() // it mostly waits
	d := newDemo(t)
	if out := d.must("up", "--port", fmt.Sprint(d.port), "--devices", "0"); !strings.Contains(out, "The lab is up.") {
		t.Errorf("up says %s", out)
	}
	story := d.must("tour", "--no-wait")
	rest := story
	for _, want := range []string{
		"git-1:2.39", "== Step 1", "boot is green", "2048 v1", "Seen   installed, green and serving",
		"== Step 2", "0.0.2, on trial, 1 more", "boot is red", "0.0.2, on trial, 0 more", "boot is red", "boots Debian Edge 0.0.1", "boot is green",
		"last rollback:", `0.0.2 to 0.0.1: git: the program "git" is not installed`, "Seen   the updater has looked again",
		"== Step 3", "boots Debian Edge 0.0.3", "boot is green", "git version", "zsh 5", "Seen   0.0.3 runs and is green",
		"== Step 4", "2048 is rolled back", "2048 v1", "QUARANTINE", "Seen   rolled back",
		"== Step 5", "2048 is updated", "2048 v3", "Seen   v3 answers",
		"== Step 6", "simple-http v1", "0.0.0.0:8081", "127.0.0.1:18080", "Seen   answered by a container",
		"simple-http is updated", "simple-http v2", "Seen   asleep, updated while it slept",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the tour does not show %q where it should:\n%s", want, story)
		}
		rest = after
	}
	if strings.Contains(story, "\x1b") {
		t.Error("the tour prints colours into a pipe")
	}

	want := deviceRow{Name: "edge-1", Release: "0.0.3", Quarantined: 2, Apps: []struct{ Name, Version string }{{"2048", "v3"}, {"simple-http", "v2"}}}
	want.Rollback.From, want.Rollback.To, want.Rollback.Check = "0.0.2", "0.0.1", "git"
	got := d.device()
	for deadline := time.Now().Add(20 * time.Second); !reflect.DeepEqual(got, want) && time.Now().Before(deadline); got = d.device() {
		time.Sleep(time.Second)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the builder says %+v, want %+v", got, want)
	}

	if out, err := d.run("step", "2", "--no-wait"); err == nil || !strings.Contains(out, "edge-1 does not run 0.0.1") || !strings.Contains(out, "lab step 1") {
		t.Errorf("step 2 after the tour: %v %s", err, out)
	}
	d.must("up")
	if again := d.device(); !reflect.DeepEqual(again, want) {
		t.Errorf("a second up makes %+v of it", again)
	}
	if out := d.must("status"); !strings.Contains(out, "edge-1 is on") || !strings.Contains(out, "published") {
		t.Errorf("status says %s", out)
	}

	d.must("down")
	if left := d.traces(); len(left) > 0 {
		t.Errorf("down leaves %q", left)
	}
	if exists(filepath.Join(d.lab, "demo")) || !exists(filepath.Join(d.lab, "releases")) {
		t.Error("down leaves its data, or takes the releases")
	}
	d.must("down", "--purge")
	if exists(filepath.Join(d.lab, "releases")) {
		t.Error("down --purge leaves the releases")
	}
}
