package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

func newBlueprint(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "blueprint",
		Short:   "Show the blueprints that have releases",
		Example: "  appliance blueprint list",
	}
	group(cmd)
	cmd.AddCommand(newBlueprintList(c, g), newBlueprintShow(c, g))
	return cmd
}

func newBlueprintList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List blueprints, their refs and what is published",
		Example: "  appliance blueprint list\n  appliance blueprint list -o json",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListBlueprints())
		}),
	}
}

func newBlueprintShow(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Show one blueprint, with the public key that signs its commits",
		Example:           "  appliance blueprint show demo_upgrade",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, err := blueprint.ParseName(args[0])
			if err != nil {
				return usageError{err, `"appliance blueprint list" shows the names there are`}
			}
			return g.ask(ctx, c, client.ToShowBlueprint(name))
		}),
	}
}
