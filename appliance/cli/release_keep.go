package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

func newReleasePin(c console, g *globals) *cobra.Command {
	return one(c, g, &cobra.Command{
		Use:     "pin NAME@VERSION",
		Short:   "Keep a release from being pruned or deleted",
		Example: "  appliance release pin demo_upgrade@0.0.1",
	}, func(id blueprint.ID) client.Call { return client.ToPin(id, true) })
}

func newReleaseUnpin(c console, g *globals) *cobra.Command {
	return one(c, g, &cobra.Command{
		Use:     "unpin NAME@VERSION",
		Short:   "Let a pinned release be pruned or deleted again",
		Example: "  appliance release unpin demo_upgrade@0.0.1",
	}, func(id blueprint.ID) client.Call { return client.ToPin(id, false) })
}

// one completes a command that is one call about one release.
func one(c console, g *globals, cmd *cobra.Command, call func(blueprint.ID) client.Call) *cobra.Command {
	cmd.Args = takes("NAME@VERSION")
	cmd.ValidArgsFunction = g.completing(1, releaseIDs)
	cmd.RunE = action(c, func(ctx context.Context, c console, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		return g.ask(ctx, c, call(id))
	})
	return cmd
}

func newReleaseDelete(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "delete NAME@VERSION",
		Short: "Give up a release that is neither published nor pinned",
		Long: "Give up a release that is neither published nor pinned. Its space comes back with the next\n" +
			"\"appliance release prune\".",
		Example:           "  appliance release delete demo_upgrade@0.0.3",
		Args:              takes("NAME@VERSION"),
		ValidArgsFunction: g.completing(1, releaseIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return g.askThenSay(ctx, c, client.ToDelete(id), "deleted %s", id)
		}),
	}
}

type signOptions struct {
	*globals
	key string
}

func newReleaseSign(c console, g *globals) *cobra.Command {
	o := signOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "sign NAME@VERSION",
		Short: "Add a GPG signature to a release",
		Long: "Add a GPG signature made with a key of the keyring on the server's host, where the programs ostree and\n" +
			"gpg must be installed. The ed25519 signature of every publication needs neither.",
		Example:           "  appliance release sign demo_upgrade@0.0.2 --key 8C5BA6990BDB26E1",
		Args:              takes("NAME@VERSION"),
		ValidArgsFunction: g.completing(1, releaseIDs),
		RunE:              action(c, o.run),
	}
	cmd.Flags().StringVar(&o.key, "key", "", "the `ID` of the key")
	return cmd
}

func (o *signOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	if o.key == "" {
		return usageError{errors.New("--key is missing: which key signs?"), `"gpg --list-secret-keys" on the server's host shows the keys there are`}
	}
	return o.ask(ctx, c, client.ToSign(id, o.key))
}
