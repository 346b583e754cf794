package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/client"
)

func newStatus(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show what the server serves and has published",
		Example: "  appliance status\n  appliance --server http://builder:8080 status -o json",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToStatus())
		}),
	}
}
