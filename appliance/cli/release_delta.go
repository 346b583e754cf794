package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

type deltaOptions struct {
	*globals
	list, withdraw bool
}

func newReleaseDelta(c console, g *globals) *cobra.Command {
	o := deltaOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "delta [NAME@FROM] NAME@TO | --list NAME",
		Short: "Make a static delta, so that an update is one small download",
		Long: "Make a static delta from one release to another, so that devices fetch one compressed file in the place\n" +
			"of many objects. With one release only the delta is one from nothing, for devices that install it.\n" +
			"The program ostree must be installed on the server's host.",
		Example: "  appliance release delta demo_upgrade@0.0.1 demo_upgrade@0.0.2\n" +
			"  appliance release delta --list demo_upgrade\n" +
			"  appliance release delta --withdraw demo_upgrade@0.0.1 demo_upgrade@0.0.2",
		Args:              o.args,
		ValidArgsFunction: g.completing(2, releaseIDs),
		RunE:              action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.list, "list", false, "list the deltas of a blueprint instead")
	cmd.Flags().BoolVar(&o.withdraw, "withdraw", false, "remove the delta instead")
	return cmd
}

// args are one or two releases, or the name of a blueprint.
func (o *deltaOptions) args(cmd *cobra.Command, args []string) error {
	if o.list {
		return takes("NAME")(cmd, args)
	}
	return takes("NAME@TO", "[NAME@TO]")(cmd, args)
}

func (o *deltaOptions) run(ctx context.Context, c console, args []string) error {
	if o.list {
		return o.showAll(ctx, c, args)
	}
	to, err := parseID(args[len(args)-1])
	if err != nil {
		return err
	}
	var from blueprint.Version
	if len(args) == 2 {
		pair, _, err := parsePair(args[0], args[1])
		if err != nil {
			return err
		}
		from = pair.Version
	}
	if !o.withdraw {
		return o.ask(ctx, c, client.ToMakeDelta(from, to))
	}
	return o.askThenSay(ctx, c, client.ToWithdrawDelta(from, to), "withdrawn: the delta to %s", to)
}

func (o *deltaOptions) showAll(ctx context.Context, c console, args []string) error {
	if o.withdraw {
		return usageError{errors.New("--list and --withdraw exclude each other"), ""}
	}
	name, err := parseName(args)
	if err != nil {
		return err
	}
	return o.ask(ctx, c, client.ToListDeltas(name))
}
