package health

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
)

// looks makes one check of a machine and compares its reason.
func (m *machine) looks(c profile.Check, want string) {
	m.Helper()
	c.Name, c.Required = "x", true
	if c.Deadline == 0 {
		c.Deadline = 20 * time.Millisecond
	}
	d := m.device()
	d.Profile.Checks = []profile.Check{c}
	o, err := d.Check(m.Context(), Scope{})
	if err != nil {
		m.Fatal(err)
	}
	r := o.Results[len(o.Results)-1]
	for _, r := range o.Results {
		if r.Name == "x" {
			if r.OK != (want == "") || !strings.Contains(r.Reason, want) {
				m.Errorf("%+v: %+v, want %q", c, r, want)
			}
			return
		}
	}
	m.Errorf("no result: %+v", r)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.program("git --help", "usage")
	m.fails("broken", 127, "libfoo.so: cannot open\nshared object")
	m.looks(profile.Check{Kind: profile.KindCommand, Command: []string{"git", "--help"}}, "")
	m.looks(profile.Check{Kind: profile.KindCommand, Command: []string{"git", "--help"}, User: true}, "")
	m.looks(profile.Check{Kind: profile.KindCommand, Command: []string{"broken"}}, "exit status 127: libfoo.so: cannot open shared object")
	begin := time.Now()
	m.looks(profile.Check{Kind: profile.KindCommand, Command: []string{"none"}, Deadline: time.Minute}, `"none" is not installed`)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("a missing program was waited for: %v", took)
	}
}

func TestBinary(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("usr/bin/git", "")
	m.write("usr/bin/notes", "")
	if err := os.Chmod(filepath.Join(m.root, "usr/bin/git"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.looks(profile.Check{Kind: profile.KindBinary, Target: "git"}, "")
	m.looks(profile.Check{Kind: profile.KindBinary, Target: "/usr/bin/git"}, "")
	m.looks(profile.Check{Kind: profile.KindBinary, Target: "notes"}, `no program "notes" on /usr/local/sbin`)
	m.looks(profile.Check{Kind: profile.KindBinary, Target: "/usr/bin"}, `"/usr/bin" is no program`)
	m.looks(profile.Check{Kind: profile.KindBinary, Target: "zsh"}, `no program "zsh"`)
}

func TestFile(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.looks(profile.Check{Kind: profile.KindFile, Target: "/proc/uptime"}, "")
	m.looks(profile.Check{Kind: profile.KindFile, Target: "/proc"}, "")
	m.looks(profile.Check{Kind: profile.KindFile, Target: "/none"}, `"/none": no such file or directory`)
	time.AfterFunc(100*time.Millisecond, func() { m.write("late", "") })
	m.looks(profile.Check{Kind: profile.KindFile, Target: "/late", Deadline: 10 * time.Second}, "")
}

func TestUnit(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	const show = "show --property=LoadState,ActiveState,SubState,Result -- "
	state := func(manager, unit, load, active, sub, result string) {
		m.program(manager+" "+show+unit, "LoadState="+load+"\nActiveState="+active+"\nSubState="+sub+"\nResult="+result+"\n")
	}
	state("systemctl", "a.service", "loaded", "active", "running", "success")
	state("systemctl", "b.service", "loaded", "failed", "failed", "exit-code")
	state("systemctl", "c.service", "not-found", "inactive", "dead", "success")
	state("systemctl", "d.service", "loaded", "activating", "auto-restart", "success")
	state("systemctl --user", "u.service", "loaded", "active", "exited", "success")
	m.program("systemctl "+show+"e.service", "")
	for unit, want := range map[string]string{
		"a.service": "", "b.service": "the unit has failed (exit-code)", "c.service": "the unit is not-found",
		"d.service": "the unit is activating (auto-restart)", "e.service": "does not tell its state", "u.service": "program not found",
	} {
		m.looks(profile.Check{Kind: profile.KindUnit, Target: unit}, want)
	}
	m.looks(profile.Check{Kind: profile.KindUnit, Target: "u.service", User: true}, "")
}

func TestHTTPAndTCP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ok" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("hello"))
	}))
	defer server.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	m := newMachine(t)
	wait := 500 * time.Millisecond // also for a server that is slow on a busy machine
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: server.URL + "/ok", Deadline: wait}, "")
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: server.URL + "/ok", Status: 200, Body: "^hello$", Deadline: wait}, "")
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: server.URL + "/no", Deadline: wait}, "status 503, want 200 to 399")
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: server.URL + "/ok", Body: "bye", Deadline: wait}, "does not match")
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: server.URL + "/ok", Body: "(", Deadline: wait}, "reading the pattern")
	m.looks(profile.Check{Kind: profile.KindHTTP, URL: "ftp://x/"}, "must begin with http://")
	m.looks(profile.Check{Kind: profile.KindTCP, Target: server.Listener.Addr().String(), Deadline: wait}, "")
	m.looks(profile.Check{Kind: profile.KindTCP, Target: nobody, Deadline: wait}, "connection refused")
}

func TestDisk(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.looks(profile.Check{Kind: profile.KindDisk, Target: "/", Free: 1}, "")
	m.looks(profile.Check{Kind: profile.KindDisk, Target: "/", Free: 1 << 60}, "left, want 1048576.0 TiB")
	m.looks(profile.Check{Kind: profile.KindDisk, Target: "/none", Free: 1}, "no such file")
}

func TestClock(t *testing.T) {
	t.Parallel()
	m := newMachine(t) // it is January 2026 there
	for since, want := range map[string]string{
		"": "", "2025-12-31": "", "2026-01-02T03:00:00Z": "", "2026-02-01": "the clock says 2026-01-02T03:04:01Z, which is before 2026-02-01T00:00:00Z", "soon": "as a date",
	} {
		d := m.device()
		d.Built = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
		err := d.complete().clock(profile.Check{Since: since})(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("since %q: %v, want %q", since, err, want)
		}
	}
	if b := built(time.Time{}); b.Before(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) || b.After(time.Now().Add(24*time.Hour)) {
		t.Errorf("built at %v", b)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 200 << 20: "200.0 MiB", 3 << 39: "1.5 TiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.looks(profile.Check{Kind: "dance"}, `the kind "dance" is unknown`)
	m.looks(profile.Check{Kind: profile.KindContainer, Target: "none"}, `no app with the unit "none"`)
	m.looks(profile.Check{Kind: profile.KindSocket, Target: "none"}, `no app with the unit "none"`)
}

// Without the account nothing can be asked on its behalf.
func TestNoUser(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	d := m.device()
	d.User = nil
	d.Profile.Checks = []profile.Check{{Name: "x", Required: true, Kind: profile.KindUnit, Target: "a.service", User: true, Deadline: time.Millisecond}}
	o, err := d.Check(t.Context(), Scope{})
	if r := result(t, o, "x"); err != nil || r.OK || !strings.Contains(r.Reason, `the account "admin" does not exist`) {
		t.Errorf("%+v, %v", r, err)
	}
}
