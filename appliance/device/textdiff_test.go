package device

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"
)

func TestUnified(t *testing.T) {
	got := unified("/etc/x", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj", "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\n")
	want := "--- /etc/x\n+++ /etc/x\n@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -7,4 +7,4 @@\n g\n h\n i\n-j\n\\ No newline at end of file\n+j\n"
	if got != want {
		t.Errorf("unified =\n%s\nwant\n%s", got, want)
	}
	if got := unified("x", "a", "a"); got != "" {
		t.Errorf("no difference = %q", got)
	}
	if got := unified("x", "\xff", "a"); got != "(binary)\n" {
		t.Errorf("binary = %q", got)
	}
	if got := unified("x", strings.Repeat("a\n", 3000), strings.Repeat("b\n", 3000)); strings.Count(got, "\n-a") != 3000 {
		t.Error("large texts are not shown as replaced")
	}
}

// The patch program makes the new text of the old one.
func TestUnifiedIsAPatch(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	dir := folder(t)
	text := func(lines []uint8) string {
		var b strings.Builder
		for _, l := range lines {
			b.WriteByte('a' + l%4)
			b.WriteByte('\n')
		}
		return b.String()
	}
	property := func(a, b []uint8) bool {
		old, new := text(a), text(b)
		name := filepath.Join(dir, "file")
		must(t, os.WriteFile(name, []byte(old), 0o644))
		cmd := exec.Command("patch", "--silent", name)
		cmd.Stdin = strings.NewReader(unified(name, old, new))
		if out, err := cmd.CombinedOutput(); err != nil && old != new {
			t.Logf("patch: %v: %s", err, out)
			return false
		}
		got, _ := os.ReadFile(name)
		return string(got) == new || old == new
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}
