package cli_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needLoops skips where disks cannot be made of files.
func needLoops(t *testing.T) {
	t.Helper()
	needPeers(t, "losetup", "addpart", "mkfs.ext4", "mount", "xorriso", "implantisomd5", "openssl", "mcopy", "mkfs.msdos")
	reason := ""
	if os.Getuid() != 0 {
		reason = "disks made of files need root"
	} else if out, err := output("losetup", "--find", "--show", writeFile(t, "try", strings.Repeat("x", 1<<20))); err != nil {
		reason = "disks made of files need loop devices: " + strings.TrimSpace(out)
	} else {
		run(t, "losetup", "--detach", strings.TrimSpace(out))
	}
	if reason != "" && os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	if reason != "" {
		t.Skip(reason)
	}
}

// disk makes one of a file that begins with data.
func disk(t *testing.T, file string, size int64, data []byte) string {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	device := run(t, "losetup", "--find", "--show", "--partscan", file)
	t.Cleanup(func() { run(t, "losetup", "--detach", device) })
	return device
}

// mounted mounts a file system until the test ends.
func mounted(t *testing.T, argv ...string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := output("mount", append(argv, dir)...); err != nil {
		t.Fatalf("mounting %v: %s", argv, out)
	}
	t.Cleanup(func() { run(t, "umount", dir) })
	return dir
}

const isoMegabytes = 64

// houseWithImage is a builder with an image of demo_upgrade over a base in a folder, and what it serves.
func houseWithImage(t *testing.T, dir string) (h *house, base string, image []byte) {
	t.Helper()
	base = filepath.Join(dir, "rhel-10.0-x86_64-boot.iso")
	cmd := exec.Command("../iso/testdata/stock.sh", "rhel10", base, fmt.Sprint(isoMegabytes))
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a stock ISO: %v\n%s", err, out)
	}
	h = newHouse(t, "--sample")
	h.must("iso", "add", base)
	h.must("iso", "build", "demo_upgrade")
	status, text := h.get("/demo_upgrade/images/boot.iso")
	if status != http.StatusOK || len(text) < isoMegabytes<<20 {
		t.Fatalf("%d, %d bytes", status, len(text))
	}
	return h, base, []byte(text)
}

// holds compares the beginning of a file or a disk, past what the kernel remembers of it.
func holds(t *testing.T, path string, want []byte) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_ = unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0) // a disk's
	got := make([]byte, len(want))
	if _, err := io.ReadFull(f, got); err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(got, want)
}

// ended is the code that a program ended with.
func ended(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return 0
}

// asked runs a command in a terminal, in which a person answers its question, and returns what was to be seen.
func (h *house) asked(answer string, args ...string) (screen string, code int) {
	h.t.Helper()
	person, program := openTerminal(h.t.(*testing.T))
	cmd := exec.Command(h.bin, append([]string{"--server", h.url, "--data", h.data}, args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	program.Close()
	var seen bytes.Buffer
	buffer := make([]byte, 4096)
	for answered := false; ; {
		n, err := person.Read(buffer)
		seen.Write(buffer[:n])
		if err != nil { // the program has let go of the terminal
			break
		}
		if !answered && strings.Contains(seen.String(), "to go on: ") {
			answered = true
			io.WriteString(person, answer+"\n")
		}
	}
	return seen.String(), ended(cmd.Wait())
}

// A disk is written to only after somebody has typed its name, and is read back; what is in use, too small or half a
// disk is refused before anything is written.
func TestISOWriteDisk(t *testing.T) {
	t.Parallel()
	needLoops(t)
	h, _, image := houseWithImage(t, t.TempDir())
	const tail = 4 << 20
	size := int64(len(image) + tail)
	before := bytes.Repeat([]byte("a photograph "), int(size)/13+1)[:size]
	stick := disk(t, filepath.Join(t.TempDir(), "stick"), size, before)

	out, err := h.appliance("iso", "write", "demo_upgrade", stick)
	if ended(err) != 2 || !strings.Contains(out, "nobody can be asked") || !strings.Contains(out, "--yes") {
		t.Errorf("without a terminal: %v", err)
	}
	screen, code := h.asked("yes", "iso", "write", "demo_upgrade", stick)
	if code != 2 || !strings.Contains(screen, "nothing was written") || !strings.Contains(screen, "Everything on "+stick+" will be lost") {
		t.Errorf("another answer: %d\n%s", code, screen)
	}
	if !holds(t, stick, before) {
		t.Fatal("it was written to without consent")
	}

	begin := time.Now()
	screen, code = h.asked(stick, "iso", "write", "demo_upgrade", stick)
	t.Logf("%d MiB written and read back in %s", len(image)>>20, time.Since(begin).Round(time.Millisecond))
	sum := fmt.Sprintf("%x", sha256.Sum256(image))
	if code != 0 || !strings.Contains(screen, "to "+stick+" and read it back: sha256 "+sum) {
		t.Errorf("with consent: %d\n%s", code, screen)
	}
	for _, want := range []string{"writing", "reading back", " % "} {
		if begin := strings.Index(screen, "to go on"); !strings.Contains(screen[max(begin, 0):], want) {
			t.Errorf("no %q to be seen:\n%q", want, screen)
		}
	}
	if !holds(t, stick, append(bytes.Clone(image), before[len(image):]...)) {
		t.Error("the disk does not hold the image and, behind it, what was there")
	}

	out, err = h.appliance("iso", "write", "demo_upgrade", "--device", "edge-7", "--yes", "-o", "json", stick)
	if err != nil || !strings.Contains(out, `"verified": true`) || holds(t, stick, image) {
		t.Errorf("--yes: %s %v", out, err)
	}
}

func TestISOWriteRefusals(t *testing.T) {
	t.Parallel()
	needLoops(t)
	h, _, image := houseWithImage(t, t.TempDir())
	refused := func(name, device string, code int, words ...string) {
		t.Helper()
		out, err := h.appliance("iso", "write", "demo_upgrade", "--yes", device)
		if ended(err) != code {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range words {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", name, want, out)
			}
		}
	}
	dir := t.TempDir()
	zero := make([]byte, 1<<20)

	small := disk(t, filepath.Join(dir, "small"), int64(len(image)-512), nil)
	refused("too small", small, 3, "device is too small", small, "hint: ")
	if !holds(t, small, zero) {
		t.Error("a disk that is too small was written to")
	}

	used := disk(t, filepath.Join(dir, "used"), int64(len(image)), nil)
	run(t, "mkfs.ext4", "-q", used)
	mounted(t, used)
	refused("mounted", used, 1, "device is in use", "unmount")

	// A disk with one partition, which is mounted. The kernel is told of it, since it may not read tables itself.
	whole := disk(t, filepath.Join(dir, "whole"), int64(len(image)), nil)
	part := whole + "p1"
	refused("a partition that is not there", part, 3, "there is no "+part, "lsblk")
	run(t, "addpart", whole, "1", "2048", fmt.Sprint(len(image)/512-2048))
	refused("a partition", part, 1, "not a disk", "a partition of one")
	run(t, "mkfs.ext4", "-q", part)
	mounted(t, part)
	refused("a disk with a mounted partition", whole, 1, "device is in use")
	if !holds(t, whole, zero) {
		t.Error("a disk in use was written to")
	}

	// A stick that takes less than it says.
	room := mounted(t, "-t", "tmpfs", "-o", "size=16m", "tmpfs")
	refused("a stick that lies", disk(t, filepath.Join(room, "liar"), int64(len(image)), nil), 1, "input/output error")
}

// On XFS a file of an image shares the base's blocks.
func TestISOWriteShares(t *testing.T) {
	t.Parallel()
	needLoops(t)
	needPeers(t, "mkfs.xfs", "filefrag", "checkisomd5")
	xfs := disk(t, filepath.Join(t.TempDir(), "xfs"), 1<<30, nil)
	run(t, "mkfs.xfs", "-q", "-m", "reflink=1", xfs)
	dir := t.TempDir()
	if out, err := output("mount", "-t", "xfs", xfs, dir); err != nil {
		if os.Getenv("CI") != "true" && strings.Contains(out, "unknown filesystem") {
			t.Skip("this kernel has no XFS")
		}
		t.Fatalf("mounting XFS: %s", out)
	}
	t.Cleanup(func() { run(t, "umount", dir) })
	h, base, image := houseWithImage(t, dir)

	free := freeOf(t, dir)
	file := filepath.Join(dir, "shared.iso")
	begin := time.Now()
	out := h.must("iso", "write", "demo_upgrade", file)
	took, grown := time.Since(begin), free-freeOf(t, dir)
	t.Logf("a file of %d MiB in %s, which takes %d KiB", len(image)>>20, took.Round(time.Millisecond), grown>>10)
	if !strings.Contains(out, "shares its blocks with the base") || grown > 2<<20 {
		t.Errorf("it takes %d bytes: %s", grown, out)
	}
	if !holds(t, file, image) {
		t.Error("it is another image than the one that is served")
	}
	extents := run(t, "filefrag", "-v", file)
	if !strings.Contains(extents, "shared") {
		t.Errorf("no shared extents:\n%s", extents)
	}

	// The base is as it was, and where nothing can be shared the file is the same.
	if sum := run(t, "checkisomd5", base); !strings.Contains(sum, "PASS") {
		t.Errorf("the base: %s", sum)
	}
	elsewhere := filepath.Join(t.TempDir(), "copied.iso")
	if out := h.must("iso", "write", "demo_upgrade", elsewhere); strings.Contains(out, "shares") || !holds(t, elsewhere, image) {
		t.Errorf("on another file system: %s", out)
	}
}

// freeOf is what a file system has left, with everything written.
func freeOf(t *testing.T, dir string) int64 {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bfree) * s.Bsize
}
