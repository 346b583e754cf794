package command

import (
	"os"
	"strings"
	"testing"
)

func TestRunAsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run a program as another user")
	}
	t.Setenv("ROOTS_OWN", "secret")
	out, err := Run(t.Context(), Spec{
		Argv: []string{"sh", "-c", `echo "$(id -u):$(id -g):$(id -G) $HOME $XDG_RUNTIME_DIR $MORE ${ROOTS_OWN:-none}"; pwd; cat`},
		Env:  []string{"MORE=more"}, Stdin: []byte("said"),
		As: &User{Name: "admin", UID: 4711, GID: 4712, Groups: []uint32{4713}, Home: "/var/home/admin"},
	})
	if want := "4711:4712:4712 4713 /var/home/admin /run/user/4711 more none\n/\nsaid"; err != nil || string(out) != want {
		t.Errorf("Run = %q, %v, want %q", out, err, want)
	}
}

func TestRunInDirectory(t *testing.T) {
	out, err := Programs{}.Run(t.Context(), Spec{Argv: []string{"pwd"}, Dir: "/usr"})
	if err != nil || strings.TrimSpace(string(out)) != "/usr" {
		t.Errorf("Run = %q, %v", out, err)
	}
}
