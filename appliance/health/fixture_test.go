package health

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/grub"
	"edge/appliance/profile"
	"edge/appliance/report"
)

// machine is a device in a folder: what the kernel, GRUB, systemd, podman and ostree would say of it.
type machine struct {
	*testing.T
	root        string
	boots       int
	deployments []report.Deployment
	broken      error // what asking for deployments or rolling back says

	mu       sync.Mutex
	ran      []string                          // command lines, in their order
	programs map[string]func() (string, error) // by the beginning of the command line
	told     []report.Rollback
}

const (
	v1 = "1111111111111111111111111111111111111111111111111111111111111111"
	v2 = "2222222222222222222222222222222222222222222222222222222222222222"
	v3 = "3333333333333333333333333333333333333333333333333333333333333333"
)

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{T: t, root: t.TempDir(), programs: map[string]func() (string, error){}}
	m.deployments = []report.Deployment{{Commit: v1, Version: "1", Booted: true}}
	m.write("boot/grub2/grubenv", string(envBlock(t, nil)))
	m.boot()
	return m
}

func envBlock(t *testing.T, vars map[string]string) []byte {
	t.Helper()
	var b grub.Block
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if err := b.Set(name, vars[name]); err != nil {
			t.Fatal(err)
		}
	}
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (m *machine) write(name, text string) {
	m.Helper()
	path := filepath.Join(m.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		m.Fatal(err)
	}
}

// boot is a new boot, of which only the kernel knows.
func (m *machine) boot() {
	m.Helper()
	m.boots++
	m.write("proc/sys/kernel/random/boot_id", fmt.Sprintf("%08x-0000-4000-8000-000000000000\n", m.boots))
	m.write("proc/uptime", "12.34 20.00\n")
}

// setEnv sets variables of the GRUB environment; an empty value removes one.
func (m *machine) setEnv(vars map[string]string) {
	m.Helper()
	f, err := grub.Open(filepath.Join(m.root, "boot/grub2/grubenv"))
	if err != nil {
		m.Fatal(err)
	}
	err = f.Update(context.Background(), func(b *grub.Block) error {
		for name, value := range vars {
			if value == "" {
				b.Unset(name)
			} else if err := b.Set(name, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		m.Fatal(err)
	}
}

// env is the GRUB environment as "counter success", each - when unset.
func (m *machine) env() string {
	m.Helper()
	f, err := grub.Open(filepath.Join(m.root, "boot/grub2/grubenv"))
	if err != nil {
		m.Fatal(err)
	}
	b, err := f.Read()
	if err != nil {
		m.Fatal(err)
	}
	words := make([]string, 2)
	for i, name := range []string{"boot_counter", "boot_success"} {
		words[i] = "-"
		if v, ok := b.Get(name); ok {
			words[i] = v
		}
	}
	return strings.Join(words, " ")
}

func (m *machine) Deployments(context.Context) ([]report.Deployment, error) {
	return slices.Clone(m.deployments), m.broken
}

func (m *machine) Rollback(context.Context) error {
	if m.broken != nil {
		return m.broken
	}
	m.log("rollback")
	d := m.deployments
	if len(d) < 2 {
		return errors.New("no other deployment")
	}
	d[0], d[1] = d[1], d[0]
	return nil
}

func (m *machine) log(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ran = append(m.ran, line)
}

// Run answers for programs; one that nobody has spoken of is not installed, but for those that always
// succeed.
func (m *machine) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	line := strings.ReplaceAll(strings.Join(s.Argv, " "), m.root, "")
	m.log(line)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Argv[0] == "bash" {
		return command.Run(ctx, s)
	}
	m.mu.Lock()
	best := ""
	for beginning := range m.programs {
		if strings.HasPrefix(line, beginning) && len(beginning) > len(best) {
			best = beginning
		}
	}
	do := m.programs[best]
	m.mu.Unlock()
	switch {
	case do != nil:
		out, err := do()
		return []byte(out), err
	case line == "systemctl reboot":
		return nil, nil
	}
	return nil, fmt.Errorf("running %q: %w", s.Argv[0], command.ErrNotFound)
}

// program says what a program answers: its output, or with fail its exit status and last words.
func (m *machine) program(line, out string) {
	m.programs[line] = func() (string, error) { return out, nil }
}

func (m *machine) fails(line string, exit int, words string) {
	m.programs[line] = func() (string, error) {
		return "", &command.Error{Argv: strings.Fields(line), Exit: exit, Stderr: words}
	}
}

// times counts the command lines that contain a text.
func (m *machine) times(text string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.ran {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// device is the machine as the device that is judged, with one required check "git" that runs git.
func (m *machine) device() Device {
	return Device{
		Profile: profile.Profile{
			User:   "admin",
			Health: profile.Health{Attempts: 3, Deadline: time.Second},
			Checks: []profile.Check{{Name: "git", Required: true, Kind: profile.KindCommand, Command: []string{"git", "--help"}, Deadline: 20 * time.Millisecond}},
		},
		User: &command.User{Name: "admin", UID: 4711, GID: 4711, Home: "/var/home/admin"},
		OS:   m, Run: m, Root: m.root,
		Now:        func() time.Time { return time.Date(2026, 1, 2, 3, 4, m.boots, 0, time.UTC) },
		OnRollback: func(r report.Rollback) error { m.told = append(m.told, r); return nil },
	}
}

func (m *machine) check(s Scope) Outcome {
	m.Helper()
	o, err := m.device().Check(m.Context(), s)
	if err != nil {
		m.Fatal(err)
	}
	return o
}

// records are the boots on the shelf as "COMMIT'S FIRST DIGIT:verdict", oldest first.
func (m *machine) records() string {
	m.Helper()
	all, err := m.device().complete().shelf().records()
	if err != nil {
		m.Fatal(err)
	}
	var words []string
	for _, r := range all {
		trial := ""
		if r.Trial {
			trial = fmt.Sprintf("/%d", r.Attempt)
		}
		words = append(words, fmt.Sprintf("%.1s%s:%s", r.Commit, trial, r.Verdict))
	}
	return strings.Join(words, " ")
}

// engine makes the machine one with that greenboot.
func (m *machine) engine(name string) {
	for unit, engine := range map[string]string{
		"greenboot-set-rollback-trigger.service": GreenbootRS, "redboot-auto-reboot.service": Greenboot, "appliance-health.service": Appliance,
	} {
		path := "usr/lib/systemd/system/" + unit
		if engine == name {
			m.write(path, "[Unit]\n")
		} else if err := os.RemoveAll(filepath.Join(m.root, path)); err != nil {
			m.Fatal(err)
		}
	}
}

func result(t *testing.T, o Outcome, name string) report.Result {
	t.Helper()
	for _, r := range o.Results {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no result %q among %v", name, o.Results)
	return report.Result{}
}
