//go:build containers_image_openpgp

package osbuild

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// expands does to the words of a command what systemd does: two dollar signs become one, and variables in braces are
// replaced, here by nothing. Source: systemd.service(5), "Command lines".
const expands = `n=$#
while [ $n -gt 0 ]; do
	word=$(printf %s "$1" | sed 's/\$\$/$/g; s/\${[^}]*}//g')
	shift
	set -- "$@" "$word"
	n=$((n - 1))
done
`

// TestUnit runs a build as a transient unit, by a systemd-run that writes down what it is asked.
func TestUnit(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root starts units")
	}
	s := newScene(t)
	bin, said := t.TempDir(), filepath.Join(t.TempDir(), "said")
	text := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + said + "\nwhile [ \"$1\" != -- ]; do shift; done\nshift\n" + expands + "setsid \"$@\" </dev/null >/dev/null 2>&1 &\n"
	if err := os.WriteFile(filepath.Join(bin, "systemd-run"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("https_proxy", "http://me:secret@proxy.example:3128")
	t.Setenv("no_proxy", "")
	if err := os.MkdirAll(filepath.Join(s.backend.Root, "run/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(5*glance, s.hang()) // it is looked at meanwhile
	made, err := s.make()
	s.check(made, err)
	data, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	argv := strings.Split(string(data), "\n")
	for _, want := range []string{"--unit=appliance-compose-20260102-150405-0a1b2c3d", "--collect", "KillSignal=SIGINT", "--setenv=PATH", "--setenv=https_proxy"} {
		if !slices.Contains(argv, want) {
			t.Errorf("no %s in %q", want, argv)
		}
	}
	if strings.Contains(string(data), "secret") || strings.Contains(string(data), "no_proxy") {
		t.Errorf("%s", data)
	}
}
