package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/app"
	"edge/appliance/client"
)

func newApp(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app",
		Short: "List applications and move the tags that devices follow",
		Long: "An app is a container image with a tag that devices follow, such as prod. Moving that tag to another\n" +
			"version, and back, is all it takes to change what runs on the devices: no layer is copied, no digest\n" +
			"changes and no platform gets lost.",
		Example: "  appliance app list\n" +
			"  appliance app tags 2048\n" +
			"  appliance app retag 2048 v2\n" +
			"  appliance app undo 2048",
	}
	group(cmd)
	cmd.AddCommand(newAppList(c, g), newAppTags(c, g), newAppRetag(c, g), newAppUndo(c, g), newAppHistory(c, g), newAppMirror(c, g))
	return cmd
}

func newAppList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List apps and what devices get of them now",
		Example: "  appliance app list\n  appliance app list -o json | jq -r '.[].digest'",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListApps())
		}),
	}
}

type appTagsOptions struct {
	*globals
	all bool
}

func newAppTags(c console, g *globals) *cobra.Command {
	o := appTagsOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "tags APP",
		Short: "List an app's tags: digest, platforms, size, and which tags are the same",
		Long: "List an app's tags with digest, platforms, the bytes to pull for the first platform, and the other tags\n" +
			"with the same digest.",
		Example:           "  appliance app tags 2048\n  appliance app tags 2048 --all     # with those that keep former images for undo",
		Args:              takes("APP"),
		ValidArgsFunction: g.completing(1, appNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return o.ask(ctx, c, client.ToListTags(args[0], o.all))
		}),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "with the tags that keep former images alive, TAG.prev")
	return cmd
}

func newAppHistory(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "history APP",
		Short: "Show who moved an app's tags, when, from what and to what",
		Long: "Show who moved an app's tags, newest first: by retag and undo, by mirror, and by pushes of any client to\n" +
			"the followed tag.",
		Example:           "  appliance app history 2048",
		Args:              takes("APP"),
		ValidArgsFunction: g.completing(1, appNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.ask(ctx, c, client.ToListMoves(args[0]))
		}),
	}
}

// appNames are shown by shells with the image that each of them is.
func appNames(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Apps(ctx)
	var words []string
	for _, a := range all {
		words = append(words, cobra.CompletionWithDesc(a.Name, a.Image))
	}
	return words, err
}

// printMove prints what a move did. A dry run that would change something ends with an exit code
// of its own.
func (g *globals) printMove(ctx context.Context, c console, call client.Call, dryRun func(context.Context, *client.Client) (app.Move, error)) error {
	cl, err := g.client()
	if err != nil {
		return err
	}
	if err := g.print(ctx, c, cl, call); err != nil || dryRun == nil {
		return err
	}
	m, err := dryRun(ctx, cl)
	if err == nil && m.Changed {
		return errChanges
	}
	return withTokenHint(err)
}
