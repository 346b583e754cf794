package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"edge/appliance/client"
	"edge/appliance/object"
	"edge/appliance/release"
)

type publishOptions struct {
	*globals
	ifMatch, ref string
	force, stamp bool
}

func newReleasePublish(c console, g *globals) *cobra.Command {
	o := publishOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "publish NAME@VERSION",
		Short: "Make devices follow a release",
		Long: "Move the ref that devices follow to a release. Before that the release is checked: that it is whole and\n" +
			"lists its packages, that its time does not run backwards, that it belongs to the ref, and that system\n" +
			"users keep their numbers. A device that pulls at that moment gets the old release or the new one, whole.\n\n" +
			"Publishing an older release again works: it gets a new commit over the same files, because devices\n" +
			"refuse to go back in time.",
		Example: "  appliance release publish demo_upgrade@0.0.2\n" +
			"  appliance release publish demo_upgrade@0.0.2 --if-match 1f2d…   # only while that commit is published",
		Args:              takes("NAME@VERSION"),
		ValidArgsFunction: g.completing(1, releaseIDs),
		RunE:              action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.ifMatch, "if-match", "", "the `COMMIT` that must be published now, or * for any")
	f.BoolVar(&o.force, "force", false, "publish though checks fail")
	f.BoolVar(&o.stamp, "stamp", false, "put the release's version into the commit, as devices show it")
	f.StringVar(&o.ref, "ref", "", "publish under this `REF` and not under the release's own")
	return cmd
}

func (o *publishOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	ref, err := parseRef(o.ref)
	if err != nil {
		return err
	}
	match := object.Checksum(o.ifMatch)
	if match != "" && match != client.AnyCommit {
		if match, err = object.ParseChecksum(o.ifMatch); err != nil {
			return usageError{fmt.Errorf("--if-match: %w", err), "a commit has 64 hexadecimal digits; \"appliance status\" shows the published ones"}
		}
	}
	return o.ask(ctx, c, client.ToPublish(id, release.PublishOptions{IfMatch: match, Force: o.force, Stamp: o.stamp, Ref: ref}))
}

// parseRef reads the value of --ref; "" stays what it is.
func parseRef(s string) (object.Ref, error) {
	if s == "" {
		return "", nil
	}
	ref, err := object.ParseRef(s)
	if err != nil {
		return "", usageError{fmt.Errorf("--ref: %w", err), "a ref is written like rhel/9/x86_64/edge"}
	}
	return ref, nil
}
