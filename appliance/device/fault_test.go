package device

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var errDisk = errors.New("no space left on device")

// at makes the Nth change of a disk fail, or that one and all after it: to the disk, that is a process which
// was killed.
func at(n int, dead bool) (fault func(op, path string) error, steps *int) {
	steps = new(int)
	return func(op, path string) error {
		if *steps++; *steps == n || dead && *steps > n {
			return fmt.Errorf("step %d: %w", *steps, errDisk)
		}
		return nil
	}, steps
}

// stages of a device's life that must survive an interruption anywhere.
func lives(t *testing.T) map[string]struct {
	before func(o Options)
	run    func(o Options) error
} {
	type life = struct {
		before func(o Options)
		run    func(o Options) error
	}
	fresh := func(o Options) error { _, err := Install(t.Context(), o); return err }
	return map[string]life{
		"install": {func(Options) {}, fresh},
		"upgrade": {func(o Options) {
			o.Fault = nil
			install(t, o)
			write(t, o.Root, "/etc/appliance/units/container-app1.service", "# mine\n")
		}, func(o Options) error {
			o.Profile = parse(t, `unit = "httpd"`, `unit = "web"`, "port = 8081", "port = 8081\nmemory = \"128MiB\"")
			return fresh(o)
		}},
		"uninstall": {func(o Options) { o.Fault = nil; install(t, o) }, func(o Options) error {
			_, err := Uninstall(t.Context(), o)
			return err
		}},
	}
}

// Each step that changes the disk fails once, or is the last one before the process is killed. A second run
// then makes the same tree as an undisturbed one, and at no time is a check without what it asks for.
func TestInterruptedAnywhere(t *testing.T) {
	for name, life := range lives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undisturbed := plant(t, disturbed())
			o := offline(t, undisturbed, parse(t))
			life.before(o)
			must(t, life.run(o))
			want := listing(t, undisturbed)
			stride := 11 // every step takes half a minute
			if os.Getenv("APPLIANCE_PEERS") == "1" {
				stride = 1
			}
			for i, dead := range []bool{false, true} {
				for n := 1 + 3*i; ; n += stride {
					done, steps := interrupt(t, life.before, life.run, n, dead, want)
					if done {
						if steps < 30 {
							t.Errorf("only %d steps", steps)
						}
						break
					}
				}
			}
		})
	}
}

// disturbed is a system with files of others in our places.
func disturbed() tree {
	tr := ostreeTree()
	tr.files["/etc/ostree/remotes.d/edge.conf"] = "[remote \"edge\"]\ngpg-verify=false\n"
	tr.files["/etc/tmpfiles.d/appliance.conf"] = "# theirs\n"
	return tr
}

func interrupt(t *testing.T, before func(Options), run func(Options) error, n int, dead bool, want string) (done bool, steps int) {
	t.Helper()
	root := plant(t, disturbed())
	defer os.RemoveAll(root)
	o := offline(t, root, parse(t))
	before(o)
	fault, count := at(n, dead)
	o.Fault = fault
	err := run(o)
	if *count < n {
		must(t, err)
		return true, *count
	}
	if !errors.Is(err, errDisk) && (dead || err != nil) {
		t.Fatalf("step %d: error = %v, want that of the disk", n, err)
	}
	orderly(t, root, n)
	o.Fault = nil
	must(t, run(o))
	if got := listing(t, root); got != want {
		t.Fatalf("killed = %v at step %d, then run again:\n%s", dead, n, unified("tree", want, got))
	}
	return false, *count
}

// orderly checks what holds at every moment: a check is there only with the profile that it judges by and the
// program that it calls, and the profile names only apps that are there and enabled.
func orderly(t *testing.T, root string, n int) {
	t.Helper()
	there := func(name string) bool { _, err := os.Lstat(root + name); return err == nil }
	if there("/etc/greenboot/check/required.d/50_appliance_health.sh") && (!there(profilePath) || !there("/var/usrlocal/bin/appliance")) {
		t.Errorf("step %d: a required check without its profile or its program", n)
	}
	data, err := os.ReadFile(root + profilePath)
	if err != nil || !there("/etc/greenboot/check/required.d/50_appliance_health.sh") {
		return
	}
	needs := map[string][]string{
		`unit = "app1"`:  {"/etc/appliance/apps/app1.env", "/etc/appliance/units/container-app1.service", "/etc/systemd/user/container-app1.service", "/etc/systemd/user/default.target.wants/container-app1.service"},
		`unit = "httpd"`: {"/etc/appliance/apps/httpd.env", "/etc/appliance/units/container-httpd.service", "/etc/systemd/user/container-httpd-proxy.socket", "/etc/systemd/user/sockets.target.wants/container-httpd-proxy.socket"},
		`unit = "web"`:   {"/etc/appliance/apps/web.env", "/etc/systemd/user/container-web.service", "/etc/systemd/user/container-web-proxy.socket", "/etc/systemd/user/sockets.target.wants/container-web-proxy.socket"},
	}
	for says, files := range needs {
		for _, file := range files {
			if strings.Contains(string(data), says) && !there(file) {
				t.Errorf("step %d: the checks ask for %s, and %s is not there", n, says, file)
			}
		}
	}
	if left, _ := filepath.Glob(root + "/etc/*/.*.appliance-new*"); len(left) > 0 {
		t.Errorf("step %d: %q", n, left)
	}
}

// A process that is really killed leaves what the simulation says.
func TestKilled(t *testing.T) {
	if root := os.Getenv("DEVICE_TEST_ROOT"); root != "" {
		var n int
		fmt.Sscan(os.Getenv("DEVICE_TEST_STEP"), &n)
		o := Options{Root: root, Profile: parse(t), Binary: os.Getenv("DEVICE_TEST_PROGRAM"), Version: "1.2.3", Run: none{t}}
		steps := 0
		o.Fault = func(string, string) error {
			if steps++; steps == n {
				os.Exit(9)
			}
			return nil
		}
		install(t, o)
		os.Exit(0)
	}
	undisturbed := plant(t, disturbed())
	install(t, offline(t, undisturbed, parse(t)))
	want := listing(t, undisturbed)
	binary := program(t)
	for n := 1; ; n += 29 {
		root := plant(t, disturbed())
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "DEVICE_TEST_ROOT="+root, "DEVICE_TEST_PROGRAM="+binary, fmt.Sprintf("DEVICE_TEST_STEP=%d", n))
		err := cmd.Run()
		if err == nil {
			if n < 30 {
				t.Errorf("ended after %d steps", n)
			}
			return
		}
		if cmd.ProcessState.ExitCode() != 9 {
			t.Fatalf("step %d: %v", n, err)
		}
		orderly(t, root, n)
		install(t, offline(t, root, parse(t)))
		differ(t, fmt.Sprintf("killed at step %d, then run again", n), listing(t, root), want)
	}
}

// What has a new name was synced before it got it, and a later stage begins only when the folders of the
// earlier one are durable: a power cut then leaves what a kill leaves.
func TestEverythingIsSynced(t *testing.T) {
	root := plant(t, disturbed())
	o := offline(t, root, parse(t))
	synced, unsynced := map[string]bool{}, map[string]bool{}
	o.Fault = func(op, path string) error {
		switch op {
		case "create":
			// Whatever was renamed before must be durable by now, unless it is of the same stage: there
			// all files are created before the first is renamed.
			for dir := range unsynced {
				t.Errorf("creating %s while %s is not synced", path, dir)
			}
			synced[path] = false
		case "symlink":
			synced[path] = true // has no content
		case "sync":
			synced[path] = true
			delete(unsynced, path)
		case "mkdir":
			synced[path] = true
		case "rename":
			if !synced[path] {
				t.Errorf("%s gets its name before it is synced", path)
			}
			unsynced[filepath.Dir(path)] = true
		}
		return nil
	}
	install(t, o)
	if len(unsynced) > 0 || len(synced) < 30 {
		t.Errorf("%d paths, not synced: %v", len(synced), unsynced)
	}
}
