package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/health"
	"edge/appliance/report"
	"edge/appliance/sheet"
)

// newDeviceHealth is what units and scripts of the device call; a person has no need to.
func newDeviceHealth(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:    "health",
		Short:  "Judge boots where there is no greenboot, and record verdicts",
		Hidden: true,
		Long: "What appliance-health.service, appliance-health-arm.service and the scripts of greenboot call: judge the\n" +
			"boot as greenboot would, count the boots of a new deployment, write a verdict down.",
		Example: "  appliance device health judge\n  appliance device health arm\n  appliance device health record green",
	}
	group(cmd)
	cmd.AddCommand(newHealthJudge(c, g), newHealthArm(c, g), newHealthRecord(c))
	return cmd
}

func newHealthJudge(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "judge",
		Short:   "Judge this boot, and reboot or roll back where it is bad",
		Example: "  appliance device health judge",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			m, err := thisMachine()
			if err != nil {
				return err
			}
			d := m.health(ctx)
			d.Out = c.out
			j, err := d.Judge(ctx)
			if err != nil {
				return err
			}
			if g.json() {
				return printJSON(c.out, j)
			}
			var s sheet.Sheet
			for _, script := range j.Scripts {
				s.Line("%s", scriptLine(script))
			}
			for _, note := range j.Notes {
				s.Line("note: %s", note)
			}
			s.Line("boot is %s: %s (%s)", j.Verdict, j.Reason, j.Action)
			if _, err := c.out.Write(s.Bytes()); err != nil {
				return err
			}
			if j.Verdict == report.Red {
				return errUnhealthy
			}
			return nil
		}),
	}
}

func newHealthArm(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "arm",
		Short:   "Count the boots of the deployment that is staged",
		Example: "  appliance device health arm",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			m, err := thisMachine()
			if err != nil {
				return err
			}
			armed, err := m.health(ctx).Arm(ctx)
			if err != nil {
				return err
			}
			if g.json() {
				return printJSON(c.out, armed)
			}
			return tellArmed(c, armed)
		}),
	}
}

// scriptLine is what became of one script.
func scriptLine(script health.Script) string {
	line := "ok    " + script.Path
	if !script.OK {
		line = "FAIL  " + script.Path + ": " + script.Reason
	}
	return line + " (" + script.Took.Round(time.Millisecond).String() + ")"
}

func tellArmed(c console, armed health.Armed) error {
	line := armed.Reason
	if armed.Done {
		line = fmt.Sprintf("%s gets %s", cmp.Or(armed.Deployment.Version, sheet.Short(armed.Deployment.Commit)), plural(armed.Attempts, "boot"))
	}
	_, err := fmt.Fprintln(c.out, printable(line))
	return err
}

func newHealthRecord(c console) *cobra.Command {
	return &cobra.Command{
		Use:       "record green|red",
		Short:     "Write down how greenboot judged this boot",
		Example:   "  appliance device health record green",
		Args:      takes("VERDICT"),
		ValidArgs: []string{"green", "red"},
		RunE: action(c, func(ctx context.Context, _ console, args []string) error {
			v := report.Verdict(args[0])
			if v != report.Green && v != report.Red {
				return usageError{fmt.Errorf("%q is no verdict: want green or red", args[0]), ""}
			}
			m, err := thisMachine()
			if err != nil {
				return err
			}
			return m.health(ctx).Record(ctx, v)
		}),
	}
}
