package device

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

const demoProfile = `
blueprint = "demo_upgrade"
builder = "http://builder.example:8080"
user = "admin"

[os]
url = "http://builder.example:8080/demo_upgrade/repo/"
ref = "rhel/9/x86_64/edge"
updates = "stage"

[registry]
insecure = ["builder.example:8080"]

[health]
attempts = 5

[host]
sudo = true

[[app]]
name = "2048"
unit = "app1"
image = "builder.example:8080/2048:prod"
port = 8081

[[app]]
name = "simple-http"
unit = "httpd"
image = "builder.example:8080/simple-http:prod"
port = 8080
cold = true

[[check]]
name = "git"
kind = "command"
command = ["git", "--help"]
`

// parse reads a profile after replacing texts in it.
func parse(t testing.TB, replace ...string) profile.Profile {
	t.Helper()
	p, err := profile.Parse([]byte(strings.NewReplacer(replace...).Replace(demoProfile)), "device.toml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// withoutCold is the profile without its cold app.
func withoutCold(t testing.TB) profile.Profile {
	begin := strings.Index(demoProfile, "[[app]]\nname = \"simple-http\"")
	end := strings.Index(demoProfile, "[[check]]")
	return parse(t, demoProfile[begin:end], "")
}

// tree is what a plain system has before anything is installed.
type tree struct {
	files map[string]string // content; a link where it begins with "-> "
	dirs  []string
}

func debianTree() tree {
	return tree{
		files: map[string]string{
			"/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000:,,,:/home/admin:/bin/bash\n",
			"/etc/group":  "root:x:0:\nadmin:x:1000:\nvideo:x:44:admin\n",
			"/etc/subuid": "admin:100000:65536\n", "/etc/subgid": "admin:100000:65536\n",
			"/etc/hostname": "device\n",
		},
		dirs: []string{"/home/admin", "/usr/local/bin", "/usr/bin", "/etc/systemd/system", "/etc/systemd/user", "/var/lib"},
	}
}

func ostreeTree() tree {
	return tree{
		files: map[string]string{
			"/etc/passwd":     "root:x:0:0:root:/root:/bin/bash\n",
			"/usr/lib/passwd": "admin:x:1000:1000::/home/admin:/bin/bash\n",
			"/usr/lib/group":  "admin:x:1000:\n",
			"/etc/subuid":     "admin:100000:65536\n", "/etc/subgid": "1000:100000:65536\n",
			"/home": "-> var/home", "/usr/local": "-> ../var/usrlocal", "/root": "-> /var/roothome", "/opt": "-> /var/opt",
			"/usr/bin/rpm-ostree": "program\n",
			"/usr/lib/systemd/system/greenboot-set-rollback-trigger.service":            "[Unit]\n",
			"/etc/greenboot/greenboot.conf":                                             "# greenboot\nGREENBOOT_MAX_BOOT_ATTEMPTS=3\nDISABLED_HEALTHCHECKS=()\n",
			"/etc/rpm-ostreed.conf":                                                     "# man\n[Daemon]\n#AutomaticUpdatePolicy=none\nIdleExitTimeout=60",
			"/etc/systemd/system/multi-user.target.wants/greenboot-healthcheck.service": "-> ../../../../usr/lib/systemd/system/greenboot-healthcheck.service",
		},
		dirs: []string{"/var/home/admin", "/etc/systemd/user", "/etc/greenboot/check/required.d", "/var/lib"},
	}
}

// plant makes a tree in a new folder.
func plant(t testing.TB, tr tree) string {
	t.Helper()
	root := folder(t)
	for _, dir := range tr.dirs {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for name, content := range tr.files {
		write(t, root, name, content)
	}
	for _, home := range []string{"/home/admin", "/var/home/admin"} {
		if i, err := os.Lstat(root + home); err == nil && i.IsDir() && os.Geteuid() == 0 {
			must(t, os.Chown(root+home, 1000, 1000))
		}
	}
	return root
}

// folder is a temporary folder, in memory where that is possible: everything here is synced.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "device-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// brief is what was done, for a message.
func brief(out Outcome) string {
	var b strings.Builder
	for _, c := range out.Changes {
		fmt.Fprintf(&b, "\n%s %s %s", c.Action, c.Path, c.Reason)
	}
	return b.String() + fmt.Sprintf("\nports %q, notes %q", out.Ports, out.Notes)
}

func write(t testing.TB, root, name, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(root+name), 0o755))
	if target, link := strings.CutPrefix(content, "-> "); link {
		must(t, os.Symlink(target, root+name))
		return
	}
	must(t, os.WriteFile(root+name, []byte(content), 0o644))
}

func read(t testing.TB, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(root + name)
	must(t, err)
	return string(data)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program is a small stand-in for the program that is copied.
func program(t testing.TB) string {
	t.Helper()
	name := filepath.Join(folder(t), "appliance")
	must(t, os.WriteFile(name, []byte("\x7fELF the program\n"), 0o755))
	must(t, os.Chtimes(name, time.Unix(1e9, 0), time.Unix(1e9, 0)))
	return name
}

// offline are options for a tree whose programs cannot be run: any call of one is a fault.
func offline(t testing.TB, root string, p profile.Profile) Options {
	return Options{Root: root, Profile: p, Binary: program(t), Version: "1.2.3", Now: func() time.Time { return time.Unix(2e9, 0) }, Run: none{t}}
}

type none struct{ testing.TB }

func (n none) Run(_ context.Context, s command.Spec) ([]byte, error) {
	n.Errorf("ran %q", s.Argv)
	return nil, errors.New("no programs here")
}

func install(t testing.TB, o Options) Outcome {
	t.Helper()
	out, err := Install(t.Context(), o)
	must(t, err)
	return out
}

func uninstall(t testing.TB, o Options) Outcome {
	t.Helper()
	out, err := Uninstall(t.Context(), o)
	must(t, err)
	return out
}

// listing describes everything below root but its times. The manifest is left out where it is not equal by
// nature: it tells times of the copy.
func listing(t testing.TB, root string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		st := i.Sys().(*syscall.Stat_t)
		owner := fmt.Sprintf("%d:%d", st.Uid, st.Gid)
		if os.Geteuid() != 0 {
			owner = "-"
		}
		name = strings.TrimPrefix(name, root)
		switch {
		case i.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(root + name)
			fmt.Fprintf(&b, "link %s %s -> %s\n", owner, name, target)
		case i.IsDir():
			fmt.Fprintf(&b, "dir  %s %04o %s\n", owner, i.Mode().Perm(), name+"/")
		default:
			data, err := os.ReadFile(root + name)
			if err != nil {
				return err
			}
			sum := fmt.Sprintf("%x", sha256.Sum256(data))[:12]
			if name == ManifestPath || name == manifestCopy {
				sum = "(manifest)"
			}
			fmt.Fprintf(&b, "file %s %04o %s %s\n", owner, i.Mode().Perm(), name, sum)
		}
		return nil
	}))
	return b.String()
}

// stamps are the inode and the time of change of every file: what is written again differs.
func stamps(t testing.TB, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		st := i.Sys().(*syscall.Stat_t)
		all[name] = fmt.Sprint(st.Ino, st.Mtim, st.Ctim)
		return nil
	}))
	return all
}

// differ shows two listings beside each other where they are not equal.
func differ(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s", what, unified("tree", want, got))
	}
}

// actions are the paths of an outcome that had one of these actions.
func actions(out Outcome, which ...Action) []string {
	var names []string
	for _, c := range out.Changes {
		if slices.Contains(which, c.Action) {
			names = append(names, c.Path)
		}
	}
	return names
}
