package kickstart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts are the sections of a kickstart with one header, by order.
func scripts(t *testing.T, p Params, header string) []string {
	t.Helper()
	var found []string
	for _, s := range parse(render(t, p)).sections {
		if s.words[0] == header {
			found = append(found, s.body)
		}
	}
	return found
}

// stage is a machine that a script runs on: programs that play the real ones, and a folder instead of /.
type stage struct {
	t   *testing.T
	dir string
}

func newStage(t *testing.T, programs map[string]string) stage {
	t.Helper()
	s := stage{t, t.TempDir()}
	for _, dir := range []string{"bin", "tmp", "var/tmp", "dev/disk/by-id", "etc/ostree/remotes.d"} {
		if err := os.MkdirAll(filepath.Join(s.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range programs {
		s.write("bin/"+name, "#!/bin/sh\n"+script+"\n")
	}
	return s
}

func (s stage) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

func (s stage) read(name string) string {
	data, _ := os.ReadFile(filepath.Join(s.dir, name))
	return string(data)
}

// run runs a script with the folder in the place of /, by the shell of an installer: bash as sh, where it is
// here.
func (s stage) run(script string) (string, error) {
	s.t.Helper()
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/etc/ostree/", "/dev/"} {
		for _, before := range []string{"'", " ", ">", "\""} {
			script = strings.ReplaceAll(script, before+dir, before+s.dir+dir)
		}
	}
	script = strings.ReplaceAll(script, "[ -b ", "[ -e ")
	shell := []string{"sh"}
	if bash, err := exec.LookPath("bash"); err == nil {
		shell = []string{bash, "--posix"}
	}
	cmd := exec.Command(shell[0], append(shell[1:], "-c", script)...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(s.dir, "bin")+":"+os.Getenv("PATH"), "STAGE="+s.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const oneDisk = `echo '/dev/sr0 rom 1 0 usb
/dev/sda disk 0 0 sata
/dev/sdb disk 1 0 usb
/dev/sdc disk 0 0 usb
/dev/pmem0 disk 0 0
/dev/zram0 disk 0 0
/dev/mmcblk0boot0 disk 0 1 '`

func TestPreChoosesTheDisk(t *testing.T) {
	for _, tt := range []struct {
		name, lsblk, medium string
		change              func(*Params)
		want                string // in /tmp/appliance-disk.ks
		refused             string
	}{
		{"the only fixed one", oneDisk, "/dev/sdb1", nil, "ignoredisk --only-use=sda\nclearpart --all --initlabel --drives=sda\nbootloader --boot-drive=sda\n", ""},
		{"with arguments of the kernel", "echo '/dev/nvme0n1 disk 0 0 nvme'", "", func(p *Params) { p.KernelArgs = []string{"console=ttyS0", "quiet"} }, "bootloader --boot-drive=nvme0n1 --append=\"console=ttyS0 quiet\"\n", ""},
		{"two fixed ones", "echo '/dev/sda disk 0 0 sata\n/dev/nvme0n1 disk 0 0 nvme'", "", nil, "", "2 fixed disks (/dev/sda /dev/nvme0n1)"},
		{"none", "echo '/dev/sdb disk 1 0 usb'", "", nil, "", "0 fixed disks"},
		{"the medium", "echo '/dev/sda disk 0 0 sata'", "/dev/sda1", nil, "", "is the installation medium"},
		{"not the medium", "echo '/dev/sda disk 0 0 sata'", "/dev/sdaa1", nil, "--only-use=sda\n", ""},
		{"another partition scheme", "echo '/dev/nvme0n1 disk 0 0 nvme'", "/dev/nvme0n1p2", nil, "", "is the installation medium"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := base()
			if tt.change != nil {
				tt.change(&p)
			}
			s := newStage(t, map[string]string{"lsblk": tt.lsblk, "findmnt": "echo " + tt.medium})
			out, err := s.run(scripts(t, p, "%pre")[0])
			got := s.read("tmp/appliance-disk.ks")
			if refused := tt.refused != ""; refused != (err != nil) || refused && (!strings.Contains(out, tt.refused) || got != "") || !strings.Contains(got, tt.want) {
				t.Errorf("%v %s\n%s", err, out, got)
			}
		})
	}
}

// What %pre writes is itself a kickstart that passes the lint.
func TestIncludedPartIsSound(t *testing.T) {
	p := base()
	p.KernelArgs = []string{"console=ttyS0"}
	s := newStage(t, map[string]string{"lsblk": oneDisk, "findmnt": "exit 1"})
	if out, err := s.run(scripts(t, p, "%pre")[0]); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, target := range Targets() {
		for _, f := range Lint("reboot\nrootpw --lock\n"+s.read("tmp/appliance-disk.ks"), target) {
			t.Errorf("%s: %s", target, f)
		}
	}
}

func TestPreGuardsTheChosenDisk(t *testing.T) {
	for _, tt := range []struct {
		name, disk, wipefs, want string
		wipe                     Wipe
	}{
		{"there and empty", "sda", "true", "", WipeEmpty},
		{"by its id", "/dev/disk/by-id/ata-1", "true", "", WipeEmpty},
		{"not empty", "sda", "echo '0x1fe gpt'", "is not empty: 0x1fe gpt", WipeEmpty},
		{"not empty, which is no matter", "sda", "echo '0x1fe gpt'", "", WipeAny},
		{"not there", "sdz", "true", "There is no disk sdz. Disks of this machine: sda sdb", WipeAny},
		{"cannot be looked at", "sda", "exit 1", "", WipeEmpty},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := base()
			p.Disk, p.Wipe = tt.disk, tt.wipe
			s := newStage(t, map[string]string{"lsblk": "printf 'sda\\nsdb\\n'", "findmnt": "exit 1", "wipefs": tt.wipefs})
			s.write("dev/sda", "")
			if err := os.Symlink("../../sda", filepath.Join(s.dir, "dev/disk/by-id/ata-1")); err != nil {
				t.Fatal(err)
			}
			out, err := s.run(scripts(t, p, "%pre")[0])
			refused := tt.want != "" || tt.wipefs == "exit 1"
			if refused != (err != nil) || !strings.Contains(out, tt.want) {
				t.Errorf("%v %s", err, out)
			}
		})
	}
}

// fakeCurl answers with what a file holds, and writes down what it was asked.
const fakeCurl = `echo "$*" >>"$STAGE/asked"
out=
while [ $# -gt 0 ]; do
	[ "$1" = --output ] && out=$2
	[ "$1" = --data-binary ] && cat >"$STAGE/sent"
	shift
done
[ ! -e "$STAGE/offline" ] || exit 7
case $out in */appliance) cat "$STAGE/program" >"$out" ;; esac`

func TestPost(t *testing.T) {
	const program = "#!/bin/sh\necho \"$APPLIANCE_ENROL_TOKEN $*\" >\"$STAGE/installed\"\n" +
		"printf 'sign-verify=ed25519\\nverification-ed25519-key=" + testKey + "\\n' >\"$STAGE/etc/ostree/remotes.d/edge.conf\"\n[ ! -e \"$STAGE/fails\" ]\n"
	for _, tt := range []struct {
		name, ostree string
		before       func(stage)
		want         string
		fails        bool
	}{
		{"all well", "case $* in *version*) echo ' - sign-ed25519';; rev-parse*) echo c0ffee;; sign*) echo \"$*\" >\"$STAGE/verified\";; esac", nil, "", false},
		{"a commit that is not ours", "case $* in *version*) echo ' - sign-ed25519';; rev-parse*) echo c0ffee;; *) echo no such signature; exit 1;; esac", nil, "no such signature", true},
		{"a libostree without ed25519", "echo ' - gpgme'", nil, "knows no ed25519", false},
		{"another program than the builder meant", "true", func(s stage) { s.write("program", program+"#") }, "FAILED", true},
		{"no network", "true", func(s stage) { s.write("offline", "") }, "", true},
		{"install fails", "true", func(s stage) { s.write("fails", "") }, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := full()
			s := newStage(t, map[string]string{"curl": fakeCurl, "ostree": tt.ostree, "uname": "echo x86_64"})
			s.write("program", program)
			p.Programs[0].SHA256 = sumOf(t, s.dir+"/program")
			if tt.before != nil {
				tt.before(s)
			}
			out, err := s.run(scripts(t, p, "%post")[0])
			if tt.fails != (err != nil) || !strings.Contains(out, tt.want) {
				t.Fatalf("%v %s", err, out)
			}
			if left, _ := filepath.Glob(s.dir + "/var/tmp/*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if tt.name != "all well" {
				return
			}
			if got := s.read("installed"); got != p.EnrolToken+" device install --from http://builder.example:8080/demo_upgrade\n" {
				t.Errorf("installed with %q", got)
			}
			if got := s.read("verified"); !strings.Contains(got, "--verify") || !strings.Contains(got, "c0ffee "+testKey) {
				t.Errorf("verified with %q", got)
			}
			if got := s.read("asked"); !strings.Contains(got, "http://builder.example:8080/download/appliance-linux-amd64") || strings.Contains(got, p.EnrolToken) {
				t.Errorf("asked for %q", got)
			}
		})
	}
}

func sumOf(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("sha256sum", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out[:64])
}

// An installation goes on when the builder does not hear of it; what failed is sent in one small piece.
func TestCallbacks(t *testing.T) {
	s := newStage(t, map[string]string{"curl": fakeCurl, "findmnt": "exit 1", "wipefs": "true"})
	s.write("offline", "")
	p := full()
	p.Disk = "sda"
	s.write("dev/sda", "")
	posts := scripts(t, p, "%post")
	for _, script := range []string{scripts(t, p, "%pre")[0], posts[len(posts)-1]} {
		if out, err := s.run(script); err != nil {
			t.Errorf("%v %s", err, out)
		}
	}
	s.write("tmp/anaconda.log", strings.Repeat("line\n", 100_000))
	s.write("tmp/appliance-pre.log", "the disk is not there\n")
	if out, err := s.run(scripts(t, p, "%onerror")[0]); err == nil {
		t.Errorf("offline: %s", out)
	}
	sent, asked := s.read("sent"), s.read("asked")
	if len(sent) > 65536 || !strings.Contains(sent, "the disk is not there") || !strings.Contains(sent, "anaconda.log\n") {
		t.Errorf("sent %d bytes: %.200q", len(sent), sent)
	}
	for _, step := range []string{"/installing", "/installed", "/failed"} {
		if !strings.Contains(asked, p.Callback+step) {
			t.Errorf("%s is not told: %s", step, asked)
		}
	}
}
