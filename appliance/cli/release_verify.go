package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/ostree"
)

func newReleaseVerify(c console, g *globals) *cobra.Command {
	o := verifyOptions{globals: g}
	return &cobra.Command{
		Use:   "verify [NAME]",
		Short: "Hash again everything that the releases need",
		Long: "Read and hash again every object that a release needs, on all cores of the server, and name what is\n" +
			"missing or damaged. Without NAME every blueprint is verified. Faults end with exit code 1.",
		Example:           "  appliance release verify\n  appliance release verify demo_upgrade -o json",
		Args:              takes("[NAME]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
}

type verifyOptions struct{ *globals }

// verification is what one blueprint's repository is like.
type verification struct {
	Blueprint blueprint.Name `json:"blueprint"`
	ostree.Verified
}

func (o *verifyOptions) run(ctx context.Context, c console, args []string) error {
	cl, err := o.client()
	if err != nil {
		return err
	}
	names, err := o.names(ctx, cl, args)
	if err != nil {
		return err
	}
	all := []verification{}
	faults := 0
	for _, name := range names {
		v, err := o.verify(ctx, c, cl, name)
		if err != nil {
			return withTokenHint(err)
		}
		all = append(all, verification{name, v})
		faults += len(v.Faults)
		if !o.json() {
			printVerified(c.out, name, v)
		}
	}
	if o.json() {
		err = o.printAll(c, args, all)
	}
	if err == nil && faults > 0 {
		return hinted{fmt.Errorf("verifying: %s found", plural(faults, "fault")),
			"remove the damaged files below ostree/NAME/objects in the data directory, then import a good copy under a new version: it brings back what all releases share"}
	}
	return err
}

func (o *verifyOptions) verify(ctx context.Context, c console, cl *client.Client, name blueprint.Name) (ostree.Verified, error) {
	stop := watch(ctx, cl, newProgress(c, string(name), formatCount), "release.verifying", string(name))
	defer stop()
	return cl.Verify(ctx, name)
}

// printAll prints one answer for one NAME, as the API does, and a list with names for all.
func (o *verifyOptions) printAll(c console, args []string, all []verification) error {
	if len(args) == 1 {
		return printJSON(c.out, all[0].Verified)
	}
	return printJSON(c.out, all)
}

func printVerified(w io.Writer, name blueprint.Name, v ostree.Verified) {
	fmt.Fprintf(w, "%s: %s and %s verified, %s, ", name, plural(v.Commits, "commit"), plural(v.Objects, "object"), formatSize(v.Bytes))
	if len(v.Faults) == 0 {
		fmt.Fprintln(w, "no faults")
		return
	}
	fmt.Fprintf(w, "%s:\n", plural(len(v.Faults), "fault"))
	for _, f := range v.Faults {
		line := fmt.Sprintf("  %-10s %s.%s", f.Cause, f.Object.Checksum, f.Object.Kind)
		if f.Path != "" {
			line += "  " + f.Path
		}
		if f.Detail != "" {
			line += "  (" + f.Detail + ")"
		}
		fmt.Fprintln(w, printable(line))
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return formatCount(int64(n)) + " " + noun + "s"
}
