package proxy

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTallyAddsUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.proxy.json")
	for _, run := range []Tally{
		{Connections: 3, Starts: 1, Last: 3 * time.Second, Longest: 3 * time.Second},
		{Connections: 1, Failures: 1},
		{Connections: 2, Starts: 1, Last: time.Second, Longest: time.Second},
	} {
		if err := save(path, run); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := ReadTally(path)
	if err != nil || sum.Connections != 6 || sum.Starts != 2 || sum.Failures != 1 || sum.Last != time.Second || sum.Longest != 3*time.Second {
		t.Errorf("tally %+v, %v", sum, err)
	}
	if err := os.WriteFile(path, []byte(`{"connections":`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := save(path, Tally{Connections: 1}); err != nil {
		t.Fatal(err)
	}
	if sum, err := ReadTally(path); err != nil || sum.Connections != 1 {
		t.Errorf("after a torn file: %+v, %v", sum, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := save(filepath.Join(path, "nowhere"), Tally{}); err == nil {
		t.Error("a tally that cannot be written is no error")
	}
	s := newScene(t, echo)
	o := s.options()
	o.Idle, o.State = time.Millisecond, filepath.Join(path, "nowhere")
	if e := s.await(s.serve(t.Context(), o), 5*time.Second); e.err != nil || !strings.Contains(s.log.String(), "what was counted is lost") {
		t.Errorf("Serve = %v, log %q", e.err, s.log.String())
	}
}

// Root reads the file in a folder of somebody else's.
func TestReadTallyTrustsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(`{"connections":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	link, big := filepath.Join(dir, "link"), filepath.Join(dir, "big")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(big, []byte(strings.Repeat(" ", mostTally+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, big, dir} {
		if sum, err := ReadTally(path); err == nil {
			t.Errorf("ReadTally(%q) = %+v", path, sum)
		}
	}
	if sum, err := ReadTally(filepath.Join(dir, "none")); err != nil || sum != (Tally{}) {
		t.Errorf("before the first run: %+v, %v", sum, err)
	}
}

func FuzzTally(f *testing.F) {
	f.Add(`{"connections":1,"cold_starts":1,"failed_starts":0,"last_start":5,"longest_start":7,"since":"2026-03-04T12:00:00Z"}`)
	f.Add(`{"connections":-1}`)
	f.Fuzz(func(t *testing.T, text string) {
		if sum, err := parseTally([]byte(text)); err == nil && (sum.Last < 0 || sum.Longest < sum.Last) {
			t.Errorf("tally %+v", sum)
		}
	})
}

// That nobody listens for news is no reason to fail.
func TestNotifyNobody(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	notify(filepath.Join(t.TempDir(), "nobody"), "READY=1", slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "systemd could not be told") {
		t.Errorf("log %q", log.String())
	}
}
