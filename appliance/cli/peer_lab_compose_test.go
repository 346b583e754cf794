package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A builder under a real systemd: its builds are units, which outlive it, and end when they are told to. The room's own
// test is taken to a device, because this machine's systemd may be none that starts units.
func TestLabCompose(t *testing.T) {
	l := newLab(t, "--no-sign")
	d := l.device()
	d.boot()
	bundle := t.TempDir()
	compile := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", filepath.Join(bundle, "appliance/compose/osbuild/osbuild.test"), "edge/appliance/compose/osbuild")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	archive := filepath.Join(bundle, "bundle.tar")
	pack := exec.CommandContext(t.Context(), "sh", "-ec", `tar -cf "$1" -C ../.. appliance/compose/osbuild/testdata/centos-9.jsonseq embedded/repositories.json.gz embedded/samples
tar -rf "$1" -C "$2" appliance`, "sh", archive, bundle)
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	in, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := labTry("device", in, d.name, "in", "sh", "-ec", "mkdir -p /var/tmp/bundle && tar -xf - -C /var/tmp/bundle"); err != nil {
		t.Fatal(err)
	}
	out, err := d.try("sh", "-ec", "cd /var/tmp/bundle/appliance/compose/osbuild && APPLIANCE_SYSTEMD=1 ./osbuild.test -test.v -test.run '^TestPeerSystemd$'")
	if err != nil || strings.Count(out, "--- PASS: TestPeerSystemd (") != 1 || strings.Count(out, "    --- PASS: TestPeerSystemd/") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}
