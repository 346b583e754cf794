package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/client"
)

type mirrorOptions struct{ *globals }

func newAppMirror(c console, g *globals) *cobra.Command {
	o := mirrorOptions{globals: g}
	return &cobra.Command{
		Use:   "mirror APP",
		Short: "Copy every tag of an app from where it comes from",
		Long: "Copy every tag of an app, with all platforms and unchanged digests, from the source that appliance.toml\n" +
			"names to where the app lives. What is there already is skipped, so a mirror that broke off is taken up.\n" +
			"A tag that was moved here, by retag or push, stays where it is.",
		Example:           "  appliance app mirror 2048",
		Args:              takes("APP"),
		ValidArgsFunction: g.completing(1, appNames),
		RunE:              action(c, o.run),
	}
}

func (o *mirrorOptions) run(ctx context.Context, c console, args []string) error {
	cl, err := o.client()
	if err != nil {
		return err
	}
	stop := watch(ctx, cl, newProgress(c, args[0], formatSize), "app.mirroring", args[0])
	defer stop()
	return o.printAfter(ctx, c, cl, client.ToMirror(args[0]), stop)
}
