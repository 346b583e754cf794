package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"edge/appliance/app"
	"edge/appliance/client"
	"edge/appliance/registry"
)

type retagOptions struct {
	*globals
	to, expect string
	dryRun     bool
}

func newAppRetag(c console, g *globals) *cobra.Command {
	o := retagOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "retag APP FROM",
		Short: "Make the tag that devices follow name another version",
		Long: "Make a tag name what FROM names, a tag or a digest: one manifest is written, the very same bytes, and no\n" +
			"layer. Where it is so already nothing is written. What the tag named before stays in the registry under\n" +
			"TAG.prev, so that \"appliance app undo\" can go back.",
		Example: "  appliance app retag 2048 v2\n" +
			"  appliance app retag 2048 v2 --dry-run\n" +
			"  appliance app retag 2048 v2 --to beta\n" +
			"  appliance app retag 2048 v2 --expect sha256:1f2d…     # only while prod names that",
		Args:              takes("APP", "FROM"),
		ValidArgsFunction: g.completingTags,
		RunE:              action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "the `TAG` to move (default: the one that devices follow)")
	f.StringVar(&o.expect, "expect", "", "the `DIGEST` that the tag must name now")
	f.BoolVar(&o.dryRun, "dry-run", false, "only tell what would change; exit code 10 if anything would")
	return cmd
}

// completingTags offers the apps first, then the tags of the one that was chosen.
func (g *globals) completingTags(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return g.completing(1, appNames)(cmd, args, word)
	}
	return g.completing(2, func(ctx context.Context, cl *client.Client) ([]string, error) {
		all, err := cl.Tags(ctx, args[0], false)
		var words []string
		for _, t := range all {
			words = append(words, t.Name)
		}
		return words, err
	})(cmd, args, word)
}

func (o *retagOptions) run(ctx context.Context, c console, args []string) error {
	r := app.Retagging{From: args[1], To: o.to, DryRun: o.dryRun}
	if o.expect != "" {
		expect, err := registry.ParseDigest(o.expect)
		if err != nil {
			return usageError{fmt.Errorf("--expect: %w", err), `a digest is sha256: and 64 hexadecimal digits; "appliance app tags APP -o json" shows them whole`}
		}
		r.Expect = expect
	}
	var again func(context.Context, *client.Client) (app.Move, error)
	if o.dryRun {
		again = func(ctx context.Context, cl *client.Client) (app.Move, error) { return cl.Retag(ctx, args[0], r) }
	}
	return o.printMove(ctx, c, client.ToRetag(args[0], r), again)
}

type undoOptions struct {
	*globals
	to     string
	dryRun bool
}

func newAppUndo(c console, g *globals) *cobra.Command {
	o := undoOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "undo APP",
		Short: "Take back the last move of a tag",
		Long: "Make a tag name again what it named before its last move, and, repeated, before the one before. It is\n" +
			"refused where somebody has moved the tag since.",
		Example:           "  appliance app undo 2048\n  appliance app undo 2048 --to beta --dry-run",
		Args:              takes("APP"),
		ValidArgsFunction: g.completing(1, appNames),
		RunE:              action(c, o.run),
	}
	cmd.Flags().StringVar(&o.to, "to", "", "the `TAG` to move back (default: the one that devices follow)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only tell what would change; exit code 10 if anything would")
	return cmd
}

func (o *undoOptions) run(ctx context.Context, c console, args []string) error {
	var again func(context.Context, *client.Client) (app.Move, error)
	if o.dryRun {
		again = func(ctx context.Context, cl *client.Client) (app.Move, error) {
			return cl.Undo(ctx, args[0], o.to, true)
		}
	}
	return o.printMove(ctx, c, client.ToUndo(args[0], o.to, o.dryRun), again)
}
