package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const committed = "../../../embedded/apps"

// built reads BUILD: the Go release, then a line for each program.
func built(t *testing.T) (release string, sums map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(committed, "BUILD"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	sums = map[string]string{}
	for _, line := range lines[1:] {
		sum, name, _ := strings.Cut(line, "  ")
		sums[name] = sum
	}
	if len(sums) != 2 || !strings.HasPrefix(lines[0], "go1.") {
		t.Fatalf("BUILD is %q", text)
	}
	return lines[0], sums
}

// program reads what build.sh has left in a folder.
func program(t *testing.T, dir, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCommittedPrograms(t *testing.T) {
	const budget = 2_100_000
	_, sums := built(t)
	for name, want := range sums {
		data := program(t, committed, name)
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
			t.Errorf("%s is %s, BUILD says %s: run contrib/apps/build.sh", name, got, want)
		}
		if len(data) > budget {
			t.Errorf("%s has %d bytes, the budget is %d", name, len(data), budget)
		}
	}
}

// The committed programs are what contrib/apps/build.sh makes of these sources.
func TestBuildIsReproducible(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	release, sums := built(t)
	if release != runtime.Version() {
		t.Skipf("the programs were built by %s, this is %s, whose output may differ", release, runtime.Version())
	}
	fresh := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "../build.sh", fresh).CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for name := range sums {
		if got, want := program(t, fresh, name), program(t, committed, name); !bytes.Equal(got, want) {
			t.Errorf("%s differs from a fresh build: run contrib/apps/build.sh and commit what it writes", name)
		}
	}
}
