package deployment

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/command"
)

// peer is a sysroot of the real ostree, with a repository that it follows. Nothing in it is booted, so
// its programs are shown the first deployment as if it were.
type peer struct {
	*testing.T
	dir string
}

func (p peer) sysroot() string { return filepath.Join(p.dir, "sysroot") }

func newPeer(t *testing.T) (peer, *System) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	if os.Getuid() != 0 {
		t.Skip("only root can deploy")
	}
	p := peer{T: t, dir: t.TempDir()}
	t.Cleanup(func() {
		deployed, _ := filepath.Glob(filepath.Join(p.sysroot(), "ostree/deploy/*/deploy/*"))
		for _, folder := range deployed {
			_ = exec.Command("chattr", "-i", folder).Run() // or it cannot be removed
		}
	})
	for name, text := range map[string]string{
		"usr/lib/modules/6.1/vmlinuz": "kernel", "usr/lib/modules/6.1/initramfs.img": "initramfs",
		"usr/lib/os-release": "ID=lab\nNAME=Lab\nVERSION_ID=1\n", "usr/etc/hostname": "lab\n",
	} {
		path := filepath.Join(p.dir, "tree", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(p.sysroot(), 0o755); err != nil {
		t.Fatal(err)
	}
	remote, repo := filepath.Join(p.dir, "remote"), filepath.Join(p.sysroot(), "ostree/repo")
	p.ostree("init", "--repo="+remote, "--mode=archive")
	p.ostree("admin", "init-fs", p.sysroot())
	p.ostree("admin", "os-init", "--sysroot="+p.sysroot(), "lab")
	p.ostree("config", "--repo="+repo, "set", "sysroot.bootloader", "none")
	p.ostree("remote", "add", "--repo="+repo, "--no-gpg-verify", "edge", "file://"+remote)
	return p, &System{kind: OSTree, run: booting{}, sysroot: p.sysroot()}
}

func (p peer) ostree(args ...string) string {
	p.Helper()
	out, err := exec.Command("ostree", args...).CombinedOutput()
	if err != nil {
		p.Fatalf("ostree %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// publish makes a commit of the tree and moves the ref to it.
func (p peer) publish(version string) string {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "tree/usr/version"), []byte(version), 0o644); err != nil {
		p.Fatal(err)
	}
	return p.ostree("commit", "--repo="+filepath.Join(p.dir, "remote"), "--branch=lab/edge", "--tree=dir="+filepath.Join(p.dir, "tree"),
		"--add-metadata-string=version="+version, "--timestamp=2024-01-0"+version+" 10:00:00 UTC")
}

// booting is the real programs, and the first deployment that they list is marked as booted.
type booting struct{}

func (booting) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	out, err := command.Run(ctx, s)
	if s.Argv[1] == "admin" && s.Argv[2] == "status" && bytes.HasPrefix(out, []byte("  ")) {
		out[0] = '*'
	}
	return out, err
}

func TestPeerOSTree(t *testing.T) {
	p, s := newPeer(t)
	first := p.publish("1")
	p.ostree("pull", "--repo="+filepath.Join(p.sysroot(), "ostree/repo"), "edge", "lab/edge")
	p.ostree("admin", "deploy", "--sysroot="+p.sysroot(), "--os=lab", "edge:lab/edge")

	d, err := s.Booted(t.Context())
	if err != nil || d.Commit != first || d.Version != "1" || d.Ref != "edge:lab/edge" || d.Time.Format("2006-01-02") != "2024-01-01" {
		t.Fatalf("Booted = %+v, %v", d, err)
	}
	second := p.publish("2")
	d, err = s.Available(t.Context())
	if err != nil || d.Commit != second || d.Version != "2" || d.Time.Format("2006-01-02") != "2024-01-02" {
		t.Fatalf("Available = %+v, %v", d, err)
	}
	files := p.ostree("fsck", "--repo="+filepath.Join(p.sysroot(), "ostree/repo"))
	if !strings.Contains(files, "1 partial commits") {
		t.Errorf("after Available the repository holds more than a commit object: %s", files)
	}
	// Nothing is booted, so nothing can be staged; the metadata alone must not keep ostree from pulling.
	p.ostree("admin", "upgrade", "--sysroot="+p.sysroot(), "--os=lab")
	list, err := s.Deployments(t.Context())
	if err != nil || len(list) != 2 || list[0].Commit != second || list[1].Commit != first || !list[1].Rollback {
		t.Fatalf("Deployments = %+v, %v", list, err)
	}
	if err := s.Pin(t.Context(), first, true); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Deployments(t.Context()); err != nil || !list[1].Pinned {
		t.Errorf("after Pin: %+v, %v", list, err)
	}
	if err := s.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Deployments(t.Context()); err != nil || list[0].Commit != first || list[0].Ref != "edge:lab/edge" || list[1].Commit != second {
		t.Errorf("after Rollback: %+v, %v", list, err)
	}
	if err := s.MakeDefault(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Deployments(t.Context()); err != nil || list[0].Commit != second {
		t.Errorf("after MakeDefault: %+v, %v", list, err)
	}
}
