package kickstart

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goldens are files of two parts: what differs from base, as JSON, and the kickstart that is made of it.
func goldens(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d goldens: %v", len(files), err)
	}
	return files
}

const (
	inputMark  = "-- params.json --\n"
	outputMark = "-- kickstart.ks --\n"
)

// TestGolden compares whole kickstarts. UPDATE=1 writes them anew.
func TestGolden(t *testing.T) {
	for _, file := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, want, _ := strings.Cut(string(text), outputMark)
			about, input, _ := strings.Cut(head, inputMark)
			p := base()
			if err := json.Unmarshal([]byte(input), &p); err != nil {
				t.Fatal(err)
			}
			got := render(t, p)
			if os.Getenv("UPDATE") == "1" {
				if err := os.WriteFile(file, []byte(about+inputMark+input+outputMark+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("differs from %s; look at it with UPDATE=1 and git diff\n%s", file, got)
			}
			for _, f := range Lint(got, p.Target) {
				if f.Level == Warning {
					t.Errorf("our own kickstart has a warning: %s", f)
				}
			}
		})
	}
}

// TestPeerKsvalidator holds every golden against pykickstart, where this host has it.
func TestPeerKsvalidator(t *testing.T) {
	program, err := exec.LookPath("ksvalidator")
	if err != nil {
		t.Skip("ksvalidator is not installed; Debian has no package of it")
	}
	versions := map[Target]string{"": "RHEL9", RHEL9: "RHEL9", RHEL10: "RHEL10", Fedora: "F43"}
	for _, file := range goldens(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, want, _ := strings.Cut(string(text), outputMark)
		_, input, _ := strings.Cut(head, inputMark)
		p := base()
		if err := json.Unmarshal([]byte(input), &p); err != nil {
			t.Fatal(err)
		}
		ks := filepath.Join(t.TempDir(), "ks.cfg")
		if err := os.WriteFile(ks, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, "-e", "-v", versions[p.Target], ks).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for b.Loop() {
		if _, err := Render(full()); err != nil {
			b.Fatal(err)
		}
	}
}
