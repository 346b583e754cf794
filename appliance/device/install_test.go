package device

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", os.Getenv("UPDATE") == "1", "rewrite goldens")

// What is on a device afterwards, for both kinds of trees.
func TestInstallTree(t *testing.T) {
	for name, tr := range map[string]tree{"debian": debianTree(), "ostree": ostreeTree()} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, tr)
			before := listing(t, root)
			out := install(t, offline(t, root, parse(t)))
			if !out.Changed() {
				t.Error("nothing changed")
			}
			got := added(before, listing(t, root))
			for _, file := range []string{"/etc/greenboot/greenboot.conf", "/etc/rpm-ostreed.conf"} {
				if _, ok := tr.files[file]; ok {
					got += "\n" + file + ":\n" + read(t, root, file)
				}
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				must(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if os.Geteuid() != 0 {
				want = []byte(unowned(string(want)))
			}
			differ(t, "tree", got, string(want))
		})
	}
}

// added are the lines of a listing that were not there before, without sums: those of units are the goldens
// of room unit.
func added(before, after string) string {
	had := map[string]bool{}
	for line := range strings.Lines(before) {
		had[line] = true
	}
	var b strings.Builder
	for line := range strings.Lines(after) {
		if had[line] {
			continue
		}
		f := strings.Fields(line)
		if f[0] == "file" {
			f = f[:4]
		}
		b.WriteString(strings.Join(f, " ") + "\n")
	}
	return b.String()
}

// unowned is a listing as somebody sees it who cannot give files away.
func unowned(listing string) string {
	var b strings.Builder
	for line := range strings.Lines(listing) {
		f := strings.Fields(line)
		if len(f) > 2 && slices.Contains([]string{"file", "dir", "link"}, f[0]) {
			f[1] = "-"
			line = strings.Join(f, " ") + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestInstallTwiceIsOnce(t *testing.T) {
	for name, tr := range map[string]tree{"debian": debianTree(), "ostree": ostreeTree()} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, tr)
			o := offline(t, root, parse(t))
			install(t, o)
			before := stamps(t, root)
			o.Now = func() time.Time { return time.Unix(3e9, 0) }
			steps := 0
			o.Fault = func(op, path string) error {
				steps++
				return fmt.Errorf("%s %s in a second run", op, path)
			}
			if out := install(t, o); out.Changed() || len(out.Changes) > 0 || steps > 0 {
				t.Errorf("a second run changed %s, %d steps", brief(out), steps)
			}
			if !maps.Equal(before, stamps(t, root)) {
				t.Error("a second run wrote something")
			}
			if drift, err := Drift(root); err != nil || len(drift) > 0 {
				t.Errorf("Drift = %+v, %v", drift, err)
			}
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	root := plant(t, ostreeTree())
	o := offline(t, root, parse(t))
	before := stamps(t, root)
	o.DryRun = true
	out := install(t, o)
	if !out.Changed() || !maps.Equal(before, stamps(t, root)) {
		t.Errorf("Changed = %v, want true and an untouched tree", out.Changed())
	}
	var text string
	for _, c := range out.Changes {
		text += c.Diff
	}
	if !strings.Contains(text, "-GREENBOOT_MAX_BOOT_ATTEMPTS=3\n+GREENBOOT_MAX_BOOT_ATTEMPTS=4\n") {
		t.Errorf("the difference lacks the setting:\n%s", text)
	}
	if strings.Contains(text, "IMAGE=") {
		t.Errorf("the difference shows a private file:\n%s", text)
	}
	o.DryRun = false
	real := install(t, o)
	if got, want := fmt.Sprint(actions(out, Create, Update)), fmt.Sprint(actions(real, Create, Update)); got != want {
		t.Errorf("told %s, did %s", got, want)
	}
}

func TestEditedFilesAreKept(t *testing.T) {
	const unit = "/etc/appliance/units/container-app1.service"
	root := plant(t, debianTree())
	o := offline(t, root, parse(t))
	install(t, o)
	ours := read(t, root, unit)
	write(t, root, unit, "# mine\n")

	out := install(t, o)
	if got := actions(out, Beside); !slices.Equal(got, []string{unit}) {
		t.Fatalf("beside = %q", got)
	}
	if read(t, root, unit) != "# mine\n" || read(t, root, unit+suffixNew) != ours {
		t.Error("the edited file was not kept, or ours is not beside it")
	}
	before := stamps(t, root)
	if out := install(t, o); out.Changed() || !slices.Equal(actions(out, Keep), []string{unit}) {
		t.Errorf("a second run changed %s", brief(out))
	}
	if !maps.Equal(before, stamps(t, root)) {
		t.Error("a second run wrote something")
	}
	drift, err := Drift(root)
	if got := fmt.Sprint(drift); err != nil || !strings.Contains(got, "was edited") || !strings.Contains(got, "waits to be merged") || len(drift) != 2 {
		t.Errorf("Drift = %s, %v", got, err)
	}

	o.Force = true
	if out := install(t, o); !slices.Equal(actions(out, Replace), []string{unit}) {
		t.Errorf("with force = %s", brief(out))
	}
	if read(t, root, unit) != ours || read(t, root, unit+suffixSave) != "# mine\n" {
		t.Error("force did not replace the file, or did not save it")
	}
	if _, err := os.Lstat(root + unit + suffixNew); err == nil {
		t.Error("what was written beside the file is still there")
	}
}

// A remote that an installer wrote is replaced, because nobody may verify what comes from it, and is back in the
// end. Other files that were there before are kept.
func TestForeignFiles(t *testing.T) {
	const remote, registries = "/etc/ostree/remotes.d/edge.conf", "/etc/containers/registries.conf.d/50-appliance.conf"
	tr := debianTree()
	tr.files[remote] = "[remote \"edge\"]\ngpg-verify=false\n"
	tr.files[registries] = "# theirs\n"
	tr.files["/etc/systemd/user/grub-boot-success.timer"] = "[Timer]\n"
	root := plant(t, tr)
	must(t, os.Chmod(root+remote, 0o600))
	before := listing(t, root)
	o := offline(t, root, parse(t))
	out := install(t, o)
	if !slices.Equal(actions(out, Replace), []string{remote}) || !slices.Equal(actions(out, Beside), []string{registries}) ||
		!slices.Equal(actions(out, Keep), []string{"/etc/systemd/user/grub-boot-success.timer"}) {
		t.Errorf("changes: %s", brief(out))
	}
	if again := install(t, o); again.Changed() {
		t.Errorf("a second run changed %s", brief(again))
	}
	o.Force = true
	if forced := install(t, o); len(actions(forced, Replace)) != 2 {
		t.Errorf("with force: %s", brief(forced))
	}
	uninstall(t, o)
	differ(t, "tree", listing(t, root), before)
}

// A profile that a person edited and installed from is taken as it is; another one takes its place, for units
// and checks have to fit it.
func TestEditedProfile(t *testing.T) {
	root := plant(t, debianTree())
	o := offline(t, root, parse(t))
	install(t, o)
	same := "# a remark of mine\n" + read(t, root, profilePath)
	write(t, root, profilePath, same)
	must(t, os.Chmod(root+profilePath, 0o640))
	if out := install(t, o); out.Changed() || read(t, root, profilePath) != same {
		t.Errorf("a remark in the profile: %s", brief(out))
	}
	o.Profile = withoutCold(t)
	out := install(t, o)
	if !slices.Equal(actions(out, Replace), []string{profilePath}) || read(t, root, profilePath+suffixSave) != same {
		t.Errorf("another profile: %s", brief(out))
	}
}

// What an older plan made and a new one does not want goes, and nothing else does.
func TestUpgradeOfAPlan(t *testing.T) {
	root := plant(t, ostreeTree())
	o := offline(t, root, parse(t))
	install(t, o)
	write(t, root, "/etc/appliance/units/container-httpd.service", "# mine\n")
	o.Profile = withoutCold(t)
	out := install(t, o)
	if got := actions(out, Keep); !slices.Equal(got, []string{"/etc/appliance/units/container-httpd.service"}) {
		t.Errorf("kept %q", got)
	}
	must(t, os.Remove(root+"/etc/appliance/units/container-httpd.service"))

	fresh := plant(t, ostreeTree())
	o.Root = fresh
	install(t, o)
	differ(t, "upgraded tree", listing(t, root), listing(t, fresh))
}

// An app that was warm becomes cold under the same names.
func TestWarmBecomesCold(t *testing.T) {
	root := plant(t, debianTree())
	o := offline(t, root, parse(t))
	install(t, o)
	o.Profile = parse(t, "port = 8081", "port = 8081\ncold = true")
	install(t, o)
	fresh := plant(t, debianTree())
	o.Root = fresh
	install(t, o)
	differ(t, "changed tree", listing(t, root), listing(t, fresh))
}

func TestUnfitDevices(t *testing.T) {
	for name, tt := range map[string]struct {
		file, content, want string
	}{
		"no user":      {"/etc/passwd", "root:x:0:0::/root:/bin/sh\n", "useradd --create-home admin"},
		"no subuids":   {"/etc/subuid", "other:100000:65536\n", "usermod --add-subuids"},
		"few subgid":   {"/etc/subgid", "admin:100000:1000\n", "usermod --add-subuids"},
		"user is root": {"/etc/passwd", "admin:x:0:0::/root:/bin/sh\n", "must not be"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := debianTree()
			tr.files[tt.file] = tt.content
			root := plant(t, tr)
			before := listing(t, root)
			_, err := Install(t.Context(), offline(t, root, parse(t)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
			differ(t, "tree after a refusal", listing(t, root), before)
		})
	}
}

// The program of the image is used where there is one, and /usr/local is left alone.
func TestBinaryOfTheImage(t *testing.T) {
	tr := ostreeTree()
	tr.files[binaryInImage] = "the image's\n"
	root := plant(t, tr)
	install(t, offline(t, root, parse(t)))
	if _, err := os.Lstat(root + "/var/usrlocal"); err == nil {
		t.Error("/usr/local was written")
	}
	if unit := read(t, root, "/etc/appliance/units/container-app1.service"); !strings.Contains(unit, binaryInImage+" device probe") {
		t.Errorf("the unit does not call the program of the image:\n%s", unit)
	}
}

func TestBinaryIsReplaced(t *testing.T) {
	root := plant(t, debianTree())
	write(t, root, binaryCopied, "an older one\n")
	o := offline(t, root, parse(t))
	install(t, o)
	if got := read(t, root, binaryCopied); got != read(t, "", o.Binary) {
		t.Errorf("the program is %q", got)
	}
	must(t, os.WriteFile(o.Binary, []byte("a newer one\n"), 0o755))
	if out := install(t, o); !slices.Equal(actions(out, Update), []string{binaryCopied}) {
		t.Errorf("changes = %s", brief(out))
	}
	if got := read(t, root, binaryCopied); got != "a newer one\n" {
		t.Errorf("the program is %q", got)
	}
	if out := install(t, o); out.Changed() {
		t.Errorf("once more: %s", brief(out))
	}
}

// Without a home the links in it are left out, and made when it is there.
func TestHomeComesLater(t *testing.T) {
	tr := debianTree()
	tr.dirs = slices.DeleteFunc(tr.dirs, func(d string) bool { return d == "/home/admin" })
	root := plant(t, tr)
	o := offline(t, root, parse(t))
	if out := install(t, o); len(out.Notes) == 0 || !strings.Contains(strings.Join(out.Notes, "\n"), "/home/admin") {
		t.Errorf("notes = %q", out.Notes)
	}
	must(t, os.MkdirAll(root+"/home/admin", 0o755))
	if os.Geteuid() == 0 {
		must(t, os.Chown(root+"/home/admin", 1000, 1000))
	}
	install(t, o)
	fresh := plant(t, debianTree())
	o.Root = fresh
	install(t, o)
	differ(t, "tree", listing(t, root), listing(t, fresh))
}
