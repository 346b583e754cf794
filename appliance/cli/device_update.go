package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/command"
	"edge/appliance/deployment"
	"edge/appliance/health"
	"edge/appliance/report"
	"edge/appliance/sheet"
	"edge/appliance/update"
)

func newDeviceUpdate(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Update applications or the operating system now",
		Long: "Do now what the timers do: update, prove that it serves, keep it or go back. What was rolled back stays\n" +
			"in quarantine and is not tried again so soon.",
		Example: "  appliance device update apps\n  appliance device update os --dry-run",
	}
	group(cmd)
	cmd.AddCommand(newUpdateApps(c, g), newUpdateOS(c, g))
	return cmd
}

type updateAppsOptions struct {
	*globals
	force, dryRun, strict bool
}

func newUpdateApps(c console, g *globals) *cobra.Command {
	o := updateAppsOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "apps [APP...]",
		Short: "Update applications, and roll back those that do not serve",
		Long: "For each application: ask the registry, pull what is new, restart, probe, and keep it when it stays up and\n" +
			"serves, or else go back to the image before and put the new one in quarantine. Applications that are scaled\n" +
			"to zero are proved by a request through their socket.",
		Args:    cobra.ArbitraryArgs,
		Example: "  appliance device update apps\n  appliance device update apps 2048 --dry-run\n  appliance device update apps --force     # also what is in quarantine",
		RunE:    action(c, o.run),
	}
	f := cmd.Flags()
	f.BoolVar(&o.force, "force", false, "take what is in quarantine, too")
	f.BoolVar(&o.dryRun, "dry-run", false, "only tell what is new; exit code 10 if anything is")
	f.BoolVar(&o.strict, "strict", false, "end with 1 when an application was rolled back or a registry did not answer")
	return cmd
}

func (o *updateAppsOptions) run(ctx context.Context, c console, args []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	session, err := m.session()
	if err != nil {
		return err
	}
	results, err := update.Apps(ctx, update.AppOptions{
		Profile: m.profile, Session: session, Dir: deviceApps, Only: args, Force: o.force, DryRun: o.dryRun, Disk: m.user.Home,
		Tell: teller(c.err),
	})
	if errors.Is(err, update.ErrRunning) {
		fmt.Fprintf(c.err, "another update is under way; nothing to do for this one\n")
		return nil
	}
	if printErr := o.printResults(c, results); err == nil {
		err = printErr
	}
	if err != nil {
		return err
	}
	return o.verdict(results)
}

// verdict is how the program ends: a timer's unit should not fail because a registry is away.
func (o *updateAppsOptions) verdict(results []update.AppResult) error {
	for _, r := range results {
		switch {
		case o.dryRun && (r.Did == update.Available || r.Did == update.Pulled):
			return errChanges
		case o.strict && r.Warning():
			return fmt.Errorf("updating %q: %s: %s", r.App, r.Did, r.Reason)
		}
	}
	return nil
}

func (g *globals) printResults(c console, results []update.AppResult) error {
	if g.json() {
		if results == nil {
			results = []update.AppResult{}
		}
		return printJSON(c.out, results)
	}
	var rows [][]string
	for _, r := range results {
		rows = append(rows, []string{r.App, r.Unit, string(r.Did), sheet.Dash(sheet.Digest(r.From)), sheet.Dash(sheet.Digest(r.To)), r.Reason})
	}
	var s sheet.Sheet
	s.Part([]string{"APP", "UNIT", "RESULT", "FROM", "TO", "REASON"}, rows)
	_, err := c.out.Write(trimStart(s.Bytes()))
	return err
}

// teller prints what is under way, a line each.
func teller(w io.Writer) func(app, what string) {
	return func(app, what string) { fmt.Fprintf(w, "%s: %s\n", printable(app), printable(what)) }
}

type prepullOptions struct {
	*globals
	deadline time.Duration
}

func newDevicePrepull(c console, g *globals) *cobra.Command {
	o := prepullOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "prepull",
		Short: "Pull the images of the applications, and again until they are there",
		Long: "Pull the image of every application that has none, with growing pauses between attempts, so that the first\n" +
			"request does not have to wait for it.",
		Example: "  appliance device prepull\n  appliance device prepull --deadline 10m",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().DurationVar(&o.deadline, "deadline", 0, "when to give up (default: never)")
	return cmd
}

func (o *prepullOptions) run(ctx context.Context, c console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	session, err := m.session()
	if err != nil {
		return err
	}
	results, err := update.Prepull(ctx, update.PrepullOptions{Profile: m.profile, Session: session, Deadline: o.deadline, Tell: teller(c.err)})
	if printErr := o.printResults(c, results); err == nil {
		err = printErr
	}
	return err
}

type updateOSOptions struct {
	*globals
	force, dryRun bool
}

func newUpdateOS(c console, g *globals) *cobra.Command {
	o := updateOSOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "os",
		Short: "Update the operating system as far as the policy goes",
		Long: "Look for a newer version, stage it, and reboot when the policy and its window say so. What was rolled back\n" +
			"is in quarantine and passed over; a reboot waits for the programs in /etc/appliance/gate.d to agree.",
		Example: "  appliance device update os --dry-run\n  appliance device update os\n  appliance device update os --force     # whatever quarantine, window and policy off say",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "whatever the quarantine, the window and the policy off say")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only tell what would happen; exit code 10 if anything would")
	return cmd
}

func (o *updateOSOptions) run(ctx context.Context, c console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	system, err := deployment.Detect(ctx, "/", command.Programs{})
	if err != nil {
		return err
	}
	d := m.health(ctx)
	read := func(file string) string {
		data, _ := os.ReadFile(file) // what is missing only makes devices more alike
		return strings.TrimSpace(string(data))
	}
	out, err := update.OS(ctx, update.OSOptions{
		OS: m.profile.OS, Engine: expecting{system, d}, Memory: badOS(), Run: command.Programs{}, State: deviceOS,
		Trial: func(ctx context.Context) (bool, error) {
			b, err := d.Boot(ctx)
			return b.Trial && b.Verdict != report.Green, err
		},
		Gate: "/etc/appliance/gate.d", Notice: "/run/motd.d/50-appliance-os",
		Boot: read("/proc/sys/kernel/random/boot_id"), Device: read("/etc/machine-id"),
		Tell:  func(text string) { fmt.Fprintln(c.err, printable(text)) },
		Force: o.force, DryRun: o.dryRun,
	})
	if errors.Is(err, update.ErrRunning) {
		fmt.Fprintf(c.err, "another update is under way; nothing to do for this one\n")
		return nil
	}
	if err != nil {
		return err
	}
	return o.tell(c, out)
}

// expecting is an engine that tells who judges boots what it has staged: a deployment that ends in a panic before
// it is checked is then known to have been tried.
type expecting struct {
	*deployment.System
	judge health.Device
}

func (e expecting) Upgrade(ctx context.Context) error {
	if err := e.System.Upgrade(ctx); err != nil {
		return err
	}
	all, err := e.System.Deployments(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Staged {
			return e.judge.Expect(ctx, d)
		}
	}
	return nil
}

func (o *updateOSOptions) tell(c console, out update.OSOutcome) error {
	if o.json() {
		if err := printJSON(c.out, out); err != nil {
			return err
		}
	} else {
		var s sheet.Sheet
		title := func(version, commit string) string { return strings.TrimSpace(version + " " + sheet.Short(commit)) }
		planned := ""
		if !out.At.IsZero() {
			planned = out.At.Local().Format(time.RFC1123)
		}
		s.Fields([2]string{"result", string(out.Action)}, [2]string{"booted", title(out.From.Version, out.From.Commit)},
			[2]string{"newest", title(out.To.Version, out.To.Commit)}, [2]string{"reboot", planned}, [2]string{"reason", out.Reason})
		for line := range strings.Lines(out.Difference) {
			s.Line("  %s", strings.TrimSuffix(line, "\n"))
		}
		if _, err := c.out.Write(s.Bytes()); err != nil {
			return err
		}
	}
	if o.dryRun && out.Action != update.OSCurrent && out.Action != update.OSOff {
		return errChanges
	}
	return nil
}

func newDeviceQuarantine(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Show what was rolled back and is not tried again, and let it go",
		Long: "An image or a version of the operating system that was rolled back is not taken again until its time is\n" +
			"over or it is cleared here.",
		Example: "  appliance device quarantine list\n  appliance device quarantine clear 2048\n  appliance device quarantine clear all",
	}
	group(cmd)
	cmd.AddCommand(newQuarantineList(c, g), newQuarantineClear(c))
	return cmd
}

func newQuarantineList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "Show what is in quarantine, and why",
		Example: "  appliance device quarantine list",
		Args:    takes(),
		RunE: action(c, func(_ context.Context, c console, _ []string) error {
			all, err := allBad()
			if err != nil {
				return err
			}
			if g.json() {
				return printJSON(c.out, all)
			}
			var s sheet.Sheet
			writeBad(&s, all)
			_, err = c.out.Write(trimStart(s.Bytes()))
			return err
		}),
	}
}

func newQuarantineClear(c console) *cobra.Command {
	return &cobra.Command{
		Use:     "clear WHAT",
		Short:   "Let something be tried again: a digest, a commit, an app's name, or all",
		Example: "  appliance device quarantine clear 2048\n  appliance device quarantine clear all",
		Args:    takes("WHAT"),
		RunE: action(c, func(_ context.Context, c console, args []string) error {
			apps, err := badApps().Clear(args[0])
			if err != nil {
				return err
			}
			systems := 0
			if _, err := os.Stat(filepath.Join(deviceOS, "quarantine.json")); err == nil {
				if systems, err = badOS().Clear(args[0]); err != nil {
					return err
				}
			}
			if apps+systems == 0 {
				return hinted{fmt.Errorf("clearing %q: %w in quarantine", args[0], os.ErrNotExist), "appliance device quarantine list shows what is"}
			}
			fmt.Fprintf(c.out, "cleared %d\n", apps+systems)
			return nil
		}),
	}
}
