package iso

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needPeers skips unless APPLIANCE_PEERS=1, as make test sets it; then each program must be there.
func needPeers(t testing.TB, programs ...string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("the %s program is not installed", p)
		}
	}
}

// run runs a peer, which must succeed unless it is told to end with another code.
func run(t testing.TB, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return string(out)
}

// stockISO makes a stock ISO with the vendor's tools. With megabytes of content it has a kernel that boots.
func stockISO(t testing.TB, layout, kernel, initrd string, megabytes string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), layout+".iso")
	cmd := exec.CommandContext(context.Background(), "testdata/stock.sh", layout, file, megabytes)
	cmd.Env = append(os.Environ(), "KERNEL="+kernel, "INITRD="+initrd, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a stock ISO: %v\n%s", err, out)
	}
	return file
}

var stockTools = []string{"xorriso", "implantisomd5", "mcopy", "mkfs.msdos", "openssl"}

// Other readers of ISO 9660 find in a custom ISO what is to be there, and nothing else moved.
func TestPeersReadTheOverlay(t *testing.T) {
	needPeers(t, append([]string{"isoinfo", "checkisomd5", "cpio"}, stockTools...)...)
	for _, layout := range layouts {
		t.Run(layout, func(t *testing.T) {
			base, err := os.ReadFile(stockISO(t, layout, "", "", "3"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			before, after := filepath.Join(dir, "before.iso"), filepath.Join(dir, "after.iso")
			kickstart := []byte("text\nreboot\n")
			ca := []byte("a certificate\n")
			for file, data := range map[string][]byte{before: base, after: custom(t, base, Recipe{Kickstart: kickstart, CA: ca})} {
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if out := run(t, "checkisomd5", after); !strings.Contains(out, "PASS") {
				t.Errorf("checkisomd5: %s", out)
			}
			own, _ := os.ReadFile(after)
			run(t, "implantisomd5", "--supported-iso", "--force", after)
			if again, _ := os.ReadFile(after); !bytes.Equal(own, again) {
				t.Error("a second implantisomd5 changes bytes")
			}
			report := func(file string) string {
				out := run(t, "xorriso", "-report_about", "FATAL", "-indev", file, "-report_system_area", "plain", "-report_el_torito", "plain")
				var kept []string
				for line := range strings.Lines(out) {
					if !strings.HasPrefix(line, "GPT partition path :   3") { // it names the file where the gap begins
						kept = append(kept, line)
					}
				}
				return strings.Join(kept, "")
			}
			if a, b := report(before), report(after); a != b {
				t.Errorf("xorriso sees another boot record:\n%s\nwas\n%s", b, a)
			}
			for _, names := range []string{"-R", "-J"} {
				a, b := run(t, "isoinfo", names, "-f", "-i", before), run(t, "isoinfo", names, "-f", "-i", after)
				b = strings.ReplaceAll(strings.ReplaceAll(b, "/edge.img;1\n", ""), "/edge.img\n", "")
				if a != b || b == run(t, "isoinfo", names, "-f", "-i", after) {
					t.Errorf("isoinfo %s: %s\nwas\n%s", names, b, a)
				}
			}
			tail := filepath.Join(dir, "edge.img")
			run(t, "xorriso", "-report_about", "SORRY", "-osirrox", "on", "-indev", after, "-extract", "/edge.img", tail)
			run(t, "sh", "-c", "cd "+dir+" && cpio -idm --quiet <edge.img")
			for path, want := range map[string][]byte{"ks.cfg": kickstart, trustPath: ca} {
				if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s in the second initrd is %q, %v", path, got, err)
				}
			}
		})
	}
}

// mtools reads the same files out of an EFI system partition as we do.
func TestPeerReadsTheSameFAT(t *testing.T) {
	needPeers(t, append([]string{"mtype", "mdir"}, stockTools...)...)
	for _, size := range []string{"1440", "20000"} {
		image := filepath.Join(t.TempDir(), "esp.img")
		run(t, "mkfs.msdos", "-C", image, size)
		long := filepath.Join(t.TempDir(), "A rather long name.conf")
		content := bytes.Repeat([]byte("line\n"), 3000)
		if err := os.WriteFile(long, content, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "mmd", "-i", image, "::/EFI", "::/EFI/BOOT")
		run(t, "mcopy", "-i", image, long, "::/EFI/BOOT/")
		data, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		f, err := openFAT(window{bytes.NewReader(data), int64(len(data))})
		if err != nil {
			t.Fatal(err)
		}
		files, err := f.files()
		if err != nil || len(files) != 1 || files[0].path != "EFI/BOOT/A rather long name.conf" || f.wide != (size == "20000") {
			t.Fatalf("%s KiB: %v, %v", size, files, err)
		}
		var got []byte
		for _, e := range files[0].extents {
			got = append(got, data[e.Offset:e.End()]...)
		}
		if !bytes.Equal(got, content) {
			t.Errorf("%s KiB: the file reads as %d bytes, not %d", size, len(got), len(content))
		}
	}
}
