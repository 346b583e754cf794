package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

func newBlueprint(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "blueprint",
		Short: "Keep blueprints: what is in a system, version by version",
		Long: "Keep blueprints: what is in a system, version by version. Each change is a commit in a git repository that\n" +
			"the server holds, each version a tag. It can be cloned, and with the token pushed to:\n\n" +
			"  git clone http://BUILDER:8080/blueprints.git",
		Example: "  appliance blueprint list\n" +
			"  appliance blueprint push demo.toml\n" +
			"  appliance blueprint diff demo_upgrade@0.0.1 demo_upgrade@0.0.2",
	}
	group(cmd)
	cmd.AddCommand(newBlueprintList(c, g), newBlueprintShow(c, g), newBlueprintPush(c, g), newBlueprintLog(c, g),
		newBlueprintDiff(c, g), newBlueprintDelete(c, g), newBlueprintFetch(c, g))
	return cmd
}

func newBlueprintList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List blueprints, their newest versions and what is published",
		Example: "  appliance blueprint list\n  appliance blueprint list -o json",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListBlueprints())
		}),
	}
}

type blueprintShowOptions struct {
	*globals
	toml bool
}

func newBlueprintShow(c console, g *globals) *cobra.Command {
	o := blueprintShowOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "show NAME[@VERSION]",
		Short: "Show a blueprint and what is published of it, or one version of its text",
		Example: "  appliance blueprint show demo_upgrade\n" +
			"  appliance blueprint show demo_upgrade@0.0.2\n" +
			"  appliance blueprint show demo_upgrade --toml > demo_upgrade.toml",
		Args:              takes("NAME[@VERSION]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.toml, "toml", false, "print the text alone, to be edited and pushed again")
	return cmd
}

func (o *blueprintShowOptions) run(ctx context.Context, c console, args []string) error {
	text, version, named := strings.Cut(args[0], "@")
	name, err := blueprint.ParseName(text)
	if err != nil {
		return usageError{err, `"appliance blueprint list" shows the names there are`}
	}
	v := blueprint.Version(version)
	if named {
		if v, err = blueprint.ParseVersion(version); err != nil {
			return usageError{err, `"appliance blueprint log ` + text + `" shows the versions there are`}
		}
	}
	switch {
	case o.toml:
		cl, err := o.client()
		if err != nil {
			return err
		}
		s, err := cl.BlueprintText(ctx, name, v)
		if err != nil {
			return withTokenHint(err)
		}
		_, err = io.WriteString(c.out, printable(s.Text))
		return err
	case named:
		return o.ask(ctx, c, client.ToShowText(name, v))
	}
	return o.ask(ctx, c, client.ToShowBlueprint(name))
}

func newBlueprintLog(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "log NAME",
		Short:             "Show the history of a blueprint, newest first",
		Example:           "  appliance blueprint log demo_upgrade",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, err := parseName(args)
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToListChanges(name))
		}),
	}
}

func newBlueprintDiff(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "diff NAME@A NAME@B",
		Short:             "Show which packages and which lines tell two versions apart",
		Example:           "  appliance blueprint diff demo_upgrade@0.0.1 demo_upgrade@0.0.2",
		Args:              takes("NAME@A", "NAME@B"),
		ValidArgsFunction: g.completing(2, blueprintVersions),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			from, err := parseID(args[0])
			if err != nil {
				return err
			}
			to, err := parseID(args[1])
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToDiffTexts(from, to))
		}),
	}
}

func newBlueprintDelete(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME",
		Short:             "Take a blueprint away; its history and its releases stay",
		Example:           "  appliance blueprint delete demo_upgrade",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, err := parseName(args)
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToDeleteText(name))
		}),
	}
}

type blueprintFetchOptions struct {
	*globals
	last bool
}

func newBlueprintFetch(c console, g *globals) *cobra.Command {
	o := blueprintFetchOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "fetch",
		Short: "Take what is new at the remote that [blueprint] remote names",
		Long: "Take what is new at the remote that [blueprint] remote in the configuration names. The server does so by\n" +
			"itself now and then; a host of git can make it do so at once with a webhook: POST /api/v1/remote, with\n" +
			"the token as bearer, as password, or as GitLab's secret.",
		Example: "  appliance blueprint fetch\n  appliance blueprint fetch --last",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.last, "last", false, "only show what became of the last time")
	return cmd
}

func (o *blueprintFetchOptions) run(ctx context.Context, c console, _ []string) error {
	call := client.ToFetchRemote()
	if o.last {
		call = client.ToShowRemote()
	}
	return o.ask(ctx, c, call)
}
