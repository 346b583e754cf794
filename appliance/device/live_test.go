package device

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"edge/appliance/command"
)

// machine is a running device that only remembers what it was told.
type machine struct {
	t     *testing.T
	told  []string          // what changed something
	asked []string          // what did not
	ports map[string]bool   // of the firewall
	fail  map[string]int    // exit status of a command line that begins so
	lacks map[string]bool   // programs that are not there
	stdin map[string]string // by program
	facts Facts
}

func newMachine(t *testing.T) *machine {
	return &machine{t: t, ports: map[string]bool{}, fail: map[string]int{}, lacks: map[string]bool{}, stdin: map[string]string{},
		facts: Facts{Here: true, Live: true, Firewall: "live", SELinux: true}}
}

func (m *machine) Run(_ context.Context, s command.Spec) ([]byte, error) {
	line := strings.Join(s.Argv, " ")
	if s.As != nil {
		line = s.As.Name + ": " + line
	}
	if m.lacks[s.Argv[0]] {
		return nil, fmt.Errorf("running %q: %w", s.Argv[0], command.ErrNotFound)
	}
	m.stdin[s.Argv[0]] = string(s.Stdin)
	for begin, exit := range m.fail {
		if strings.HasPrefix(line, begin) {
			return nil, &command.Error{Argv: s.Argv, Exit: exit}
		}
	}
	verb, port, _ := strings.Cut(s.Argv[len(s.Argv)-1], "=")
	key := strings.Join(s.Argv[:len(s.Argv)-1], " ") + " " + port
	switch {
	case verb == "--query-port":
		m.asked = append(m.asked, line)
		if !m.ports[key] {
			return nil, &command.Error{Argv: s.Argv, Exit: 1}
		}
		return nil, nil
	case verb == "--add-port":
		m.ports[key] = true
	case verb == "--remove-port":
		delete(m.ports, key)
	case slices.Contains(s.Argv, "is-active") || s.Argv[0] == "visudo":
		m.asked = append(m.asked, line)
		return nil, nil
	}
	m.told = append(m.told, line)
	return nil, nil
}

// options install to a tree as if it were the running device.
func (m *machine) options(root string) Options {
	o := offline(m.t, root, parse(m.t))
	o.Run = m
	o.look = func(f Facts, err error) (Facts, error) {
		f.Here, f.Live, f.Firewall, f.SELinux = m.facts.Here, m.facts.Live, m.facts.Firewall, m.facts.SELinux
		return f, err
	}
	return o
}

func (m *machine) forget() { m.told, m.asked = nil, nil }

// without are the lines told but for those that begin so.
func (m *machine) without(begin string) []string {
	return slices.DeleteFunc(slices.Clone(m.told), func(l string) bool { return strings.HasPrefix(l, begin) })
}

func TestLiveInstall(t *testing.T) {
	m := newMachine(t)
	m.fail["systemctl is-active --quiet user@1000"] = 3
	o := m.options(plant(t, debianTree()))
	out := install(t, o)
	want := []string{
		"firewall-cmd --add-port=8080/tcp", "firewall-cmd --permanent --add-port=8080/tcp",
		"firewall-cmd --add-port=8081/tcp", "firewall-cmd --permanent --add-port=8081/tcp",
		"systemctl daemon-reload",
		"systemctl --no-block restart appliance-os-update.timer",
		"systemctl --no-block try-restart systemd-journald.service",
		"systemctl start user@1000.service",
		"admin: systemctl --user daemon-reload",
		"admin: systemctl --user stop podman-auto-update.timer podman-auto-update.service grub-boot-success.timer",
		"admin: systemctl --user stop container-httpd-proxy.service container-httpd.service",
		"admin: systemctl --user --no-block restart appliance-app-update.timer container-app1.service container-httpd-proxy.socket pre-pull-container-image.service",
		"admin: systemctl --user --no-block try-restart container-httpd-proxy.service container-httpd.service",
	}
	if got := m.without("restorecon"); !slices.Equal(got, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(out.Ports, []string{"open 8080/tcp", "open 8081/tcp"}) {
		t.Errorf("ports = %q", out.Ports)
	}
	labelled := strings.Fields(m.told[0])
	for _, name := range []string{"/usr/local/bin/appliance", ManifestPath, "/etc/appliance/units/container-app1.service"} {
		if labelled[0] != "restorecon" || !slices.Contains(labelled, name) {
			t.Errorf("%s has no label: %q", name, labelled)
		}
	}
	if slices.Contains(labelled, "-R") || slices.Contains(labelled, "-F") || slices.Contains(labelled, "/home/admin") {
		t.Errorf("more is labelled than was written: %q", labelled)
	}
	if !strings.Contains(m.stdin["visudo"], "APPLIANCE_DEVICE") {
		t.Error("the rules for sudo were not validated")
	}

	m.forget()
	install(t, o)
	if len(m.told)+len(m.asked) > 0 {
		t.Errorf("a second run told %q, asked %q", m.told, m.asked)
	}

	o.Profile = parse(t, "8081", "9081")
	clear(m.fail)
	install(t, o)
	want = []string{
		"firewall-cmd --remove-port=8081/tcp", "firewall-cmd --permanent --remove-port=8081/tcp",
		"firewall-cmd --add-port=9081/tcp", "firewall-cmd --permanent --add-port=9081/tcp",
		"admin: systemctl --user daemon-reload",
		"admin: systemctl --user --no-block restart container-app1.service",
	}
	if got := m.without("restorecon"); !slices.Equal(got, want) {
		t.Errorf("another port told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// An app that goes is stopped before its unit does; one that becomes cold leaves its port to the socket.
func TestLiveStopsWhatGoes(t *testing.T) {
	m := newMachine(t)
	o := m.options(plant(t, debianTree()))
	install(t, o)
	m.forget()
	o.Profile = withoutCold(t)
	install(t, o)
	stop := "admin: systemctl --user stop container-httpd-proxy.service container-httpd-proxy.socket container-httpd.service"
	if got := m.without("restorecon"); len(got) == 0 || got[0] != stop {
		t.Errorf("told %q, want first %q", got, stop)
	}
	m.forget()
	o.Profile = parse(t, "port = 8081", "port = 8081\ncold = true")
	install(t, o)
	if !slices.Contains(m.told, "admin: systemctl --user stop container-app1.service") {
		t.Errorf("told %q", m.told)
	}
}

// When systemd could not be told, the next run tells it.
func TestLiveTellsAgain(t *testing.T) {
	m := newMachine(t)
	m.fail["admin: systemctl --user daemon-reload"] = 1
	o := m.options(plant(t, debianTree()))
	if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Fatalf("error = %v", err)
	}
	if drift, err := Drift(o.Root); err != nil || len(drift) != 1 || !strings.Contains(drift[0].Fault, "interrupted") {
		t.Errorf("Drift = %v, %v", drift, err)
	}
	delete(m.fail, "admin: systemctl --user daemon-reload")
	m.forget()
	install(t, o)
	if !slices.Contains(m.told, "admin: systemctl --user --no-block restart appliance-app-update.timer container-app1.service container-httpd-proxy.socket pre-pull-container-image.service") {
		t.Errorf("told %q", m.told)
	}
}

func TestLiveUninstall(t *testing.T) {
	m := newMachine(t)
	root := plant(t, debianTree())
	before := listing(t, root)
	m.ports["firewall-cmd 8080/tcp"], m.ports["firewall-cmd --permanent 8080/tcp"] = true, true
	had := maps.Clone(m.ports)
	o := m.options(root)
	install(t, o)
	m.forget()
	o.Purge = true
	uninstall(t, o)
	want := []string{
		"systemctl stop appliance-health-arm.service appliance-health.service appliance-os-update.service appliance-os-update.timer",
		"admin: systemctl --user stop appliance-app-update.service appliance-app-update.timer container-app1.service container-httpd-proxy.service container-httpd-proxy.socket container-httpd.service pre-pull-container-image.service",
		// Before the user's manager may end.
		"admin: podman rm --force --ignore app1 httpd",
		"admin: podman image exists builder.example:8080/2048:prod",
		"admin: podman image rm builder.example:8080/2048:prod",
		"admin: podman image exists localhost/appliance/app1:previous",
		"admin: podman image rm localhost/appliance/app1:previous",
		"admin: podman image exists builder.example:8080/simple-http:prod",
		"admin: podman image rm builder.example:8080/simple-http:prod",
		"admin: podman image exists localhost/appliance/httpd:previous",
		"admin: podman image rm localhost/appliance/httpd:previous",
		"firewall-cmd --remove-port=8081/tcp", "firewall-cmd --permanent --remove-port=8081/tcp",
		"systemctl daemon-reload", "admin: systemctl --user daemon-reload",
		"systemctl --no-block try-restart systemd-journald.service",
	}
	if !slices.Equal(m.told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(m.told, "\n"), strings.Join(want, "\n"))
	}
	if !maps.Equal(m.ports, had) {
		t.Errorf("ports = %v, want %v", m.ports, had)
	}
	differ(t, "tree", listing(t, root), before)
}

// In the chroot of an installer nothing is started, and the firewall is configured for later.
func TestChroot(t *testing.T) {
	m := newMachine(t)
	m.facts.Live, m.facts.Firewall = false, "offline"
	m.lacks["restorecon"], m.lacks["visudo"] = true, true
	o := m.options(plant(t, ostreeTree()))
	out := install(t, o)
	want := []string{"firewall-offline-cmd --add-port=8080/tcp", "firewall-offline-cmd --add-port=8081/tcp"}
	if !slices.Equal(m.told, want) {
		t.Errorf("told %q, want %q", m.told, want)
	}
	if !strings.Contains(strings.Join(out.Notes, "\n"), "restorecon -R") {
		t.Errorf("notes = %q", out.Notes)
	}
}

// Wrong rules for sudo are found before anything is written.
func TestSudoRefuses(t *testing.T) {
	m := newMachine(t)
	m.fail["visudo"] = 1
	root := plant(t, debianTree())
	before := listing(t, root)
	if _, err := Install(t.Context(), m.options(root)); err == nil || !strings.Contains(err.Error(), "50-appliance") {
		t.Errorf("error = %v", err)
	}
	differ(t, "tree", listing(t, root), before)
}
