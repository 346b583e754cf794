package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/command"
	"edge/appliance/deployment"
	"edge/appliance/health"
	"edge/appliance/podman"
	"edge/appliance/probe"
	"edge/appliance/report"
	"edge/appliance/sheet"
	"edge/appliance/update"
)

// errUnhealthy ends a command that found the device not well.
var errUnhealthy = errors.New("the device is not healthy")

// health is the device as room health judges it. A system without deployments is one, too.
func (m machine) health(ctx context.Context) health.Device {
	d := health.Device{Profile: m.profile, User: m.user, OnRollback: quarantineOS}
	if system, err := deployment.Detect(ctx, "/", command.Programs{}); err == nil {
		d.OS = system
	}
	return d
}

// quarantineOS keeps a version of the system from being tried again.
func quarantineOS(r report.Rollback) error {
	if err := os.MkdirAll(deviceOS, 0o755); err != nil {
		return err
	}
	return update.QuarantineOS(badOS(), r)
}

type deviceCheckOptions struct {
	*globals
	greenboot, wanted bool
}

func newDeviceCheck(c console, g *globals) *cobra.Command {
	o := deviceCheckOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Make the health checks of this device",
		Long: "Make the checks of the profile, and one for each application, all at once: each until it is well or its\n" +
			"time is over. Ends with 3 when a required check fails. With --greenboot, as the scripts in\n" +
			"/etc/greenboot/check call it, the boot is recorded, and a failure counts only while a new deployment is\n" +
			"on trial: no reboot heals a network that is down.",
		Example: "  appliance device check\n  appliance device check -o json | jq '.results[] | select(.ok | not)'",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.greenboot, "greenboot", false, "as a greenboot script: record the boot, fail only during a trial boot")
	cmd.Flags().BoolVar(&o.wanted, "wanted", false, "with --greenboot: the wanted checks instead of the required ones")
	return cmd
}

func (o *deviceCheckOptions) run(ctx context.Context, c console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	out, err := m.health(ctx).Check(ctx, health.Scope{Greenboot: o.greenboot, Wanted: o.wanted})
	if err != nil && !o.greenboot { // greenboot is told what was found until it was interrupted
		return err
	}
	if err := o.printCheck(c, out); err != nil {
		return err
	}
	if out.Fail {
		return unhealthy(out.Results)
	}
	return nil
}

// unhealthy names what failed: who runs this as a script passes on its last words, and nothing else.
func unhealthy(results []report.Result) error {
	var words []string
	for _, r := range results {
		if !r.OK && r.Required {
			words = append(words, r.Name+": "+r.Reason)
		}
	}
	if len(words) == 0 {
		return errUnhealthy
	}
	return fmt.Errorf("%w: %s", errUnhealthy, strings.Join(words, "; "))
}

func (o *deviceCheckOptions) printCheck(c console, out health.Outcome) error {
	if o.json() {
		return printJSON(c.out, map[string]any{"results": out.Results, "healthy": out.Healthy, "fail": out.Fail, "notes": out.Notes})
	}
	var s sheet.Sheet
	report.Status{Boot: report.Boot{Checks: out.Results}}.WriteTables(&s, nil)
	for _, note := range out.Notes {
		s.Line("note: %s", note)
	}
	if !out.Healthy && !out.Fail {
		s.Line("a required check failed; no new deployment is on trial, so that this does not fail the boot")
	}
	_, err := c.out.Write(trimStart(s.Bytes()))
	return err
}

// trimStart takes the empty line away that a table begins with.
func trimStart(page []byte) []byte { return []byte(strings.TrimLeft(string(page), "\n")) }

type deviceProbeOptions struct {
	*globals
	app      string
	backend  bool
	deadline time.Duration
}

func newDeviceProbe(c console, g *globals) *cobra.Command {
	o := deviceProbeOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "probe --app UNIT",
		Short: "Wait until an application serves",
		Long: "Ask an application as its profile says, until it answers or the time is over. The units of the\n" +
			"applications do this at each start, so that one that does not serve counts as not started. One that is\n" +
			"scaled to zero wakes up by it, except with --backend, which asks the container itself.",
		Example: "  appliance device probe --app app1\n  appliance device probe --app app1 --deadline 5s",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().StringVar(&o.app, "app", "", "`UNIT` or name of the application")
	cmd.Flags().BoolVar(&o.backend, "backend", false, "ask the container of a cold application, not the socket before it")
	cmd.Flags().DurationVar(&o.deadline, "deadline", time.Minute, "how long to wait")
	return cmd
}

func (o *deviceProbeOptions) run(ctx context.Context, _ console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	a, known := m.profile.App(o.app)
	if !known {
		return usageError{fmt.Errorf("--app %q: no such application in %s", o.app, deviceProfile), ""}
	}
	of := podman.Target
	if o.backend {
		of = podman.Backend
	}
	target, err := of(a)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, o.deadline)
	defer cancel()
	if err := probe.Wait(within, target, 0); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return invalidError{fmt.Errorf("waiting for %q: %w", a.Name, err), fmt.Sprintf("systemctl --user status %s; journalctl --user -u %s", a.Service(), a.Service())}
	}
	return nil
}
