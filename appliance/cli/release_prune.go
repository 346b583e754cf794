package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/release"
	"edge/appliance/toml"
)

type pruneOptions struct {
	*globals
	keep      int
	olderThan string
	dryRun    bool
}

func newReleasePrune(c console, g *globals) *cobra.Command {
	o := pruneOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "prune [NAME]",
		Short: "Remove old releases and give back their space",
		Long: "Remove releases that are beyond the newest --keep of their blueprint and older than --older-than, then\n" +
			"every object that no release needs. A release that is published, was published a short time ago, or is\n" +
			"pinned always stays. Without flags no release goes. Without NAME every blueprint is pruned.",
		Example: "  appliance release prune --keep 3 --older-than 30d --dry-run\n" +
			"  appliance release prune demo_upgrade --keep 3",
		Args:              takes("[NAME]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	cmd.Flags().IntVar(&o.keep, "keep", 0, "keep the newest `N` releases of a blueprint; 0 keeps all")
	cmd.Flags().StringVar(&o.olderThan, "older-than", "", "remove only what is older, such as 720h or 30d")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only tell what would go; exit code 10 if anything would")
	return cmd
}

func (o *pruneOptions) run(ctx context.Context, c console, args []string) error {
	options, err := o.parse()
	if err != nil {
		return err
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	names, err := o.names(ctx, cl, args)
	if err != nil {
		return err
	}
	found := false
	var reports []release.PruneReport
	for _, name := range names {
		if o.dryRun || o.json() {
			report, err := cl.Prune(ctx, name, options)
			if err != nil {
				return withTokenHint(err)
			}
			found = found || len(report.Releases)+report.Objects.Removed+report.Objects.Deltas > 0
			reports = append(reports, report)
		}
		if o.json() {
			continue
		}
		if err := o.print(ctx, c, cl, client.ToPrune(name, options)); err != nil {
			return err
		}
	}
	if o.json() {
		err = o.printReports(c, args, reports)
	}
	if err == nil && found && o.dryRun {
		return errChanges
	}
	return err
}

func (o *pruneOptions) parse() (release.PruneOptions, error) {
	options := release.PruneOptions{Keep: o.keep, DryRun: o.dryRun}
	if o.keep < 0 {
		return options, usageError{errors.New("--keep must be 0 or more"), ""}
	}
	if o.olderThan != "" {
		age, err := toml.ParseDuration(o.olderThan)
		if err != nil {
			return options, usageError{fmt.Errorf("--older-than: %w", err), ""}
		}
		options.OlderThan = age
	}
	return options, nil
}

// printReports prints one report for one NAME, as the API does, and a list of them for all.
func (o *pruneOptions) printReports(c console, args []string, reports []release.PruneReport) error {
	if len(args) == 1 {
		return printJSON(c.out, reports[0])
	}
	if reports == nil {
		reports = []release.PruneReport{}
	}
	return printJSON(c.out, reports)
}

// names are the blueprint that was named, or all.
func (g *globals) names(ctx context.Context, cl *client.Client, args []string) ([]blueprint.Name, error) {
	if len(args) == 1 {
		name, err := parseName(args)
		return []blueprint.Name{name}, err
	}
	all, err := cl.Blueprints(ctx)
	if err != nil {
		return nil, withTokenHint(err)
	}
	var names []blueprint.Name
	for _, b := range all {
		if b.Releases == 0 && b.Ref == "" {
			continue // a text that nothing was composed from yet
		}
		names = append(names, b.Name)
	}
	return names, nil
}
