package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestTokenFile(t *testing.T) {
	file := tokenPath(t.TempDir())
	if exposed, err := ensureToken(file); err != nil || exposed {
		t.Fatalf("ensureToken = %v, %v", exposed, err)
	}
	data, err := os.ReadFile(file)
	if err != nil || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}\n$`).Match(data) {
		t.Errorf("token file = %q, %v", data, err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
	first, err := readToken(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ensureToken(file); err != nil {
		t.Fatal(err)
	}
	if again, _ := readToken(file); again != first {
		t.Error("a token that was there was replaced")
	}
	second, err := makeToken(file)
	if err != nil || second == first {
		t.Errorf("makeToken = %v, the same: %v", err, second == first)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if exposed, err := ensureToken(file); err != nil || !exposed {
		t.Errorf("a readable token: %v, %v", exposed, err)
	}
	for _, bad := range []string{"", "\n", "short\n", "two words that are long enough\n"} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ensureToken(file); exitCode(err) != exitInvalid {
			t.Errorf("token file %q: %v", bad, err)
		}
	}
}

// The token of this host's data directory goes to no other host.
func TestFindToken(t *testing.T) {
	data := t.TempDir()
	local, err := makeToken(tokenPath(data))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "t")
	other, err := makeToken(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, server, env string
		g                 globals
		want              string
	}{
		{"data directory", "http://127.0.0.1:8080", "", globals{}, local},
		{"data directory, IPv6", "http://[::1]:8080", "", globals{}, local},
		{"data directory, name", "localhost:8080", "", globals{}, local},
		{"a server elsewhere", "http://192.0.2.1:8080", "", globals{}, ""},
		{"environment", "http://192.0.2.1:8080", "from-the-environment\n", globals{}, "from-the-environment"},
		{"file before environment", "http://192.0.2.1", "from-the-environment", globals{tokenFile: file}, other},
		{"flag before all", "http://127.0.0.1", "from-the-environment", globals{tokenFile: file, token: "from-a-flag"}, "from-a-flag"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("APPLIANCE_TOKEN", tt.env)
			tt.g.data = data
			if got, err := tt.g.findToken(tt.server); err != nil || got != tt.want {
				t.Errorf("findToken = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	if _, err := (&globals{tokenFile: filepath.Join(data, "none")}).findToken(defaultServer); exitCode(err) != exitNotFound {
		t.Errorf("a missing --token-file: %v", err)
	}
}
