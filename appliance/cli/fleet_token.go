package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

type enrolOptions struct {
	*globals
	blueprint string
	valid     time.Duration
	uses      int
}

func newFleetEnrol(c console, g *globals) *cobra.Command {
	o := enrolOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "enrol",
		Short: "Make a token with which a device gets in, and print the line to use there",
		Long: "Make a token that lets devices in, once unless --uses says otherwise, and print it with the line to use on\n" +
			"the device. The token is shown this once. With it a device enrols a key of its own, which alone speaks\n" +
			"for it from then on; the token then opens nothing any more.",
		Example: "  appliance fleet enrol\n" +
			"  appliance fleet enrol --blueprint demo_upgrade --valid 2h\n" +
			"  appliance fleet enrol --uses 20 -o json | jq -r .token     # for a kickstart that installs twenty",
		Args: takes(),
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.blueprint, "blueprint", "", "`NAME` of the blueprint that the devices are of (needed where there is more than one)")
	bindDuration(cmd, &o.valid, "valid", 24*time.Hour, "how long the token may be used")
	f.IntVar(&o.uses, "uses", 1, "how many devices it lets in")
	_ = cmd.RegisterFlagCompletionFunc("blueprint", g.completing(1, blueprintNames)) // the flag exists
	return cmd
}

func (o *enrolOptions) run(ctx context.Context, c console, _ []string) error {
	if o.blueprint != "" {
		if _, err := blueprint.ParseName(o.blueprint); err != nil {
			return usageError{fmt.Errorf("--blueprint: %w", err), ""}
		}
	}
	if o.valid <= 0 {
		return usageError{fmt.Errorf("--valid %v: want a time to come, such as 24h", o.valid), ""}
	}
	if o.uses < 1 {
		return usageError{fmt.Errorf("--uses %d: want at least 1", o.uses), ""}
	}
	return o.ask(ctx, c, client.ToMakeToken(client.TokenRequest{Blueprint: o.blueprint, Valid: o.valid, Uses: o.uses}))
}

func newFleetToken(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "List and revoke enrolment tokens",
		Example: "  appliance fleet token list\n  appliance fleet token revoke k3v9x2ab",
	}
	group(cmd)
	cmd.AddCommand(newFleetTokenList(c, g), newFleetTokenRevoke(c, g))
	return cmd
}

func newFleetTokenList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the enrolment tokens that have not expired, without their secrets",
		Example: "  appliance fleet token list",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListTokens())
		}),
	}
}

func newFleetTokenRevoke(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke TOKEN",
		Short:   "Make an enrolment token worthless",
		Long:    "Make an enrolment token worthless. TOKEN is what the list calls it, not its secret. Devices that it let in stay.",
		Example: "  appliance fleet token revoke k3v9x2ab",
		Args:    takes("TOKEN"),
		ValidArgsFunction: g.completing(1, func(ctx context.Context, cl *client.Client) ([]string, error) {
			all, err := cl.EnrolmentTokens(ctx)
			var words []string
			for _, t := range all {
				words = append(words, cobra.CompletionWithDesc(t.ID, t.Blueprint))
			}
			return words, err
		}),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.askThenSay(ctx, c, client.ToRevokeToken(args[0]), "revoked %s", args[0])
		}),
	}
}
