package health

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
	"edge/appliance/report"
	"edge/appliance/workbench"
)

// TestMain is also the appliance program that the scripts of TestShim call.
func TestMain(m *testing.M) {
	if root := os.Getenv("APPLIANCE_TEST_ROOT"); root != "" {
		os.Exit(appliance(root, os.Args[1:]))
	}
	os.Exit(workbench.Run(m))
}

// fixed are deployments that were written to a file.
type fixed []report.Deployment

func (f fixed) Deployments(context.Context) ([]report.Deployment, error) { return f, nil }
func (f fixed) Rollback(context.Context) error                           { return nil }

// appliance is "appliance device check --greenboot [--wanted]" on the device below root, which is well
// where the file /well is there.
func appliance(root string, args []string) int {
	line := strings.Join(args, " ")
	if line != "device check --greenboot" && line != "device check --greenboot --wanted" {
		fmt.Fprintf(os.Stderr, "unexpected arguments %q\n", args)
		return 2
	}
	data, err := os.ReadFile(filepath.Join(root, "deployments.json"))
	var deployments fixed
	if err == nil {
		err = json.Unmarshal(data, &deployments)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	d := Device{Root: root, OS: deployments, Profile: profile.Profile{Checks: []profile.Check{
		{Name: "well", Required: true, Kind: profile.KindFile, Target: "/well", Deadline: time.Millisecond},
		{Name: "very well", Kind: profile.KindFile, Target: "/well", Deadline: time.Millisecond},
	}}}
	o, err := d.Check(context.Background(), Scope{Greenboot: true, Wanted: strings.HasSuffix(line, "--wanted")})
	for _, r := range o.Results {
		fmt.Println(r.Name, r.OK, r.Reason)
	}
	if err != nil || o.Fail || len(o.Notes) > 0 {
		fmt.Fprintln(os.Stderr, err, o.Notes)
		return 1
	}
	return 0
}

// As bash greenboot calls a script ("bash FILE", its output going on to the journal) and as greenboot-rs
// does ("bash -C FILE", its output kept until the end): in each state that one of them leaves the answer
// is the same.
func TestShim(t *testing.T) {
	t.Parallel()
	old := []report.Deployment{{Commit: v1, Booted: true}}
	trial := []report.Deployment{{Commit: v2, Booted: true}, {Commit: v1}}
	back := []report.Deployment{{Commit: v2}, {Commit: v1, Booted: true}}
	for _, tt := range []struct {
		name        string
		deployments []report.Deployment
		env         map[string]string
		bad         int // exit status of the required script where something is wrong
	}{
		{"fresh device", old, nil, 0},
		{"fresh device, rust has counted", old, map[string]string{"boot_counter": "2", "boot_success": "0"}, 0},
		{"no update", back, map[string]string{"boot_success": "0"}, 0},
		{"bash: trial", trial, map[string]string{"boot_counter": "2", "boot_success": "0"}, 1},
		{"bash: last attempt", trial, map[string]string{"boot_counter": "0", "boot_success": "0"}, 1},
		{"bash: fallback", back, map[string]string{"boot_counter": "-1", "boot_success": "0"}, 0},
		{"bash: grub-boot-success.timer came first", trial, map[string]string{"boot_counter": "2", "boot_success": "1"}, 1},
		{"rust 0.16.4: trial", trial, map[string]string{"greenboot_next_deployment_id": v2, "boot_success": "0"}, 1},
		{"rust 0.16.4: the kernel fell back", back, map[string]string{"greenboot_next_deployment_id": v2, "boot_success": "0", "fallback": "1"}, 0},
		{"rust 0.16.3: trial", trial, map[string]string{"greenboot_rollback_trigger": "1", "boot_success": "0"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, bash := range [][]string{{"bash"}, {"bash", "-C"}} {
				for _, well := range []bool{true, false} {
					m := newMachine(t)
					m.write("boot/grub2/grubenv", string(envBlock(t, tt.env)))
					want := tt.bad
					if well {
						m.write("well", "")
						want = 0
					}
					m.runsShim(bash, tt.deployments, "", want)
				}
			}
		})
	}
}

// A wanted script may fail in every state: that is what it is for.
func TestShimOfWantedChecks(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.runsShim([]string{"bash", "-C"}, m.deployments, " --wanted", 1)
	m.write("well", "")
	m.runsShim([]string{"bash"}, m.deployments, " --wanted", 0)
}

func (m *machine) runsShim(bash []string, deployments []report.Deployment, flag string, want int) {
	m.Helper()
	text, err := json.Marshal(deployments)
	if err != nil {
		m.Fatal(err)
	}
	m.write("deployments.json", string(text))
	self, err := os.Executable()
	if err != nil {
		m.Fatal(err)
	}
	m.write("etc/greenboot/check/required.d/50_appliance_health.sh",
		fmt.Sprintf("#!/bin/bash\nexec timeout --preserve-status -k 10 330 %q device check --greenboot%s\n", self, flag))
	argv := append(bash, filepath.Join(m.root, "etc/greenboot/check/required.d/50_appliance_health.sh"))
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "APPLIANCE_TEST_ROOT=" + m.root}
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		m.Errorf("%v with %+v: exit status %d, want %d (%v)\n%s", bash, deployments, got, want, err, out)
	}
}
