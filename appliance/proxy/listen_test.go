package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestHanded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pid, count, names string
		want              int
	}{
		{"42", "1", "", 1},
		{"42", "2", "a:b", 2},
		{"42", "16", "", 16},
		{"", "", "", 0},
		{"41", "1", "", 0},
		{"042", "1", "", 0},
		{"42", "", "", 0},
		{"42", "0", "", 0},
		{"42", "-1", "", 0},
		{"42", "+1", "", 0},
		{"42", "01", "", 0},
		{"42", "17", "", 0},
		{"42", " 1", "", 0},
		{"42", "99999999999999999999", "", 0},
		{"42", "1", "a:b", 0},
	} {
		n, err := handed(tt.pid, tt.count, tt.names, 42)
		if n != tt.want || (err == nil) != (tt.want > 0) || err != nil && !errors.Is(err, ErrNoSocket) {
			t.Errorf("handed(%q, %q, %q) = %d, %v, want %d", tt.pid, tt.count, tt.names, n, err, tt.want)
		}
	}
}

func FuzzHanded(f *testing.F) {
	f.Add("42", "1", "name")
	f.Add("42", "-1", "")
	f.Fuzz(func(t *testing.T, pid, count, names string) {
		if n, err := handed(pid, count, names, 42); err == nil && (pid != "42" || count != strconv.Itoa(n) || n < 1 || n > mostSockets) {
			t.Errorf("handed(%q, %q, %q) = %d", pid, count, names, n)
		}
	})
}

func TestListenersRefuseOthers(t *testing.T) {
	t.Parallel()
	env := map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1"}
	dir := t.TempDir()
	plain, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := takeOver(int(plain.Fd())); err == nil {
		t.Error("a file is taken for a socket")
	}
	other, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	file, err := other.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd, err := unix.Dup(int(file.Fd())) // takeOver closes what it is given
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeOver(fd); err == nil || !strings.Contains(err.Error(), "unix") {
		t.Errorf("a socket of another kind: %v", err)
	}
	if _, err := Listeners(func(name string) string { return env[name] }, 41); !errors.Is(err, ErrNoSocket) {
		t.Errorf("the sockets of another process: %v", err)
	}
}

// childSays is set in the process that plays the proxy that systemd starts.
const childSays = "APPLIANCE_PROXY_TEST_BACKEND"

// The whole way, in a process of its own, which stays small.
func TestActivation(t *testing.T) {
	t.Parallel()
	if backend := os.Getenv(childSays); backend != "" {
		child(t, backend)
		return
	}
	s := newScene(t, echo)
	news, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer news.Close()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=app exec "$0" -test.run='^TestActivation$' -test.v`, os.Args[0])
	cmd.Env = append(os.Environ(), childSays+"="+s.app.Addr().String(), "NOTIFY_SOCKET="+news.LocalAddr().String(), "GOCOVERDIR="+t.TempDir())
	cmd.ExtraFiles = []*os.File{s.held}
	var out safeBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	_ = news.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := news.Read(buffer); err != nil || string(buffer[:n]) != "READY=1" {
		t.Errorf("systemd is told %q, %v\n%s", buffer[:n], err, out.String())
	}
	for range 20 {
		if answer, err := ask(s.connect(), "x"); err != nil || answer != "echo x" {
			t.Fatalf("answer %q, %v\n%s", answer, err, out.String())
		}
	}
	if rss := resident(t, cmd.Process.Pid); rss > 15<<10 && !raced {
		t.Errorf("%d KiB are resident, more than 15 MiB", rss)
	} else {
		t.Logf("%d KiB resident", rss)
	}
	if n, err := news.Read(buffer); err != nil || string(buffer[:n]) != "STOPPING=1" {
		t.Errorf("systemd is told %q, %v", buffer[:n], err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the proxy ends with %v\n%s", err, out.String())
	}
}

func child(t *testing.T, backend string) {
	sockets, err := Listeners(os.Getenv, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	tally, err := Serve(t.Context(), sockets, Options{
		Backend: backend, Idle: 300 * time.Millisecond, Notify: os.Getenv("NOTIFY_SOCKET"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil || tally.Connections != 20 {
		t.Errorf("Serve = %+v, %v", tally, err)
	}
}

// resident is the memory of a process in KiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
