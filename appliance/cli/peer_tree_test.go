package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A tree of at least 20,000 of this machine's own files goes the whole way: committed by the ostree
// program, tarred as osbuild does, imported, published, pulled, and deployed into a sysroot.
func TestPeerRealTree(t *testing.T) {
	needPeers(t, "ostree")
	if os.Getuid() != 0 {
		t.Skip("ostree admin deploy needs root")
	}
	h := newHouse(t)
	dir := t.TempDir()
	count := shell(t, `
		cd "$1"; make_tree tree 20500 1 64k
		mkdir -p tree/usr/lib/modules/5.14.0; echo kernel >tree/usr/lib/modules/5.14.0/vmlinuz; echo initramfs >tree/usr/lib/modules/5.14.0/initramfs.img
		rm -rf tree/usr/lib/ostree-boot
		ostree init --repo=repo --mode=archive; ostree config --repo=repo set archive.zlib-level 1
		commit_tree repo tree `+demoRef+` 0.0.1 >&2; edge_commit v1.tar repo `+demoRef+`
		find tree -type f | wc -l`, dir)
	t.Logf("%s files", lastLine(count))
	out := h.must("release", "import", "real@0.0.1", filepath.Join(dir, "v1.tar"))
	t.Log(out)
	h.must("release", "publish", "real@0.0.1")
	h.fsck("real")

	sysroot := filepath.Join(dir, "sysroot")
	if err := os.MkdirAll(sysroot, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("chattr", "-R", "-i", sysroot).Run() })
	run(t, "ostree", "admin", "init-fs", sysroot)
	run(t, "ostree", "admin", "os-init", "edge", "--sysroot="+sysroot)
	repo := filepath.Join(sysroot, "ostree", "repo")
	run(t, "ostree", "remote", "add", "--repo="+repo, "--no-gpg-verify", "edge", h.url+"/real/repo/")
	run(t, "ostree", "pull", "--repo="+repo, "edge", demoRef)
	run(t, "ostree", "admin", "deploy", "--sysroot="+sysroot, "--os=edge", "edge:"+demoRef)
	status := run(t, "ostree", "admin", "status", "--sysroot="+sysroot)
	if !strings.Contains(status, "edge "+h.commit("real", "0.0.1")) || !strings.Contains(status, "0.0.1") {
		t.Errorf("ostree admin status prints %s", status)
	}
	deployed, err := filepath.Glob(filepath.Join(sysroot, "ostree/deploy/edge/deploy/*/usr/lib/os-release"))
	if err != nil || len(deployed) != 1 {
		t.Errorf("the deployment has no usr/lib/os-release: %v %v", deployed, err)
	}
}

func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }

// A full disk fails the import with 507 and leaves a clean repository.
func TestPeerFullDisk(t *testing.T) {
	needPeers(t, "ostree")
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	small := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=20m", "small", small).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", small).Run() })
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, bin: bin, data: filepath.Join(small, "data")}
	h.start("--sample")
	t.Cleanup(func() { h.kill(); h.logOnFailure() })
	dir := t.TempDir()
	shell(t, `cd "$1"; mkdir -p tree/usr; for i in $(seq 80); do head -c 300000 /dev/urandom >tree/usr/$i; done
		commit_tree repo tree full/ref 1.0.0; edge_commit big.tar repo full/ref`, dir)
	out, err := h.appliance("release", "import", "demo_upgrade@1.0.0", filepath.Join(dir, "big.tar"), "--ref", "full/ref")
	if err == nil || !strings.Contains(out, "space") {
		t.Errorf("importing onto a full disk: %v %s; want a refusal that speaks of space", err, out)
	}
	status, body, err := h.call("PUT", "/api/v1/releases/demo_upgrade/1.0.0?ref=full/ref", mustOpen(t, filepath.Join(dir, "big.tar")))
	if err == nil && status != 507 {
		t.Errorf("importing onto a full disk: %d %s, want 507", status, body)
	}
	h.fsck("demo_upgrade")
	h.must("release", "publish", "demo_upgrade@0.0.2") // room came back
	run(t, "ostree", "pull", "--repo="+h.client("demo_upgrade", "archive"), "edge", demoRef)
}

func mustOpen(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
