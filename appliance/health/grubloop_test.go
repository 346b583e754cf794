package health

import (
	"fmt"
	"strconv"
	"strings"

	"edge/appliance/grub"
	"edge/appliance/report"
)

// stage adds a deployment that waits for the next boot.
func (m *machine) stage(commit, version string) {
	m.deployments = append([]report.Deployment{{Commit: commit, Version: version, Staged: true}}, m.deployments...)
}

// reboot is what ostree does when a device goes down, and GRUB when it comes up: 08_greenboot.cfg, word by
// word, where counts is true, and otherwise a GRUB that lacks these lines.
func (m *machine) reboot(counts bool) {
	m.Helper()
	d := m.deployments
	if d[0].Staged {
		d[0].Staged = false
		kept := d[:1]
		for _, old := range d[1:] {
			if old.Booted { // of the others ostree keeps what is booted
				kept = append(kept, old)
			}
		}
		m.deployments, d = kept, kept
	}
	env := m.block()
	counter, _ := env.Get("boot_counter")
	success, _ := env.Get("boot_success")
	entry := 0
	if counts {
		if counter != "" && success == "0" {
			if counter == "0" || counter == "-1" {
				entry, counter = 1, "-1"
			} else {
				n, err := strconv.Atoi(counter)
				if err != nil {
					m.Fatal(err)
				}
				counter = strconv.Itoa(n - 1)
			}
			m.setEnv(map[string]string{"boot_counter": counter})
		}
		m.setEnv(map[string]string{"boot_success": "0"})
	}
	if entry >= len(d) {
		entry = 0
	}
	for i := range d {
		d[i].Booted = i == entry
	}
	m.write("booted", d[entry].Commit)
	m.boot()
}

func (m *machine) block() grub.Block {
	m.Helper()
	f, err := grub.Open(m.root + "/boot/grub2/grubenv")
	if err != nil {
		m.Fatal(err)
	}
	b, err := f.Read()
	if err != nil {
		m.Fatal(err)
	}
	return b
}

// booted is the first digit of the booted commit, and order those of all.
func (m *machine) booted() string {
	for _, dep := range m.deployments {
		if dep.Booted {
			return dep.Commit[:1]
		}
	}
	return ""
}

func (m *machine) order() string {
	var b strings.Builder
	for _, dep := range m.deployments {
		b.WriteString(dep.Commit[:1])
	}
	return b.String()
}

// badCheck is a required check that fails in the deployments with these commits.
func (m *machine) badCheck(commits ...string) {
	pattern := strings.Join(commits, "|")
	m.write("etc/greenboot/check/required.d/10_version.sh",
		fmt.Sprintf("case $(cat %s/booted) in %s) echo 'this version is bad' >&2; exit 3;; esac\n", m.root, pattern))
}

// judge judges a boot, as appliance-health.service does.
func (m *machine) judge() Judgement {
	m.Helper()
	j, err := m.device().Judge(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	return j
}

// arm arms, as appliance-health-arm.service does.
func (m *machine) arm() Armed {
	m.Helper()
	a, err := m.device().Arm(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	return a
}
