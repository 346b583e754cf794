package health

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Engines: who judges the boots of a device.
const (
	Greenboot   = "greenboot"    // the shell scripts, 0.15
	GreenbootRS = "greenboot-rs" // the program, 0.16
	Appliance   = "appliance"    // Judge
	None        = "none"
)

// Engine finds out who judges the boots of the system below root. Releases and names of distributions do
// not tell: each greenboot has a unit that the other lacks.
func Engine(root string) string {
	units := map[string]string{
		"greenboot-set-rollback-trigger.service": GreenbootRS,
		"redboot-auto-reboot.service":            Greenboot,
		"appliance-health.service":               Appliance,
	}
	for _, unit := range []string{"greenboot-set-rollback-trigger.service", "redboot-auto-reboot.service", "appliance-health.service"} {
		for _, dir := range []string{"usr/lib/systemd/system", "etc/systemd/system"} {
			if st, err := os.Stat(filepath.Join("/", root, dir, unit)); err == nil && st.Mode().IsRegular() {
				return units[unit]
			}
		}
	}
	return None
}

// attempts is how often a new deployment may be booted by configuration: greenboot's own file decides
// where greenboot is, because it knows no other.
func (d Device) attempts(engine string) int {
	if engine != Greenboot && engine != GreenbootRS {
		return d.Profile.Health.Attempts
	}
	f, err := os.Open(d.path("/etc/greenboot/greenboot.conf"))
	if err != nil {
		return greenbootDefault
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return greenbootDefault
	}
	return maxAttempts(data)
}

const greenbootDefault = 3

var setting = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?GREENBOOT_MAX_BOOT_ATTEMPTS[ \t]*=[ \t]*["']?([0-9]{1,3})["']?[ \t]*(?:[#;].*)?$`)

// maxAttempts reads GREENBOOT_MAX_BOOT_ATTEMPTS, which one greenboot takes for shell and the other for INI.
func maxAttempts(conf []byte) int {
	n := greenbootDefault
	for l := range bytes.Lines(conf) {
		if m := setting.FindSubmatch(bytes.TrimRight(l, "\r\n")); m != nil {
			n, _ = strconv.Atoi(string(m[1])) // three digits at most
		}
	}
	return max(n, 1)
}
