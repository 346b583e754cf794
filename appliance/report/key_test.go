package report

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestKeyIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "device.key")
	var wait sync.WaitGroup
	keys := make([]ed25519.PrivateKey, 8)
	for i := range keys {
		wait.Go(func() {
			var err error
			if keys[i], err = LoadKey(file); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, k := range keys {
		if !k.Equal(keys[0]) {
			t.Fatal("two processes made two keys")
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
	if len(left)+len(hidden) != 1 {
		t.Errorf("what is there: %q %q", left, hidden)
	}
}

func TestUnusableKeys(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(keyOf("a"))
	mixed := append(keyOf("a")[:32:32], keyOf("b")[32:]...)
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"open to others", good, 0o640},
		{"empty", "", 0o600},
		{"no base64", "a key", 0o600},
		{"half", good[:44], 0o600},
		{"of two keys", base64.StdEncoding.EncodeToString(mixed), 0o600},
	} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(tt.text), tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(file); !errors.Is(err, ErrKey) {
			t.Errorf("%s: LoadKey = %v, want %v", tt.name, err, ErrKey)
		}
		if data, _ := os.ReadFile(file); string(data) != tt.text {
			t.Errorf("%s: the file was changed to %q", tt.name, data)
		}
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(link); err == nil {
		t.Error("a link was followed")
	}
	if _, err := LoadKey(filepath.Join(dir, "none", "key")); err == nil {
		t.Error("a key was made in a folder that is not there")
	}
}
