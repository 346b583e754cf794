//go:build containers_image_openpgp

package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// realOSBuild has a builder compose with the programs of a checkout of osbuild, from the packages of the small
// distribution that the room of the backend has for its tests.
func realOSBuild(t *testing.T) *builder {
	t.Helper()
	checkout := os.Getenv("APPLIANCE_OSBUILD")
	if checkout == "" || runtime.GOARCH != "amd64" {
		t.Skip("runs with APPLIANCE_OSBUILD=DIR, a checkout of osbuild, on x86_64")
	}
	b := newBuilder(t)
	repo, store := t.TempDir(), b.store()
	list, err := os.Open("../compose/osbuild/testdata/distribution/centos-9.packages")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	script := exec.Command("../compose/osbuild/testdata/distribution/make.sh", repo)
	script.Stdin = list
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packages := httptest.NewServer(http.FileServer(http.Dir(repo)))
	t.Cleanup(packages.Close)
	for name, text := range map[string]string{
		"bin/osbuild":              fmt.Sprintf("#!/bin/sh\nPYTHONPATH=%[1]s exec /usr/bin/python3 -m osbuild --libdir %[1]s \"$@\"\n", checkout),
		"bin/osbuild-depsolve-dnf": fmt.Sprintf("#!/bin/sh\nPYTHONPATH=%[1]s exec /usr/bin/python3 %[1]s/tools/osbuild-depsolve-dnf \"$@\"\n", checkout),
		"repos/centos-9.json":      fmt.Sprintf(`{"x86_64":[{"name":"small","baseurl":%q,"check_gpg":false}]}`, packages.URL),
		"appliance.toml":           fmt.Sprintf("[compose]\ndistro = \"centos-9\"\nstore = %q\nrepositories = [%q]\n", store, filepath.Join(b.dir, "repos")),
	} {
		file := filepath.Join(b.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// store is not in the test's own folder: removing that would remove through a mount that stays.
func (b *builder) store() string {
	dir, err := os.MkdirTemp("/var/tmp", "appliance-osbuild-")
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		b.endBuilds()
		mounts, err := os.ReadFile("/proc/self/mounts")
		if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) > 0 {
			b.t.Errorf("left in the store: %v", left)
		}
		if err != nil || bytes.Contains(mounts, []byte(dir)) {
			b.t.Errorf("still mounted below %s: %v", dir, err)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

// endBuilds ends what a test that failed has left building.
func (b *builder) endBuilds() {
	files, _ := filepath.Glob(filepath.Join(b.dir, "data", "jobs", "*", "work", "build", "pid"))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		for n := 0; err == nil && pid > 1 && n < 20 && syscall.Kill(pid, 0) == nil; n++ {
			_ = syscall.Kill(-pid, syscall.SIGINT)
			time.Sleep(time.Second)
		}
	}
}

// TestPeerCompose makes the demonstration's three releases with the real osbuild, kills the server in the middle of
// the second, cancels the third once, and has the real ostree pull what is published.
func TestPeerCompose(t *testing.T) {
	b := realOSBuild(t)
	b.start()
	b.run(exitOK, "preflight")
	began := time.Now()
	text := b.run(exitOK, "compose", "demo_upgrade@0.0.1", "--follow")
	t.Logf("0.0.1 is there after %v", time.Since(began).Round(time.Second/10))
	for _, want := range []string{"staged", "centos-9 edge-commit x86_64", "centos/9/x86_64/edge"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if text := b.run(exitOK, "release", "show", "demo_upgrade@0.0.1", "--sbom"); !strings.Contains(text, `"name": "git"`) && !strings.Contains(text, `"name":"git"`) {
		t.Errorf("an SBOM without git: %.300s", text)
	}
	b.run(exitOK, "release", "publish", "demo_upgrade@0.0.1")
	first := b.pulled()

	id := jobWord.FindString(b.run(exitOK, "compose", "demo_upgrade@0.0.2"))
	b.until(id, "os: org.osbuild.")
	b.kill()
	b.start()
	if text := b.run(exitOK, "job", "log", id, "--follow"); !strings.Contains(text, "imported demo_upgrade@0.0.2") || strings.Count(text, "Starting pipeline os") != 2 { // os and ostree-commit
		t.Errorf("log %s", text)
	}
	if text := b.run(exitOK, "release", "show", "demo_upgrade@0.0.2"); !strings.Contains(text, first) {
		t.Errorf("it does not follow %s: %s", first, text)
	}
	if text := b.run(exitOK, "release", "diff", "demo_upgrade@0.0.1", "demo_upgrade@0.0.2"); !strings.Contains(text, "zsh") || !strings.Contains(text, "git") || strings.Contains(text, "podman") {
		t.Errorf("%s", text)
	}
	b.run(exitOK, "release", "publish", "demo_upgrade@0.0.2")
	if second := b.pulled(); second == first {
		t.Error("the second release was not published")
	}

	id = jobWord.FindString(b.run(exitOK, "compose", "demo_upgrade@0.0.3"))
	b.until(id, "os: org.osbuild.")
	b.run(exitOK, "job", "cancel", id)
	b.run(exitFailure, "job", "log", id, "--follow") // until it has ended
	b.until(id, "state:    cancelled")
	if text := b.run(exitOK, "compose", "demo_upgrade@0.0.3", "--follow"); !strings.Contains(text, "staged") {
		t.Errorf("%s", text)
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid)); err == nil {
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		peak, _, _ = strings.Cut(peak, "\n")
		t.Logf("peak memory of the server: %s", strings.TrimSpace(peak))
	}
}

// pulled is the commit that a client of the published repository gets, every object of it checked.
func (b *builder) pulled() string {
	b.t.Helper()
	repo := filepath.Join(b.t.TempDir(), "repo")
	commit := ""
	for _, args := range [][]string{
		{"init", "--mode=archive"}, {"remote", "add", "--no-gpg-verify", "edge", b.url + "/demo_upgrade/repo"},
		{"pull", "edge", "centos/9/x86_64/edge"}, {"fsck", "-q"}, {"rev-parse", "edge:centos/9/x86_64/edge"},
	} {
		out, err := exec.Command("ostree", append([]string{"--repo=" + repo}, args...)...).CombinedOutput()
		if err != nil {
			b.t.Fatalf("ostree %q: %v: %s", args, err, out)
		}
		commit = strings.TrimSpace(string(out))
	}
	return commit
}
