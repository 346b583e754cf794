package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/kickstart"
)

type linkOptions struct {
	*globals
	kick                    kickstartOptions
	address, gateway        string
	dns                     []string
	device, hostname, iface string
	disk                    string
	valid                   time.Duration
	uses                    int
	noEnrol                 bool
}

func newKickstartLink(c console, g *globals) *cobra.Command {
	o := linkOptions{globals: g, kick: kickstartOptions{globals: g}}
	cmd := &cobra.Command{
		Use:   "link NAME",
		Short: "Make a one-time link for the kickstart of one device",
		Long: "Make a link to a kickstart for one machine, unless --uses says more, and print it with the argument for the\n" +
			"installer's kernel. The kickstart has what the open one has not: the hash of the password, and a token\n" +
			"that lets the device into the fleet. The machine tells over the same link how far it is, and sends its\n" +
			"logs when it fails. The link is shown this once; whoever comes after its machine gets 410 Gone.",
		Example: "  appliance kickstart link demo_upgrade --device edge-1 --valid 2h\n" +
			"  appliance kickstart link demo_upgrade --device edge-2 --address 192.0.2.10/24 --gateway 192.0.2.1 --dns 192.0.2.1\n" +
			"  appliance kickstart link demo_upgrade --uses 20 -o json | jq -r .url",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	o.kick.bind(cmd)
	f := cmd.Flags()
	f.StringVar(&o.device, "device", "", "`NAME` of the device; what the configuration says of it counts")
	f.StringVar(&o.hostname, "hostname", "", "`NAME` that the device gives itself (default: that of the device)")
	f.StringVar(&o.disk, "disk", "", "`DISK` that is erased (default: the configured one, or the only fixed one)")
	f.StringVar(&o.iface, "interface", "", "`LINK` of the network, or its MAC address (default: the first that is up)")
	f.StringVar(&o.address, "address", "", "`ADDRESS/LENGTH` of the device (default: DHCP)")
	f.StringVar(&o.gateway, "gateway", "", "`ADDRESS` of the gateway")
	f.StringSliceVar(&o.dns, "dns", nil, "`ADDRESS` of a name server")
	bindDuration(cmd, &o.valid, "valid", 24*time.Hour, "how long the link may be used")
	f.IntVar(&o.uses, "uses", 1, "how many machines it is for")
	f.BoolVar(&o.noEnrol, "no-enrol", false, "the device does not become one of the fleet")
	return cmd
}

func (o *linkOptions) run(ctx context.Context, c console, args []string) error {
	name, err := blueprint.ParseName(args[0])
	if err != nil {
		return usageError{err, ""}
	}
	r, err := o.link()
	if err != nil {
		return err
	}
	return o.ask(ctx, c, client.ToMakeLink(name, r))
}

// link checks the flags.
func (o *linkOptions) link() (client.LinkRequest, error) {
	r := client.LinkRequest{Device: o.device, Hostname: o.hostname, Disk: o.disk, Valid: o.valid, Uses: o.uses, NoEnrol: o.noEnrol}
	r.Network.Interface = o.iface
	var err error
	if r.Target, err = o.kick.wanted(); err != nil {
		return r, err
	}
	for _, flag := range []struct {
		name, value string
		check       func(string) error
	}{
		{"device", o.device, kickstart.CheckDevice},
		{"hostname", o.hostname, kickstart.CheckHostname},
		{"disk", o.disk, kickstart.CheckDisk},
		{"interface", o.iface, kickstart.CheckInterface},
		{"address", o.address, func(s string) (err error) { r.Network.Address, err = parseAddress(s); return err }},
		{"gateway", o.gateway, func(s string) (err error) { r.Network.Gateway, err = parseAddr(s); return err }},
	} {
		if flag.value == "" {
			continue
		}
		if err := flag.check(flag.value); err != nil {
			return r, usageError{fmt.Errorf("--%s: %w", flag.name, err), ""}
		}
	}
	for _, s := range o.dns {
		addr, err := parseAddr(s)
		if err != nil {
			return r, usageError{fmt.Errorf("--dns: %w", err), ""}
		}
		r.Network.DNS = append(r.Network.DNS, addr)
	}
	if err := r.Network.Check(); err != nil {
		return r, usageError{err, ""}
	}
	if o.valid <= 0 {
		return r, usageError{fmt.Errorf("--valid %v: want a time to come, such as 24h", o.valid), ""}
	}
	if o.uses < 1 {
		return r, usageError{fmt.Errorf("--uses %d: want at least 1", o.uses), ""}
	}
	return r, nil
}

func newKickstartList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the installations over one-time links, and how far each is",
		Example: "  appliance kickstart list\n  appliance kickstart list -o json | jq -r '.[] | select(.step == \"failed\") | .device'",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListInstallations())
		}),
	}
}

func newKickstartShow(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "show INSTALLATION",
		Short:             "Show an installation with its steps",
		Long:              "Show an installation. INSTALLATION is its ID, or the name of a device, of which the newest counts.",
		Example:           "  appliance kickstart show edge-1",
		Args:              takes("INSTALLATION"),
		ValidArgsFunction: g.completing(1, installationIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.ask(ctx, c, client.ToShowInstallation(args[0]))
		}),
	}
}

func newKickstartLog(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "log INSTALLATION",
		Short:             "Print the logs that a failed installation has sent",
		Example:           "  appliance kickstart log edge-1",
		Args:              takes("INSTALLATION"),
		ValidArgsFunction: g.completing(1, installationIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.ask(ctx, c, client.ToShowInstallationLog(args[0]))
		}),
	}
}

func newKickstartRevoke(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "revoke INSTALLATION",
		Short:             "Make a one-time link worthless",
		Long:              "Make a one-time link worthless. What was installed with it stays.",
		Example:           "  appliance kickstart revoke k3v9x2ab",
		Args:              takes("INSTALLATION"),
		ValidArgsFunction: g.completing(1, installationIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			return g.askThenSay(ctx, c, client.ToRevokeLink(args[0]), "revoked the link of %s", args[0])
		}),
	}
}

// installationIDs are shown by shells with the name of the device.
func installationIDs(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Installations(ctx)
	var words []string
	for _, i := range all {
		words = append(words, cobra.CompletionWithDesc(i.ID, i.Device))
	}
	return words, err
}
