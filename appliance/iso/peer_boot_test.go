package iso

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// initScript is the whole system that boots: it says what it was given.
const initScript = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "GIVEN-CMDLINE $(/bin/busybox cat /proc/cmdline)"
echo "GIVEN-KICKSTART $(/bin/busybox cat /ks.cfg)"
echo GIVEN-END
/bin/busybox reboot -f
`

// bootParts are a kernel and an initrd that answer on the serial console.
func bootParts(t *testing.T) (kernel, initrd string) {
	t.Helper()
	kernels, _ := filepath.Glob("/boot/vmlinuz-*")
	if own := os.Getenv("APPLIANCE_KERNEL"); own != "" {
		kernels = []string{own}
	}
	if len(kernels) == 0 {
		t.Fatal("no kernel in /boot to boot from: install linux-image-cloud-amd64, or name one with APPLIANCE_KERNEL")
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal("busybox is not installed: busybox-static")
	}
	initrd = filepath.Join(t.TempDir(), "initrd.img")
	data := archive([]tailFile{{"bin/busybox", busybox, 0o755}, {"init", []byte(initScript), 0o755}, {"proc/.keep", nil, 0o444}})
	if err := os.WriteFile(initrd, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return slices.Max(kernels), initrd
}

const ovmf = "/usr/share/OVMF/OVMF_CODE_4M.fd"

// way is one row of the matrix: how a machine comes to an image.
type way struct {
	name string
	uefi bool
	args func(image string) []string
}

var ways = []way{
	{"BIOS CD", false, func(image string) []string {
		return []string{"-drive", "file=" + image + ",format=raw,media=cdrom,readonly=on", "-boot", "d"}
	}},
	{"BIOS disk", false, func(image string) []string {
		return []string{"-drive", "file=" + image + ",format=raw,if=virtio,snapshot=on"}
	}},
	{"UEFI CD", true, func(image string) []string {
		return []string{"-drive", "file=" + image + ",format=raw,media=cdrom,readonly=on", "-boot", "d"}
	}},
	{"UEFI USB", true, func(image string) []string {
		return []string{"-device", "qemu-xhci", "-drive", "file=" + image + ",format=raw,if=none,id=stick,snapshot=on", "-device", "usb-storage,drive=stick,bootindex=0"}
	}},
}

// noTimer is what a kernel says when its translated machine got no processor for too long: it tells of this host alone.
const noTimer = "IO-APIC + timer doesn't work"

// boot starts a machine from an image and returns what its system was given.
func (w way) boot(t *testing.T, image string) (commandLine, kickstart string) {
	t.Helper()
	var seen string
	for range 3 {
		if commandLine, kickstart, seen = w.begin(t, image); commandLine != "" || !strings.Contains(seen, noTimer) {
			break
		}
	}
	if commandLine == "" {
		t.Fatalf("%s: no kernel came up; the machine wrote:\n%s", w.name, last(seen, 2000))
	}
	return commandLine, kickstart
}

func (w way) begin(t *testing.T, image string) (commandLine, kickstart, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute) // a boot takes ten seconds where nobody else wants the processor
	defer cancel()
	argv := []string{"-machine", "q35,accel=tcg", "-cpu", "max", "-m", "512", "-nographic", "-nodefaults", "-serial", "stdio", "-vga", "std", "-net", "none", "-no-reboot"}
	if w.uefi {
		argv = append(argv, "-drive", "if=pflash,format=raw,unit=0,readonly=on,file="+ovmf)
	}
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", append(argv, w.args(image)...)...)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		seen.WriteString(line + "\n")
		if rest, ok := strings.CutPrefix(line, "GIVEN-CMDLINE "); ok {
			commandLine = rest
		}
		if rest, ok := strings.CutPrefix(line, "GIVEN-KICKSTART "); ok {
			kickstart = rest
		}
		if line == "GIVEN-END" {
			cancel()
		}
	}
	_ = cmd.Wait() // it was killed
	return commandLine, kickstart, seen.String()
}

func last(s string, n int) string { return s[max(len(s)-n, 0):] }

// Every firmware from every medium starts our entry, with the kickstart that the image carries.
func TestBoots(t *testing.T) {
	needPeers(t, append([]string{"qemu-system-x86_64", "grub-mkimage"}, stockTools...)...)
	if _, err := os.Stat(ovmf); err != nil {
		t.Fatal("the firmware OVMF is not installed")
	}
	kernel, initrd := bootParts(t)
	for _, layout := range []string{"rhel9", "rhel10"} {
		base := stockISO(t, layout, kernel, initrd, "0")
		shelf, events := newShelf(t, func(o *ShelfOptions) {
			o.Defaults = Options{Console: "ttyS0", Add: []string{"panic=-1"}, Remove: []string{"quiet"}}
			o.Export = exported
		})
		if _, err := shelf.Add(t.Context(), Adding{From: base}); err != nil {
			t.Fatal(err, events)
		}
		if _, err := shelf.Build(t.Context(), "demo", Building{}); err != nil {
			t.Fatal(err)
		}
		image := filepath.Join(t.TempDir(), "image.iso")
		write(t, shelf, "", "edge-7", image)
		for _, w := range ways {
			t.Run(layout+" "+w.name, func(t *testing.T) {
				t.Parallel()
				checkGiven(t, w, image, "edge-7")
			})
		}
		if _, err := shelf.Build(t.Context(), "demo", Building{Name: "offline", Mode: ModeOffline}); err != nil {
			t.Fatal(err)
		}
		offline := filepath.Join(t.TempDir(), "offline.iso")
		write(t, shelf, "offline", "", offline)
		w := map[string]way{"rhel9": ways[1], "rhel10": ways[3]}[layout]
		t.Run(layout+" offline "+w.name, func(t *testing.T) {
			t.Parallel()
			checkGiven(t, w, offline, " from the medium")
		})
		if layout == "rhel10" {
			t.Run("HTTP ranges without a file", func(t *testing.T) {
				t.Parallel()
				served := serve(t, shelf, "demo", "edge-8")
				w := way{"BIOS CD over HTTP", false, func(string) []string {
					return []string{"-drive", "file=" + served + ",format=raw,media=cdrom,readonly=on", "-boot", "d"}
				}}
				checkGiven(t, w, "", "edge-8")
			})
		}
	}
}

func checkGiven(t *testing.T, w way, image, device string) {
	t.Helper()
	line, kickstart := w.boot(t, image)
	if !strings.Contains(line, "inst.ks=file:/ks.cfg") || strings.Contains(line, "rd.live.check") || strings.Contains(line, "quiet") || !strings.Contains(line, "inst.stage2=hd:LABEL=") {
		t.Errorf("the kernel was given %q", line)
	}
	if want := "# kickstart of demo for " + device; kickstart != want {
		t.Errorf("the kickstart is %q, not %q", kickstart, want)
	}
}

// write makes a file of an image, by its name or of a device.
func write(t *testing.T, s *Shelf, name, device, to string) {
	t.Helper()
	r, err := s.Open(t.Context(), "demo", name, device)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, r.ReadSeeker); err != nil {
		t.Fatal(err)
	}
}

// serve serves the image of a device by ranges and fails the test where it is asked for the whole.
func serve(t *testing.T, s *Shelf, name, device string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r, err := s.Open(req.Context(), name, "", device)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer r.Close()
		if req.Method == http.MethodGet && req.Header.Get("Range") == "" {
			t.Error("asked for the whole image")
		}
		http.ServeContent(w, req, "", time.Time{}, r.ReadSeeker)
	}))
	t.Cleanup(server.Close)
	return fmt.Sprintf("%s/%s.iso", server.URL, device)
}
