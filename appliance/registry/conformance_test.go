package registry

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The suite of the specification itself, with everything that it can switch on.
func TestConformance(t *testing.T) {
	peers(t)
	host := serving(t, open(t, Options{}))
	script, err := filepath.Abs("../../contrib/conformance.sh")
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), script, host, os.Getenv("APPLIANCE_CONFORMANCE_RESULTS"))
	run.Env = append(os.Environ(), "APPLIANCE_TOKEN="+password)
	said, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("%s", said)
}
