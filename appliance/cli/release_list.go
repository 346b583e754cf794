package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"edge/appliance/client"
)

func newReleaseList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "list [NAME]",
		Short:             "List releases, the newest version first",
		Example:           "  appliance release list\n  appliance release list demo_upgrade -o json",
		Args:              takes("[NAME]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, err := parseName(args)
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToList(name))
		}),
	}
}

type showOptions struct {
	*globals
	packages, sbom bool
}

func newReleaseShow(c console, g *globals) *cobra.Command {
	o := showOptions{globals: g}
	cmd := &cobra.Command{
		Use:               "show NAME@VERSION",
		Short:             "Show all there is to know of a release",
		Example:           "  appliance release show demo_upgrade@0.0.2\n  appliance release show demo_upgrade@0.0.2 --packages\n  appliance release show demo_upgrade@0.0.2 --sbom > sbom.spdx.json",
		Args:              takes("NAME@VERSION"),
		ValidArgsFunction: g.completing(1, releaseIDs),
		RunE:              action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.packages, "packages", false, "list its packages instead")
	cmd.Flags().BoolVar(&o.sbom, "sbom", false, "print its bill of materials instead, SPDX in JSON")
	return cmd
}

func (o *showOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	if o.sbom && o.packages {
		return usageError{errors.New("--packages and --sbom exclude each other"), ""}
	}
	if o.sbom {
		cl, err := o.client()
		if err != nil {
			return err
		}
		raw, err := cl.JSON(ctx, client.ToShowSBOM(id))
		if err != nil {
			return withTokenHint(err)
		}
		return printJSON(c.out, raw)
	}
	if o.packages {
		return o.ask(ctx, c, client.ToListPackages(id))
	}
	return o.ask(ctx, c, client.ToShow(id))
}

func newReleaseDiff(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "diff NAME@FROM NAME@TO",
		Short: "Show the packages by which two releases differ",
		Long: "Show the packages that an update from one release to the other removes, adds, upgrades and downgrades,\n" +
			"compared as rpm does. Where a commit lists no packages the files are compared instead.",
		Example:           "  appliance release diff demo_upgrade@0.0.1 demo_upgrade@0.0.2",
		Args:              takes("NAME@FROM", "NAME@TO"),
		ValidArgsFunction: g.completing(2, releaseIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			from, to, err := parsePair(args[0], args[1])
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToDiff(from, to))
		}),
	}
}
