package cli

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// systemd opens the socket, starts the program, is told when it is ready, and ends it. All of that
// is played here: the socket is file 3, the notifications come to a socket of our own.
func TestSystemd(t *testing.T) {
	dir := t.TempDir()
	bus, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	file, err := socket.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "appliance") // the name under which TestMain acts as the program
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	// The listen address would be refused: only the socket that was handed over can be used.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" serve --data "$1" --listen 203.0.113.1:1`, program, filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	cmd.ExtraFiles = []*os.File{file}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, bus); !strings.HasPrefix(got, "READY=1\n") {
		t.Errorf("systemd was told %q", got)
	}
	resp, err := http.Get("http://" + socket.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "ok\n" {
		t.Errorf("healthz = %q", body)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, bus); got != "STOPPING=1" {
		t.Errorf("systemd was told %q", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v: %s", err, errs.String())
	}
}

func receive(t *testing.T, bus *net.UnixConn) string {
	t.Helper()
	if err := bus.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	n, err := bus.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestNotifyNobody(t *testing.T) {
	notify("", "READY=1")
	notify(filepath.Join(t.TempDir(), "nobody"), "READY=1")
}
