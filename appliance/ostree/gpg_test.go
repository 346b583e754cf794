package ostree

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// gpgHome makes a key ring with one key, test@example.com.
func gpgHome(t *testing.T) string {
	t.Helper()
	needProgram(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // t.TempDir is too long for the agent's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run()
		os.RemoveAll(home)
	})
	cmd := exec.Command("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "",
		"--quick-generate-key", "test@example.com", "ed25519", "sign", "never")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("gpg makes no key here: %v\n%s", err, out)
	}
	return home
}

func TestSignGPGWithoutProgram(t *testing.T) {
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "")
	t.Setenv("PATH", t.TempDir())
	if err := r.SignGPG(t.Context(), c, "key", ""); !errors.Is(err, ErrNoProgram) {
		t.Errorf("%v; want ErrNoProgram", err)
	}
}
