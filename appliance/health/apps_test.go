package health

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

const (
	socketUnit = "systemctl --user show --property=LoadState,ActiveState,SubState,Result -- container-httpd-proxy.socket"
	appUnit    = "systemctl --user show --property=LoadState,ActiveState,SubState,Result -- container-httpd.service"
	isActive   = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\n"
	isFailed   = "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n"
)

// port is where a server listens.
func port(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// apps are a warm and a cold application on a machine whose image store has both.
func apps(t *testing.T, handler http.HandlerFunc) (*machine, Device) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	m := newMachine(t)
	m.program("podman image exists", "")
	m.program(socketUnit, isActive)
	d := m.device()
	d.Profile.Health.Deadline = 200 * time.Millisecond
	d.Profile.Checks = nil
	p := port(t, server.Listener.Addr().String())
	d.Profile.Apps = []profile.App{
		{Name: "2048", Unit: "app1", Image: "builder:8080/2048:prod", Port: p, Probe: profile.Probe{Path: "/"}},
		{Name: "simple-http", Unit: "httpd", Image: "builder:8080/simple-http:prod", Port: p, Cold: true, Probe: profile.Probe{Path: "/"}},
	}
	return m, d
}

func fine(http.ResponseWriter, *http.Request) {}

// Each application is a required check without anybody asking for it.
func TestAppsAreChecked(t *testing.T) {
	t.Parallel()
	m, d := apps(t, fine)
	o, err := d.Check(t.Context(), Scope{})
	if err != nil || !o.Healthy || len(o.Results) != 2 {
		t.Fatalf("%+v, %v", o, err)
	}
	for _, name := range []string{"app 2048", "app simple-http"} {
		if r := result(t, o, name); !r.OK || !r.Required {
			t.Errorf("%+v", r)
		}
	}
	if m.times("container-httpd-proxy.socket") != 1 {
		t.Errorf("ran %q", m.ran)
	}
}

func TestAppFails(t *testing.T) {
	t.Parallel()
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		with    func(*machine, *Device)
		app     string
		want    string
		excused bool
	}{
		{"warm, does not serve", broken, func(*machine, *Device) {}, "app 2048", "status 502", false},
		{"warm, image missing", broken, func(m *machine, _ *Device) { m.fails("podman image exists", 1, "") }, "app 2048", "the image is not pulled yet: builder:8080/2048:prod", true},
		{"warm, podman broken", broken, func(m *machine, _ *Device) { m.fails("podman image exists", 125, "no storage") }, "app 2048", "status 502", false},
		{"warm, podman gone", broken, func(m *machine, _ *Device) { delete(m.programs, "podman image exists") }, "app 2048", "status 502", false},
		{"warm, image missing, always", broken, func(m *machine, d *Device) {
			m.fails("podman image exists", 1, "")
			d.Profile.Health.Always = true
		}, "app 2048", "status 502", false},
		{"cold, does not serve", broken, func(*machine, *Device) {}, "app simple-http", "status 502", false},
		{"cold, socket failed", fine, func(m *machine, _ *Device) { m.program(socketUnit, isFailed) }, "app simple-http", "socket: the unit has failed (exit-code)", false},
		{"cold, image missing", fine, func(m *machine, _ *Device) { m.fails("podman image exists", 1, "") }, "app simple-http", "not pulled yet", true},
		{"cold, no user", fine, func(_ *machine, d *Device) { d.User = nil }, "app simple-http", "does not exist", false},
		{"no port", fine, func(_ *machine, d *Device) { d.Profile.Apps[0].Port = 0 }, "app 2048", "no port", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, d := apps(t, tt.handler)
			tt.with(m, &d)
			o, err := d.Check(t.Context(), Scope{})
			r := result(t, o, tt.app)
			if err != nil || r.OK || !strings.Contains(r.Reason, tt.want) || r.Required == tt.excused {
				t.Errorf("%+v, %v, want %q, excused %v", r, err, tt.want, tt.excused)
			}
		})
	}
}

// systemd accepts connections for an application that cannot start: only its unit tells.
func TestColdAppWithoutHTTP(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{isActive: true, isFailed: false} {
		m, d := apps(t, fine)
		d.Profile.Apps = d.Profile.Apps[1:]
		d.Profile.Apps[0].Probe.Path = ""
		m.program(appUnit, state)
		o, err := d.Check(t.Context(), Scope{})
		if r := result(t, o, "app simple-http"); err != nil || r.OK != want {
			t.Errorf("%+v, %v with %q", r, err, state)
		}
	}
}

// Staying well does not keep a cold application awake.
func TestColdAppMayFallAsleep(t *testing.T) {
	t.Parallel()
	asked := make(chan bool, 100)
	m, d := apps(t, func(http.ResponseWriter, *http.Request) { asked <- true })
	d.Profile.Apps = d.Profile.Apps[1:]
	d.Profile.Health.Settle = 300 * time.Millisecond
	d.Profile.Health.Deadline = time.Minute
	o, err := d.Check(t.Context(), Scope{})
	if err != nil || !o.Healthy || len(asked) != 1 {
		t.Errorf("asked %d times: %+v, %v", len(asked), o, err)
	}
	if n := m.times("container-httpd-proxy.socket"); n < 3 {
		t.Errorf("the socket was looked at %d times", n)
	}
}

func TestContainer(t *testing.T) {
	t.Parallel()
	const running = `[{"State":{"Status":"running","Running":true},"Config":{"Image":"x"}}]`
	const checked = `[{"State":{"Status":"running","Running":true},"Config":{"Healthcheck":{"Test":["CMD","true"]}}}]`
	for _, tt := range []struct {
		name, inspect string
		healthcheck   int // its exit status
		want          string
	}{
		{"runs", running, 125, ""},
		{"healthy", checked, 0, ""},
		{"unhealthy", checked, 1, "health check: running podman healthcheck run app1: exit status 1"},
		{"exited", `[{"State":{"Status":"exited","Running":false},"Config":{}}]`, 0, "the container is exited"},
		{"check switched off", `[{"State":{"Running":true},"Config":{"Healthcheck":{"Test":["NONE"]}}}]`, 125, ""},
		{"nothing", "[]", 0, "podman tells of 0 containers"},
		{"nonsense", "hello", 0, "reading what podman says"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, d := apps(t, fine)
			m.program("podman container inspect app1", tt.inspect)
			m.fails("podman healthcheck run app1", tt.healthcheck, "")
			if tt.healthcheck == 0 {
				m.program("podman healthcheck run app1", "")
			}
			d.Profile.Checks = []profile.Check{{Name: "x", Required: true, Kind: profile.KindContainer, Target: "app1", Deadline: 20 * time.Millisecond}}
			o, err := d.Check(t.Context(), Scope{})
			if r := result(t, o, "x"); err != nil || r.OK != (tt.want == "") || !strings.Contains(r.Reason, tt.want) {
				t.Errorf("%+v, %v, want %q", r, err, tt.want)
			}
		})
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for bind, want := range map[string]string{
		"": "http://127.0.0.1:8081/", "0.0.0.0": "http://127.0.0.1:8081/", "::": "http://[::1]:8081/", "192.0.2.1": "http://192.0.2.1:8081/",
	} {
		got, err := target(profile.App{Port: 8081, Bind: bind, Probe: profile.Probe{Path: "/"}})
		if err != nil || got.String() != want {
			t.Errorf("bound to %q: %s, %v, want %s", bind, got, err, want)
		}
	}
	if _, err := target(profile.App{Port: 1, Probe: profile.Probe{Body: "("}}); err == nil {
		t.Error("a bad pattern was taken")
	}
}

// What belongs to the user runs as the user, with the environment of its session.
func TestAsUser(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	d := m.device().complete()
	s, err := d.systemctl(d.User, "start", "x")
	if err != nil || s.As != d.User || strings.Join(s.Argv, " ") != "systemctl --user start x" {
		t.Errorf("%+v, %v", s, err)
	}
	d.User = &command.User{Name: "me", UID: uint32(os.Geteuid())}
	s, err = d.systemctl(d.User, "start", "x")
	if err != nil || s.As != nil || !strings.HasPrefix(strings.Join(s.Env, " "), "XDG_RUNTIME_DIR=/run/user/") {
		t.Errorf("as oneself: %+v, %v", s, err)
	}
}

// What podman and systemd say can be anything; the reasons stay one printable line.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`[{"State":{"Status":"exited","Running":false},"Config":{}}]`))
	f.Add([]byte("LoadState=loaded\nActiveState=failed\nResult=exit-code\n"))
	f.Add([]byte("[{\"State\":{\"Status\":\"a\\u001b[31m\\n\"}}]"))
	f.Fuzz(func(t *testing.T, out []byte) {
		_, err := parseContainer(out)
		for _, text := range []string{reason(err), reason(parseUnit(out).fault())} {
			checkLine(t, text)
		}
	})
}
