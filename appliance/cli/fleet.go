package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/client"
)

func newFleet(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "See what the devices report, and let devices in",
		Long: "A device that was enrolled sends a signed report every few minutes: which version of the operating system\n" +
			"it runs, whether that is on trial or green, what it rolled back from and why, and which applications\n" +
			"are ready. DEVICE is its ID, the beginning of the ID, or a name that only one device has.",
		Example: "  appliance fleet list\n" +
			"  appliance fleet show edge-1\n" +
			"  appliance fleet enrol --valid 2h",
	}
	group(cmd)
	cmd.AddCommand(newFleetList(c, g), newFleetShow(c, g), newFleetEnrol(c, g), newFleetForget(c, g), newFleetToken(c, g))
	return cmd
}

func newFleetList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List devices: version, state, applications, last rollback, last contact",
		Long: "List the devices and what each reported last. A device whose reports are missing is marked as stale. What\n" +
			"a commit or a digest is called comes from this builder's releases and tags.",
		Example: "  appliance fleet list\n  appliance fleet list -o json | jq -r '.[] | select(.state != \"green\") | .name'",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListDevices())
		}),
	}
}

func newFleetShow(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "show DEVICE",
		Short:             "Show a device: deployments, checks, applications, quarantine, history",
		Example:           "  appliance fleet show edge-1\n  appliance fleet show 3f2a -o json | jq .status.boot.checks",
		Args:              takes("DEVICE"),
		ValidArgsFunction: g.completing(1, deviceIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.ask(ctx, c, client.ToShowDevice(args[0]))
		}),
	}
}

func newFleetForget(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "forget DEVICE",
		Short: "Remove a device and its key",
		Long: "Remove a device and its key from the builder. Nothing happens on the device, but its reports are refused\n" +
			"from now on; to come back it needs a new token.",
		Example:           "  appliance fleet forget edge-1",
		Args:              takes("DEVICE"),
		ValidArgsFunction: g.completing(1, deviceIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.ask(ctx, c, client.ToForget(args[0]))
		}),
	}
}

// deviceIDs are shown by shells with the name of the device.
func deviceIDs(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Devices(ctx)
	var words []string
	for _, d := range all {
		words = append(words, cobra.CompletionWithDesc(d.ID, d.Name))
	}
	return words, err
}
