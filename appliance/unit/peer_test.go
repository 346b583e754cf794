package unit

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"edge/appliance/profile"
)

// peer wants a stock program. Tests with peers take longer, so they wait for APPLIANCE_PEERS=1, as make
// test sets it; then the program must be there.
func peer(t *testing.T, program string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("the %s program is not installed", program)
	}
}

// lay puts entries below a folder, links into the tree included.
func lay(t *testing.T, root string, all []Entry) {
	t.Helper()
	for _, e := range all {
		path := filepath.Join(root, e.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch {
		case e.Link == "":
			err = os.WriteFile(path, []byte(e.Text), e.Mode)
		case strings.HasPrefix(e.Link, "/etc/"):
			err = os.Symlink(filepath.Join(root, e.Link), path)
		default:
			err = os.Symlink(e.Link, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// analyze runs systemd-analyze verify for units of the tree and returns what it says.
func analyze(t *testing.T, root, level string, user bool, units ...string) string {
	t.Helper()
	folders := filepath.Join(root, systemUnits) + ":"
	args := append([]string{"verify", "--man=no"}, units...)
	if user {
		folders = filepath.Join(root, plainOptions.Home, ".config/systemd/user") + ":" + filepath.Join(root, userUnits) + ":"
		args = append(args, "--user")
	}
	cmd := exec.Command("systemd-analyze", args...)
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+folders, "XDG_RUNTIME_DIR="+t.TempDir(), "SYSTEMD_LOG_LEVEL="+level, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// installed is the version of the systemd of this machine: "systemd 252 (252.39-1)".
func installed(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	v, err := strconv.Atoi(strings.Fields(string(out))[1])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSystemdVerify wants no complaint of systemd about any unit of any case.
func TestSystemdVerify(t *testing.T) {
	peer(t, "systemd-analyze")
	for _, c := range cases {
		if c.options.Style == Quadlet {
			continue // its services are made on the device; see TestQuadletGenerator
		}
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			o := c.options
			o.Binary, o.Systemd = "/usr/bin/true", installed(t) // the program must be there
			all := entries(t, c.profile, o)
			lay(t, root, all)
			for _, folder := range []string{unitTexts, systemUnits} {
				var units []string
				for _, e := range all {
					if dir, name := filepath.Split(e.Path); dir == folder && e.Link == "" {
						units = append(units, name)
					}
				}
				if len(units) == 0 {
					continue
				}
				for _, line := range strings.Split(analyze(t, root, "notice", folder == unitTexts, units...), "\n") {
					if strings.Contains(line, "appliance") || strings.Contains(line, "container") {
						t.Error(line)
					}
				}
			}
		})
	}
}

// TestSystemdLinks wants that systemd finds the text behind the link in the home and the one in /etc, and
// takes neither for an alias.
func TestSystemdLinks(t *testing.T) {
	peer(t, "systemd-analyze")
	for place, home := range map[string]string{plainOptions.Home + "/.config/systemd/user/": plainOptions.Home, userUnits: ""} {
		root := t.TempDir()
		o := with(func(o *Options) { o.Binary, o.Home = "/usr/bin/true", home })
		lay(t, root, entries(t, demo(), o))
		said := analyze(t, root, "debug", true, "container-app1.service")
		if want := "Fragment Path: " + root + place + "container-app1.service"; !strings.Contains(said, want) {
			t.Errorf("%q is not in:\n%s", want, said)
		}
		for line := range strings.Lines(said) {
			if strings.Contains(line, "alias") && strings.Contains(line, "container") {
				t.Error(line)
			}
		}
	}
}

// TestSystemdReadsTexts hands every hostile text that is not refused to systemd's own parser.
func TestSystemdReadsTexts(t *testing.T) {
	peer(t, "systemd-analyze")
	p := demo()
	for _, s := range hostile {
		if plain(s) == nil && len(s) < 1000 { // a dump has a limit of its own
			p.Apps[0].Volumes = append(p.Apps[0].Volumes, s)
		}
	}
	root := t.TempDir()
	lay(t, root, entries(t, p, with(func(o *Options) { o.Binary = "/usr/bin/true" })))
	var got []string
	for line := range strings.Lines(analyze(t, root, "debug", true, "container-app1.service")) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "Command Line: /usr/bin/podman run ") {
			got = shellWords(strings.TrimPrefix(line, "Command Line: "))
		}
	}
	got = got[slices.Index(got, "8081:8081")+1:]
	var want []string
	for _, v := range p.Apps[0].Volumes {
		want = append(want, "-v", v)
	}
	if want = append(want, "${IMAGE}"); !slices.Equal(got, want) {
		t.Errorf("systemd reads\n%q, want\n%q", got, want)
	}
}

// shellWords reads the words of a dump of systemd: bare, or in double quotes with a backslash before what is
// special to a shell. Variables are not replaced in a dump, so $$ is left to be done.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, in := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			quoted, in = !quoted, true
		case c == ' ' && !quoted:
			if in {
				words = append(words, strings.ReplaceAll(word.String(), "$$", "$"))
			}
			word.Reset()
			in = false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	return append(words, strings.ReplaceAll(word.String(), "$$", "$"))
}

// TestPodmanEnvironment has podman itself read the environment of a container; it is made, not run.
func TestPodmanEnvironment(t *testing.T) {
	peer(t, "podman")
	p := demo()
	p.Apps[0].Env = map[string]string{}
	for i, s := range hostile {
		if plain(s) == nil {
			p.Apps[0].Env[fmt.Sprintf("TEXT_%d", i)] = s
		}
	}
	root := t.TempDir()
	lay(t, root, entries(t, p, plainOptions))
	if err := os.MkdirAll(filepath.Join(root, "image/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	podman := func(args ...string) []byte {
		args = append([]string{"--root=" + root + "/storage", "--runroot=" + root + "/run", "--storage-driver=vfs"}, args...)
		out, err := exec.Command("podman", args...).Output()
		if err != nil {
			t.Fatalf("podman %q: %v", args, err)
		}
		return out
	}
	podman("create", "--name=probe", "--env-file="+filepath.Join(root, environmentFile(p.Apps[0])), "--rootfs", root+"/image", "/bin/none")
	defer podman("rm", "-f", "probe")
	var got []string
	if err := json.Unmarshal(podman("inspect", "--format={{json .Config.Env}}", "probe"), &got); err != nil {
		t.Fatal(err)
	}
	for name, value := range p.Apps[0].Env {
		if !slices.Contains(got, name+"="+value) {
			t.Errorf("podman does not see %s=%.60q", name, value)
		}
	}
}

// TestOSTreeRemote has ostree read the remote.
func TestOSTreeRemote(t *testing.T) {
	peer(t, "ostree")
	repo := filepath.Join(t.TempDir(), "repo")
	run := func(args ...string) string {
		out, err := exec.Command("ostree", append(args, "--repo="+repo)...).CombinedOutput()
		if err != nil {
			t.Fatalf("ostree %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("init", "--mode=bare-user")
	config := filepath.Join(repo, "config")
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	p := full()
	p.OS.URL = "https://builder.example:8443/demo%20x/repo/?a=b;c"
	for _, e := range entries(t, p, plainOptions) {
		if strings.HasPrefix(e.Path, "/etc/ostree/remotes.d/") {
			data = append(append(data, '\n'), e.Text...)
		}
	}
	if err := os.WriteFile(config, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run("remote", "show-url", "edge"); got != p.OS.URL {
		t.Errorf("ostree reads %q, want %q", got, p.OS.URL)
	}
	for key, want := range map[string]string{"gpg-verify": "false", "sign-verify": "ed25519", "verification-ed25519-key": p.OS.Key} {
		if got := run("config", "get", "--group=remote \"edge\"", key); got != want {
			t.Errorf("ostree reads %s=%q, want %q", key, got, want)
		}
	}
}

// TestShims runs the checks as both greenboots do, with a program that says what it was told.
func TestShims(t *testing.T) {
	peer(t, "bash")
	root := t.TempDir()
	program := filepath.Join(root, "appliance")
	if err := os.WriteFile(program, []byte("#!/bin/bash\necho \"$@\"\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := full()
	want := map[string]string{
		"/etc/greenboot/check/required.d/50_appliance_health.sh": "device check --greenboot",
		"/etc/greenboot/check/wanted.d/50_appliance_health.sh":   "device check --greenboot --wanted",
		"/etc/greenboot/green.d/50_appliance_record.sh":          "device health record green",
		"/etc/greenboot/red.d/50_appliance_record.sh":            "device health record red",
	}
	all := entries(t, p, with(func(o *Options) { o.Binary = program }))
	lay(t, root, all)
	for path, say := range want {
		for _, args := range [][]string{{}, {"-C"}} {
			cmd := exec.Command("bash", append(args, filepath.Join(root, path))...)
			out, _ := cmd.Output()
			if got := strings.TrimSpace(string(out)); got != say || cmd.ProcessState.ExitCode() != 7 {
				t.Errorf("bash %q %s: %q, %v; want %q and status 7", args, path, got, cmd.ProcessState, say)
			}
		}
	}
}

// TestCalendar has systemd read the beginnings of windows.
func TestCalendar(t *testing.T) {
	peer(t, "systemd-analyze")
	none := profile.Window{Begin: 2 * 3600e9}
	for want, w := range map[string]profile.Window{
		"Wed,Sun *-*-* 23:30:00 Europe/Madrid": full().OS.Window,
		"*-*-* 02:00:00":                       none,
	} {
		out, err := exec.Command("systemd-analyze", "calendar", calendar(w)).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want+"\n") {
			t.Errorf("%q: %v, want %q in:\n%s", calendar(w), err, want, out)
		}
	}
}

// TestQuadletGenerator runs podman's own generator where one is installed (podman has one from 4.4 on), or
// the one that $QUADLET names.
func TestQuadletGenerator(t *testing.T) {
	peer(t, "podman")
	generator := os.Getenv("QUADLET")
	for _, path := range []string{"/usr/libexec/podman/quadlet", "/usr/lib/podman/quadlet"} {
		if _, err := os.Stat(path); err == nil && generator == "" {
			generator = path
		}
	}
	if generator == "" {
		t.Skip("this podman brings no generator")
	}
	root := t.TempDir()
	all := entries(t, quadlets(), with(func(o *Options) { o.Style, o.Podman, o.Home = Quadlet, Version{4, 4}, "/home" }))
	lay(t, root, all)
	cmd := exec.Command(generator, "-user", "-dryrun")
	cmd.Env = append(os.Environ(), "QUADLET_UNIT_DIRS="+root+"/home/.config/containers/systemd")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", generator, err)
	}
	for _, want := range []string{"container-app1.service", "container-httpd.service", "-v data:/var/data:Z", "--memory=268435456b",
		"--env-file " + environmentFile(quadlets().Apps[0]), "127.0.0.1:18080:8080", "ExecStartPost=/usr/local/bin/appliance device probe --app app1"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in what %s makes:\n%s", want, generator, out)
		}
	}
}
