package quarantine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"edge/appliance/report"
)

// What lies at the path may be anything: the folder belongs to a user.
func TestHostileFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(`{"format":1,"bad":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, lay := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink(secret, path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"huge":   func(path string) error { return os.WriteFile(path, make([]byte, maxFile+1), 0o644) },
		"torn":   func(path string) error { return os.WriteFile(path, []byte(`{"format":1,"bad":[{"ki`), 0o644) },
		"empty":  func(path string) error { return os.WriteFile(path, nil, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			m := memory(t)
			if err := lay(m.path); err != nil {
				t.Fatal(err)
			}
			if list, err := m.List(); err == nil {
				t.Errorf("List = %+v", list)
			}
			if b, has := m.Has(bad, noon); has {
				t.Errorf("Has = %+v", b)
			}
			// Remembering begins anew, and what was there lies aside, untouched.
			remember(t, m, report.Bad{Kind: App, What: bad, Since: noon})
			if _, has := m.Has(bad, noon); !has {
				t.Error("nothing is remembered")
			}
			if _, err := os.Lstat(m.path + ".broken"); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(secret); err != nil || string(data) != `{"format":1,"bad":[]}` {
				t.Errorf("the file that was linked to is now %q, %v", data, err)
			}
		})
	}
}

func TestHostileLock(t *testing.T) {
	m := memory(t)
	target := filepath.Join(t.TempDir(), "made")
	if err := os.Symlink(target, m.path+".lock"); err != nil {
		t.Fatal(err)
	}
	if err := m.Add(report.Bad{Kind: App, What: bad}); err == nil {
		t.Error("a link was followed for the lock")
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("a file was made through a link")
	}
}

func TestFolderStaysClean(t *testing.T) {
	m := memory(t)
	remember(t, m, report.Bad{Kind: App, What: bad})
	remember(t, m, report.Bad{Kind: OS, What: strings.Repeat("a", 64)})
	var names []string
	entries, err := os.ReadDir(filepath.Dir(m.path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"quarantine.json", "quarantine.json.lock"}; !reflect.DeepEqual(names, want) {
		t.Errorf("the folder has %q, want %q", names, want)
	}
}

func TestFileBelongsToTheFoldersOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root writes for others")
	}
	m := memory(t)
	if err := os.Chown(filepath.Dir(m.path), 4711, 4712); err != nil {
		t.Fatal(err)
	}
	remember(t, m, report.Bad{Kind: App, What: bad})
	info, err := os.Stat(m.path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 4711 || s.Gid != 4712 || info.Mode().Perm() != 0o644 {
		t.Errorf("the file belongs to %d:%d with mode %v", s.Uid, s.Gid, info.Mode())
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"other format": `{"format":2,"bad":[]}`,
		"unknown key":  `{"format":1,"bad":[],"more":1}`,
		"two values":   `{"format":1,"bad":[]}{}`,
		"kind":         `{"format":1,"bad":[{"kind":"x","what":"y","since":"2026-03-02T12:00:00Z","times":1}]}`,
		"nothing":      `{"format":1,"bad":[{"kind":"app","what":"","since":"2026-03-02T12:00:00Z","times":1}]}`,
		"times":        `{"format":1,"bad":[{"kind":"app","what":"y","since":"2026-03-02T12:00:00Z","times":0}]}`,
		"terminal":     `{"format":1,"bad":[{"kind":"app","what":"y\u001b[2J","since":"2026-03-02T12:00:00Z","times":1}]}`,
		"two lines":    `{"format":1,"bad":[{"kind":"app","what":"y","reason":"a\nb","since":"2026-03-02T12:00:00Z","times":1}]}`,
		"long":         `{"format":1,"bad":[{"kind":"app","what":"` + strings.Repeat("y", maxText+1) + `","since":"2026-03-02T12:00:00Z","times":1}]}`,
		"many":         `{"format":1,"bad":[` + strings.Repeat(`{"kind":"app","what":"y","since":"2026-03-02T12:00:00Z","times":1},`, maxEntries) + `{"kind":"app","what":"y","since":"2026-03-02T12:00:00Z","times":1}]}`,
	} {
		if list, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: parse = %+v", name, list)
		}
	}
}

// What is read once reads the same for ever, and nothing read can play with a terminal.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":1,"bad":[]}`))
	f.Add([]byte(`{"format":1,"bad":[{"kind":"app","what":"` + bad + `","name":"2048","since":"2026-03-02T12:00:00Z","until":"2026-03-02T13:00:00Z","times":1,"reason":"status 503, want 200"}]}`))
	f.Add([]byte(`{"format":1,"bad":[{"kind":"os","what":"aa","since":"2026-03-02T12:00:00+01:00","times":9}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parse(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(document{format, list})
		if err != nil {
			t.Fatal(err)
		}
		second, err := parse(again)
		if err != nil {
			t.Fatalf("parse(%s): %v", again, err)
		}
		for i := range list {
			if !list[i].Since.Equal(second[i].Since) || list[i].What != second[i].What || strings.ContainsAny(list[i].Reason, "\x1b\n\r") {
				t.Errorf("%+v became %+v", list[i], second[i])
			}
		}
	})
}

func TestAddedTextIsOneLine(t *testing.T) {
	m := memory(t)
	remember(t, m, report.Bad{Kind: App, What: bad, Reason: "exit\n\x1b[31mstatus\t1\xff" + strings.Repeat("é", maxText)})
	b, has := m.Has(bad, noon)
	if !has || !strings.HasPrefix(b.Reason, "exit [31mstatus 1é") || len(b.Reason) > maxText {
		t.Errorf("Has = %+v, %v", b, has)
	}
}
