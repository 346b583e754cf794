package compose

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSampleTree(t *testing.T) {
	first := composed(t, Request{ID: id("0.0.1")}).tree(t)
	second := composed(t, Request{ID: id("0.0.2")}).tree(t)
	for name, target := range map[string]string{
		"/bin": "usr/bin", "/home": "var/home", "/ostree": "sysroot/ostree", "/usr/etc/os-release": "../usr/lib/os-release",
	} {
		if f := first[name]; f.target != target || f.mode != 0o120777 {
			t.Errorf("%s -> %q, mode %o", name, f.target, f.mode)
		}
	}
	for name, mode := range map[string]uint32{
		"/": 0o40755, "/var/": 0o40755, "/tmp/": 0o41777, "/sysroot/": 0o40755, "/usr/bin/git": 0o100755,
		"/usr/lib/passwd": 0o100644, "/usr/etc/hostname": 0o100644, "/usr/share/doc/appliance-sample/README": 0o100644,
	} {
		if f := first[name]; f.mode != mode {
			t.Errorf("%s has mode %o, want %o", name, f.mode, mode)
		}
	}
	if _, ok := second["/usr/bin/git"]; ok {
		t.Error("0.0.2 has git")
	}
	if _, ok := second["/usr/bin/zsh"]; !ok {
		t.Error("0.0.2 has no zsh")
	}
	if !bytes.Contains(second["/usr/etc/shells"].content, []byte("zsh")) {
		t.Error("the shells of 0.0.2 lack zsh")
	}
	for name := range maps.Keys(first) {
		if strings.HasPrefix(name, "/usr/lib/modules") {
			t.Errorf("%s: a sample must not look bootable", name)
		}
	}
}

// TestSampleScripts runs the sample's programs as a health check would.
func TestSampleScripts(t *testing.T) {
	tree := composed(t, Request{ID: id("0.0.3")}).tree(t)
	for _, program := range []string{"git", "zsh"} {
		script := filepath.Join(t.TempDir(), program)
		if err := os.WriteFile(script, tree["/usr/bin/"+program].content, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			arg, want string
			exit      int
		}{{"--help", "usage: " + program, 0}, {"--version", program, 0}, {"init", "sample", 1}} {
			cmd := exec.CommandContext(t.Context(), "sh", script, tt.arg)
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if cmd.ProcessState.ExitCode() != tt.exit || !strings.Contains(string(out), tt.want) {
				t.Errorf("%s %s: exit %d, %q", program, tt.arg, cmd.ProcessState.ExitCode(), out)
			}
		}
	}
}
