package grub

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// editenv runs GRUB's own program on a block. It waits for APPLIANCE_PEERS=1, as make test sets it; then
// the program must be there.
func editenv(t *testing.T, f File, args ...string) string {
	t.Helper()
	name := "grub-editenv"
	if _, err := exec.LookPath(name); err != nil {
		name = "grub2-editenv"
	}
	out, err := exec.Command(name, append([]string{f.Path()}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// Whatever is set and unset, both sides write the same bytes and read the same variables.
func TestPeerEditenv(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	ours, theirs := grubenv(t, nil), grubenv(t, nil)
	editenv(t, theirs, "create")
	fresh, err := os.ReadFile(theirs.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ours.Path(), fresh, 0o600); err != nil {
		t.Fatal(err)
	}
	names := []string{"boot_counter", "boot_success", "saved_entry", "x", "greenboot_next_deployment_id"}
	values := []string{"0", "-1", "3", "", "a=b", `back\slash`, "#", "## #", "two words", strings.Repeat("f", 64), `\`, "line\nfeed"}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		name, value := names[dice.IntN(len(names))], values[dice.IntN(len(values))]
		change := func(b *Block) error { return b.Set(name, value) }
		if dice.IntN(4) == 0 {
			change = func(b *Block) error { b.Unset(name); return nil }
			editenv(t, theirs, "unset", name)
		} else {
			editenv(t, theirs, "set", name+"="+value)
		}
		if err := ours.Update(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		same(t, ours, theirs)
	}
	b, err := ours.Read()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for name, value := range b.All() {
		want.WriteString(name + "=" + value + "\n")
	}
	if got := editenv(t, ours, "list"); got != want.String() {
		t.Errorf("the program lists %q, want %q", got, want.String())
	}
}

func same(t *testing.T, ours, theirs File) {
	t.Helper()
	a, errA := os.ReadFile(ours.Path())
	b, errB := os.ReadFile(theirs.Path())
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Fatalf("ours %s, theirs %s (%v, %v)", strconv.Quote(string(a)), strconv.Quote(string(b)), errA, errB)
	}
}
