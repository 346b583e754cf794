package update

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/report"
)

var (
	digestA = digestOf("a")
	idA     = idOf(digestA)
)

func fullState() AppState {
	noon := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	return AppState{
		Format: 1, Image: warmApp.Image, Digest: digestA, ID: idA, Since: noon, Previous: &Pin{digestA, idA},
		Update: &report.Update{Time: noon, From: digestA, To: digestA, Outcome: "rolled back", Reason: "status 503, want 200"},
		Trial:  &Trial{Step: StepBack, From: Pin{digestA, idA}, To: Pin{digestA, idA}, Begun: noon, Tries: 1, Failed: 2, Reason: "mute"},
	}
}

func TestStateIsReadAsWritten(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if s, err := f.read("app1"); err != nil || !reflect.DeepEqual(s, AppState{Format: 1}) {
		t.Errorf("without history: %+v, %v", s, err)
	}
	want := fullState()
	if err := f.write("app1", want); err != nil {
		t.Fatal(err)
	}
	if got, err := f.read("app1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	names, err := os.ReadDir(f.root.Name())
	if err != nil || len(names) != 1 {
		t.Errorf("the folder has %v, %v", names, err)
	}
}

func TestStateRefuses(t *testing.T) {
	for name, spoil := range map[string]func(s *AppState){
		"format":           func(s *AppState) { s.Format = 2 },
		"digest":           func(s *AppState) { s.Digest = "sha256:../x" },
		"id":               func(s *AppState) { s.ID = "--all" },
		"previous":         func(s *AppState) { s.Previous.ID = "x" },
		"step":             func(s *AppState) { s.Trial.Step = "jump" },
		"no old image":     func(s *AppState) { s.Trial.From = Pin{} },
		"no new image":     func(s *AppState) { s.Trial.To = Pin{} },
		"tries":            func(s *AppState) { s.Trial.Tries = -1 },
		"terminal":         func(s *AppState) { s.Trial.Reason = "\x1b[2J" },
		"outcome of lines": func(s *AppState) { s.Update.Outcome = "updated\nrolled back" },
		"long":             func(s *AppState) { s.Image = strings.Repeat("x", maxText+1) },
	} {
		s := fullState()
		spoil(&s)
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseState(data); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, text := range []string{``, `{}`, `null`, `{"format":1}{}`, `{"format":1,"more":2}`} {
		if got, err := parseState([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// The folder belongs to the user, so anything may lie in it when root reads and writes.
func TestHostileState(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(`{"format":1,"image":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, lay := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink(secret, path) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"huge":   func(path string) error { return os.WriteFile(path, make([]byte, maxState+1), 0o644) },
	} {
		dir := t.TempDir()
		if err := lay(dir + "/app1.json"); err != nil {
			t.Fatal(err)
		}
		if s, err := ReadApp(dir, "app1"); err == nil {
			t.Errorf("%s: read %+v", name, s)
		}
		f, err := openFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.write("app1", AppState{}); (err != nil) != (name == "folder") {
			t.Errorf("%s: write = %v", name, err)
		}
		f.close()
		if data, err := os.ReadFile(secret); err != nil || !strings.Contains(string(data), "secret") {
			t.Errorf("%s: the linked file holds %q, %v", name, data, err)
		}
	}
	for _, unit := range []string{"../app1", "", "a/b", "quarantine", "a b"} {
		if s, err := ReadApp(t.TempDir(), unit); err == nil {
			t.Errorf("unit %q: %+v", unit, s)
		}
	}
	if _, err := ReadApp(t.TempDir()+"/none", "app1"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "appliance device install") {
		t.Errorf("without a folder: %v", err)
	}
}

func TestHostileLock(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "made")
	if err := os.Symlink(target, dir+"/lock"); err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if _, err := f.lock(); err == nil || errors.Is(err, ErrRunning) {
		t.Errorf("lock = %v", err)
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("a file was made through a link")
	}
}

func TestStateBelongsToTheFoldersOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root writes for others")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := f.write("app1", fullState()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir + "/app1.json")
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 4711 || s.Gid != 4712 || info.Mode().Perm()&0o022 != 0 {
		t.Errorf("the file belongs to %d:%d with mode %v", s.Uid, s.Gid, info.Mode())
	}
}

// What is read once reads the same again, and holds nothing but names of images and plain text.
func FuzzParseState(f *testing.F) {
	data, err := json.Marshal(fullState())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":1,"image":"a.b/c:d"}`))
	f.Add([]byte(`{"format":1,"image":"a.b/c:d","trial":{"step":"pull","from":{"id":"` + idA + `"},"begun":"2026-03-02T12:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseState(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseState(again); err != nil {
			t.Fatalf("parseState(%s): %v", again, err)
		}
		if strings.ContainsAny(s.Image, "\x1b\n") || s.ID != "" && !imageID.MatchString(s.ID) || s.Trial != nil && s.Trial.From.ID == "" {
			t.Errorf("state %+v", s)
		}
	})
}
