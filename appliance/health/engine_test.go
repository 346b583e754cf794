package health

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEngine(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, want := range []string{None, Greenboot, GreenbootRS, Appliance} {
		m.engine(want)
		if got := Engine(m.root); got != want {
			t.Errorf("Engine = %q, want %q", got, want)
		}
	}
	m.write("usr/lib/systemd/system/greenboot-set-rollback-trigger.service", "") // what is ours never hides it
	if got := Engine(m.root); got != GreenbootRS {
		t.Errorf("Engine = %q", got)
	}
	masked := newMachine(t)
	masked.write("etc/systemd/system/x", "")
	if err := os.Symlink("/dev/null", filepath.Join(masked.root, "etc/systemd/system/redboot-auto-reboot.service")); err != nil {
		t.Fatal(err)
	}
	if got := Engine(masked.root); got != None {
		t.Errorf("Engine of a masked unit = %q", got)
	}
}

func TestMaxAttempts(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]int{
		"":                                      3,
		"# GREENBOOT_MAX_BOOT_ATTEMPTS=5\n":     3,
		"GREENBOOT_MAX_BOOT_ATTEMPTS=5":         5,
		"GREENBOOT_MAX_BOOT_ATTEMPTS=\"2\"\r\n": 2,
		"export GREENBOOT_MAX_BOOT_ATTEMPTS=4 # four\n":                  4,
		"GREENBOOT_MAX_BOOT_ATTEMPTS=1\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n": 2,
		"GREENBOOT_MAX_BOOT_ATTEMPTS=0\n":                                1,
		"GREENBOOT_MAX_BOOT_ATTEMPTS=many\n":                             3,
		"XGREENBOOT_MAX_BOOT_ATTEMPTS=7\n":                               3,
		"GREENBOOT_MAX_BOOT_ATTEMPTS = 6\n[section]":                     6,
	} {
		if got := maxAttempts([]byte(conf)); got != want {
			t.Errorf("maxAttempts(%q) = %d, want %d", conf, got, want)
		}
	}
}

// Where greenboot is, its own file says how often; elsewhere the profile does.
func TestAttempts(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	d := m.device()
	d.Profile.Health.Attempts = 5
	m.write("etc/greenboot/greenboot.conf", "GREENBOOT_MAX_BOOT_ATTEMPTS=2\n")
	for engine, want := range map[string]int{Greenboot: 2, GreenbootRS: 2, Appliance: 5, None: 5} {
		if got := d.attempts(engine); got != want {
			t.Errorf("attempts with %s = %d, want %d", engine, got, want)
		}
	}
}

func FuzzMaxAttempts(f *testing.F) {
	f.Add([]byte("GREENBOOT_MAX_BOOT_ATTEMPTS=5\n"))
	f.Add([]byte("GREENBOOT_MAX_BOOT_ATTEMPTS='999' ;\n\xff"))
	f.Fuzz(func(t *testing.T, conf []byte) {
		if n := maxAttempts(conf); n < 1 || n > 999 {
			t.Errorf("maxAttempts(%q) = %d", conf, n)
		}
	})
}
